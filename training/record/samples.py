"""What the model makes of some prompts, before, while and after it learns, with the same seeds and cheap figures."""

from pathlib import Path

import numpy as np
import torch

from metrics.judge import classify
from spectrogram.bases import locate_base
from spectrogram.files import json_file
from spectrogram.models import quiet_loading
from spectrogram.pipeline import SpectrogramAudioPipeline
from spectrogram.sampling.memory import plan_memory, save_memory
from training.base import half_type
from training.record.run_file import read_samples


def choose_prompts(captions, count):
    """``count`` different captions spread over the sorted wordings of a dataset."""
    texts = sorted({text for wordings in captions for text in wordings})
    if len(texts) <= count:
        return texts
    return [texts[round(i * (len(texts) - 1) / max(1, count - 1))] for i in range(count)]


def figures(audio, rate_hz):
    """Cheap figures of a sound (channels, samples): level, silence, centre of its spectrum, and what it is heard as.

    The class is the embedded classifier's, which knows the project's own sounds only.
    """
    mono = audio.mean(axis=0)
    frames = mono[: len(mono) // 480 * 480].reshape(-1, 480)
    levels = 10 * np.log10(np.mean(frames**2, axis=1) + 1e-10)
    spectrum = np.abs(np.fft.rfft(mono)) ** 2
    centre = (np.fft.rfftfreq(len(mono), 1 / rate_hz) * spectrum).sum() / max(spectrum.sum(), 1e-12)
    labels, chances = classify([audio], rate_hz)
    return {
        "level_db": round(float(10 * np.log10(np.mean(mono**2) + 1e-10)), 1),
        "silent_share": round(float(np.mean(levels < -60)), 3),
        "centre_hz": round(float(centre)),
        "heard_as": labels[0],
        "certainty": round(float(chances[0].max()), 3),
    }


def render(pipeline, prompts, folder, tag, seed, tell=lambda row: None, progress=lambda done, total, note="": None,
           steps=None):  # fmt: skip
    """Write ``<tag>-<n>.wav/.png`` for each prompt with seed ``seed + n``; returns rows (prompt, file, …)."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    pipeline.set_progress_bar_config(disable=True)
    rows = []
    for n, prompt in enumerate(prompts):

        def within(pipe, step, timestep, values, done=n):
            progress(done, len(prompts), f"denoising step {step + 1}")
            return values

        progress(n, len(prompts))
        more = {"num_inference_steps": steps} if steps else {}
        output = pipeline(prompt, seed=seed + n, callback_on_step_end=within, **more)
        sound, _ = output.save(folder / f"{tag}-{n}.wav")
        said = figures(output.audios[0], output.sampling_rate)
        rows.append({"prompt": prompt, "seed": seed + n, "tag": tag, "file": sound.name, **said})
        tell(rows[-1])
        progress(n + 1, len(prompts))
    return rows


def live_pipeline(settings, device, **parts):
    """The base's pipeline with the parts that are being trained in place of its own, under the run's memory plan."""
    quiet_loading()
    plan = plan_memory(settings.vram or None)
    half = half_type(settings, device.type) if settings.vram else None
    pipeline = SpectrogramAudioPipeline.from_pretrained(
        locate_base(settings.base), use_safetensors=True, safety_checker=None, requires_safety_checker=False,
        dtype=half or torch.float32, **parts,
    )  # fmt: skip
    return save_memory(pipeline, plan, str(device))


class Listener:
    """Makes the samples of a run; ``rows`` of all of them are kept in samples.json, also over a resume."""

    def __init__(self, settings, prompts, folder, tell):
        self.settings, self.prompts, self.folder, self.tell = settings, prompts, Path(folder), tell
        self.list = self.folder / "samples.json"
        self.rows = read_samples(self.folder.parent)

    def add(self, pipeline, tag, step, progress=lambda done, total, note="": None, steps=None):
        """Samples of a pipeline under a tag; a tag's earlier samples are replaced."""
        rows = render(
            pipeline, self.prompts, self.folder, tag, self.settings.seed, lambda row: self.tell(step=step, **row),
            progress, steps,
        )  # fmt: skip
        self.rows = [row for row in self.rows if row["tag"] != tag] + rows
        json_file.write(self.list, self.rows)
        return rows
