"""diffusers' step callback: reports each step, shows an unfinished picture now and then, and stops when asked."""

import queue
import time
from pathlib import Path

from space.jobs import READING, Finished, Painted, Step
from spectrogram.sampling.latents import decode_picture

# A preview may cost this share of the work that it shows.
PREVIEW_SHARE = 0.1


class Halt(Exception):
    """Raised inside the pipeline to leave it at once: nothing is decoded that nobody will hear."""


class Watch:
    """Called after each step; the presence of the stop file ends the work after that step."""

    def __init__(self, stop_file: Path, events: queue.SimpleQueue):
        self.stop_file, self.events = stop_file, events
        self.done, self.total, self.clips, self.at_most = 0, 0, 1, False
        self.begun_s = time.monotonic()
        self.preview_due_s = self.clip_begun_s = self.begun_s

    def start(self, total: int, clips: int = 1, at_most: bool = False):
        self.done, self.total, self.clips, self.at_most = 0, total, clips, at_most
        self.events.put(Step(0, total, clips=clips, at_most=at_most))

    def __call__(self, pipeline, step: int, timestep, tensors: dict) -> dict:
        self.done += 1
        if self.stop_file.exists():
            raise Halt
        left_s = self.seconds / self.done * max(0, self.total - self.done)
        preview = self._preview(pipeline, tensors["latents"])
        self.events.put(Step(self.done, self.total, left_s, preview, self.clips, self.at_most))
        return tensors

    def painted(self, output, recipes: list):
        """Hand over a clip (SpectrogramAudioOutput) with its recipes while the next one is made."""
        begun_s, self.clip_begun_s = self.clip_begun_s, time.monotonic()
        taken_s = self.clip_begun_s - begun_s
        clip = Finished(output.images, output.audios, output.sampling_rate, recipes, taken_s)
        self.events.put(Painted(clip))

    def read(self, done: int, total: int):
        """Told while an aesthetic reads the text: before the first step, and stopped like one."""
        if self.stop_file.exists():
            raise Halt
        self.events.put(Step(done, total, stage=READING))

    def _preview(self, pipeline, latents):
        """The picture so far (128 or 512 pixels high), or None when showing it would slow the work down."""
        begun_s = time.monotonic()
        if begun_s < self.preview_due_s or self.done >= self.total:
            return None
        picture = decode_picture(pipeline, latents[:1])
        cost_s = time.monotonic() - begun_s
        self.preview_due_s = begun_s + cost_s / PREVIEW_SHARE
        return picture

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.begun_s
