"""The engine holds the model, switches adapters, reports each step and stops within one.

ZeroGPU's rules are kept: `spaces` is imported before torch, the model is on its device before the first request, one
decorated generator does the work in a fork, and Stop is a file, because nothing else of the page reaches a fork.
"""

from spaces import GPU  # isort: skip - must come before torch

import queue
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from PIL import Image

from space.jobs import Failed, Finished, Request, Step, Stopped
from spectrogram.adapters import find_adapter
from spectrogram.codec import SpectrogramCodec
from spectrogram.models import load_pipeline
from spectrogram.problems import Problem


class Engine:
    """One loaded base model and the adapters in a folder (each a sub-folder, as training writes them)."""

    def __init__(self, base: str | Path | None = None, adapters_folder: str | Path = "runs", device: str | None = None):
        self.pipeline = load_pipeline(base, device)
        self.pipeline.set_progress_bar_config(disable=True)
        self.adapters_folder = Path(adapters_folder)
        self._loaded: str | None = None
        # The codec compiles on first use: the first visitor shall not wait for that.
        SpectrogramCodec(self.pipeline.params).decode(Image.new("RGB", (64, self.pipeline.params.height)))
        self.generate = GPU(duration=estimate_seconds)(self._generate)

    def adapters(self) -> list[str]:
        """Names of the adapters that can be chosen, found anew each time: training may have added one."""
        found = self.adapters_folder.glob("*/pytorch_lora_weights.safetensors")
        return sorted(file.parent.name for file in found)

    def _generate(self, request: Request, stop_file: Path) -> Iterator[Step | Finished | Stopped | Failed]:
        """Events of one request; the last one is Finished, Stopped or Failed."""
        events: queue.SimpleQueue = queue.SimpleQueue()
        with ThreadPoolExecutor(max_workers=1) as worker:
            work = worker.submit(self._make, request, Watch(stop_file, events))
            work.add_done_callback(events.put)
            try:
                yield from iter(events.get, work)
                yield work.result()
            except Problem as problem:
                yield Failed(str(problem))
            finally:
                # Whoever stopped listening no longer wants the rest.
                stop_file.touch()

    def _make(self, request: Request, watch: "Watch") -> Finished | Stopped:
        import torch

        self._use(request.adapter, request.adapter_scale)
        try:
            return self._denoise(request, watch, at_once=request.count)
        except torch.cuda.OutOfMemoryError:
            if request.count == 1:
                raise
            torch.cuda.empty_cache()
        return self._denoise(request, watch, at_once=1)

    def _denoise(self, request: Request, watch: "Watch", at_once: int) -> Finished | Stopped:
        """Make the clips, `at_once` in one batch; each has the seed that it would have alone."""
        import numpy as np

        from spectrogram.seeds import draw_seed

        first_seed = draw_seed() if request.seed is None else request.seed
        steps = request.steps or self.pipeline.defaults.steps
        watch.start(steps * request.count // at_once)
        outputs = []
        for start in range(0, request.count, at_once):
            outputs.append(self._run(request, first_seed + start, at_once, watch))
            if watch.stopped:
                return Stopped(watch.done, watch.total)
        notes = (
            [f"Not read, the text is too long: “{cut}”."] if (cut := self.pipeline.cut_words(request.prompt)) else []
        )
        if at_once < request.count:
            notes.append("Memory was short, so the clips were made one after the other.")
        return Finished(
            [image for output in outputs for image in output.images],
            np.concatenate([output.audios for output in outputs]),
            outputs[0].sampling_rate,
            [recipe for output in outputs for recipe in output.recipes],
            watch.seconds,
            tuple(notes),
        )

    def _run(self, request: Request, seed: int, count: int, watch: "Watch"):
        settings = {
            "num_inference_steps": request.steps,
            "guidance_scale": request.guidance,
            "negative_prompt": request.negative_prompt,
            "seconds": request.seconds,
            "seed": seed,
            "callback_on_step_end": watch,
        }
        if request.variation_seed is not None:
            settings |= {"variation_seed": request.variation_seed, "variation_amount": request.variation_amount}
        return self.pipeline(request.prompt, num_images_per_prompt=count, **settings)

    def _use(self, adapter: str | None, scale: float):
        """Switch to an adapter of the folder, or to none. A warm worker may still hold the last visitor's."""
        if adapter not in (None, *self.adapters()):
            raise Problem(
                f"adapter {adapter!r} is gone", f"one of {', '.join(self.adapters()) or 'none'}", "reload the page"
            )
        if adapter != self._loaded:
            self.pipeline.unload_lora_weights()
            self._loaded = None
            if adapter is not None:
                self.pipeline.load_lora_weights(find_adapter(self.adapters_folder / adapter), adapter_name="chosen")
                self._loaded = adapter
        if adapter is not None:
            self.pipeline.set_adapters(["chosen"], [scale])


class Watch:
    """diffusers' step callback: reports each step, and stops the pipeline when the stop file is there."""

    def __init__(self, stop_file: Path, events: queue.SimpleQueue):
        self.stop_file, self.events = stop_file, events
        self.done, self.total, self.stopped = 0, 0, False
        self.begun_s = time.monotonic()

    def start(self, total: int):
        self.done, self.total = 0, total
        self.events.put(Step(0, total))

    def __call__(self, pipeline, step: int, timestep, tensors: dict) -> dict:
        self.done += 1
        if self.stop_file.exists():
            self.stopped = True
            pipeline._interrupt = True
        else:
            self.events.put(Step(self.done, self.total, self.seconds / self.done * (self.total - self.done)))
        return tensors

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.begun_s


def estimate_seconds(request: Request, stop_file: Path) -> int:
    """Seconds of GPU to ask ZeroGPU for: quota is checked against this number before anything runs."""
    steps = (request.steps or 25) * request.count
    return max(10, min(120, round(8 + 0.12 * steps * max(1.0, (request.seconds or 5.0) / 5.0))))
