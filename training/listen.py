"""What the model makes of some prompts, before and after training, with the same seeds."""

import json
from pathlib import Path

from .base import locate


def choose_prompts(captions, count):
    """``count`` different captions spread over the sorted wordings of a dataset."""
    texts = sorted({text for wordings in captions for text in wordings})
    if len(texts) <= count:
        return texts
    return [texts[round(i * (len(texts) - 1) / max(1, count - 1))] for i in range(count)]


def render(pipeline, prompts, folder, tag, seed):
    """Write ``<tag>-<n>.wav/.png`` for each prompt with seed ``seed + n``; returns rows (prompt, seed, tag, file)."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    pipeline.set_progress_bar_config(disable=True)
    rows = []
    for n, prompt in enumerate(prompts):
        sound, _ = pipeline(prompt, seed=seed + n).save(folder / f"{tag}-{n}.wav")
        rows.append({"prompt": prompt, "seed": seed + n, "tag": tag, "file": sound.name})
    return rows


def before_and_after(base, adapter, prompts, folder, seed):
    """Samples of the base alone and with the adapter; also written as samples.json."""
    from spectrogram.pipeline import SpectrogramAudioPipeline

    pipeline = SpectrogramAudioPipeline.from_pretrained(locate(base))
    rows = render(pipeline, prompts, folder, "before", seed)
    pipeline.load_lora_weights(adapter)
    rows += render(pipeline, prompts, folder, "after", seed)
    (Path(folder) / "samples.json").write_text(json.dumps(rows, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return rows
