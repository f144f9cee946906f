"""``--rehearse``: every stage of a run once, at its real size, before anyone waits for it or pays by the hour.

One batch of clips is cached, one batch of the replay is painted in two denoising steps, two optimizer steps with the
planned accumulation are taken with a stop, a checkpoint and a resume between them, one batch is validated at two levels
of noise, one sample is heard before and after, and the result is saved and exported. What the whole run takes is
computed from that.

Where one step would take minutes, it is ended after two of its passes: the others are like the second one, which finds
the first one's gradients in memory.
"""

import shutil
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import psutil
import torch

from spectrogram.bases import locate_base
from spectrogram.known_bases import generation_defaults
from spectrogram.problems import EnvironmentProblem
from training.data import replay
from training.data.latents import BATCH, clips_at_once
from training.loop import memory_limit
from training.loop.loop import Loop
from training.loop.stopping import Interrupted, StopSignal, interrupted
from training.loop.validation import TIMESTEPS
from training.measuring import Measuring, forget_peak, peak_bytes
from training.method_table import carrier_of
from training.presets import FULL_NEEDS_GB, MEMORY
from training.run import Run, remember_problems
from training.stages import duration, remember

PAINTING_STEPS = 2
# A step that would take longer is rehearsed with its first passes; after a resume one is enough.
PATIENCE_S, FEWEST_PASSES = 60.0, 2
LEVELS = 2
GIB = 2**30


class StopAfterOneStep:
    """Stands for a stop that came in the first step; the second run finds the checkpoint and goes on."""

    requested, training = True, True


class Never:
    """No stop is asked for."""

    requested, training = False, True


class Cancelled(StopSignal):
    """A context in which a signal ends the rehearsal at once; ``came`` is whether one did."""

    came = False

    def _receive(self, number, frame):
        self.came = True
        raise interrupted("it was a rehearsal")


class RehearsedLoop(Loop):
    """A loop whose steps are cut short where they would take minutes; ``passes`` is how many the last of them had.

    It validates once, at two levels of noise.
    """

    levels = LEVELS

    def validate(self):
        return super().validate() if self.step == 0 else self.validations.get(0)

    def _announce(self):
        """A rehearsal measures what a run has to guess."""

    def parts(self):
        self.passes, began = 0, time.monotonic()
        for part in super().parts():
            yield part
            self.passes += 1
            each = (time.monotonic() - began) / self.passes
            alone = self.accelerator.num_processes == 1
            enough = self.passes >= (FEWEST_PASSES if self.step == 0 else 1)
            if alone and enough and each * self.settings.accumulate > PATIENCE_S:
                return


class RehearsedRun(Run):
    """A run on one batch of clips, with few denoising steps."""

    few, passes = PAINTING_STEPS, 1

    def make_loop(self, *parts):
        return RehearsedLoop(*parts)

    def _let_go(self):
        self.passes = getattr(self.loop, "passes", self.passes)
        super()._let_go()

    def _read(self, dataset):
        data = super()._read(dataset)
        self.counts = len(data.training), len(data.validation)
        self.at_once = clips_at_once(data.size[1], data.size[0], BATCH, self.settings.vram)
        self.settings = replace(
            self.settings, replay_clips=clips_at_once(data.size[1], data.size[0], replay.BATCH, self.settings.vram)
        )
        # A labelled sound needs clips with and without its label.
        return data if self.settings.instance_label else data.first(self.at_once)

    def _own_clips(self):
        """The clips that were cached, as often as a whole batch needs them."""
        return np.resize(self.taught, self.settings.batch)

    def _learn_pace(self):
        """A rehearsal is slower a piece than a run; what it learned is told to the run by ``teach_pace``."""
        self.pace_for_run = self.folder.parents[1] / ".cache" / "pace.json", self.pace_key()

    def close(self):
        """Let everything large go: the next run of the rehearsal must find the memory that the real one will."""
        self._let_go()
        super().close()

    def _build(self):
        if len(self.replayed):
            self.replayed = np.resize(self.replayed, self.settings.batch)
        super()._build()


@dataclass(frozen=True)
class Stage:
    """One line of the rehearsal: seconds and peak bytes of what was done once, seconds of all of it in the real run."""

    name: str
    seconds: float
    peak_bytes: int
    whole_s: float
    note: str = ""


@dataclass(frozen=True)
class Rehearsal:
    """What a rehearsal found: its stages, the process's own memory before anything was loaded, and the limit."""

    stages: list[Stage]
    own_bytes: int
    limit_bytes: int
    advice: str

    @property
    def peak_bytes(self) -> int:
        return max(stage.peak_bytes for stage in self.stages)

    @property
    def whole_s(self) -> float:
        return sum(stage.whole_s for stage in self.stages)

    @property
    def fits(self) -> bool:
        return self.peak_bytes - self.own_bytes <= self.limit_bytes

    def report(self, price: float | None) -> str:
        """The table, the hours, the cost at ``price`` an hour, and whether it fits or what makes it fit."""
        lines = [f"{'stage':16} {'seconds':>9} {'peak GiB':>9} {'whole run':>10}"]
        for stage in self.stages:
            peak = (stage.peak_bytes - self.own_bytes) / GIB
            lines.append(f"{stage.name:16} {stage.seconds:9.1f} {peak:9.2f} {duration(stage.whole_s):>10}")
        lines += [f"{stage.name}: {stage.note}" for stage in self.stages if stage.note]
        hours = self.whole_s / 3600
        cost = "" if price is None else f", {hours * price:.2f} at {price:g} an hour"
        lines.append(f"expected: {duration(self.whole_s)} ({hours:.2f} h{cost})")
        peak, limit = (self.peak_bytes - self.own_bytes) / GIB, self.limit_bytes / GIB
        what = (
            "GPU memory"
            if torch.cuda.is_available()
            else f"memory beside {self.own_bytes / GIB:.2f} GiB of the process"
        )
        if self.fits:
            lines.append(f"this will fit: {peak:.2f} of {limit:.2f} GiB of {what}")
        else:
            lines.append(f"this will not fit: {peak:.2f} of {limit:.2f} GiB of {what}; {self.advice}")
        return "\n".join(lines)


def rehearse(settings, dataset, folder, shown) -> Rehearsal:
    """Go through every stage of ``train(settings, dataset, folder)`` once and leave nothing behind.

    Args:
        settings: The real run's TrainSettings.
        dataset: Its dataset folder or Hub name.
        folder: Its folder; the rehearsal uses a hidden one beside it, so that the disk is the same.
        shown: Stages that show the progress.

    Raises:
        EnvironmentProblem: When a stage ran out of memory; its remedy names the flag that makes it fit.
    """
    held = min(settings.batch, settings.validation_clips)
    few = replace(
        settings, steps=2, warmup_steps=1, validate_every=10**6, validation_clips=held, checkpoint_every=10**6,
        samples=min(1, settings.samples), sample_every=0, tracker="none",
    )  # fmt: skip
    Path(folder).parent.mkdir(parents=True, exist_ok=True)
    place = Path(tempfile.mkdtemp(prefix=".rehearsal-", dir=Path(folder).parent))
    try:
        forget_peak()
        own = 0 if torch.cuda.is_available() else peak_bytes()
        first, second = (Measuring(shown, "rehearsal: ") for _ in range(2))
        with Cancelled() as cancelled:
            run = _go(few, dataset, place / "run", first, StopAfterOneStep(), cancelled)
            if run.row.loops:
                run = _go(few, dataset, place / "run", second, Never(), cancelled)
        whole = settings.for_clips(run.counts[0])
        stages = account(whole, run, first, second)
        teach_pace(whole, run, stages)
        return Rehearsal(stages, own, limit_bytes(settings, own), advice(settings))
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _go(settings, dataset, folder, stages, stop, cancelled):
    folder.mkdir(parents=True, exist_ok=True)
    run = RehearsedRun(settings, dataset, folder, stages, stop)
    try:
        with remember_problems(run):
            run.go(False, False)
    except Interrupted:
        if cancelled.came:
            raise
    except EnvironmentProblem as problem:
        raise EnvironmentProblem(f"this will not fit: {problem.what}", problem.expected, advice(settings)) from problem
    finally:
        run.close()
    return run


def teach_pace(settings, run, stages):
    """Keep what the real run's stages will take, so that it says the time left from its first line on."""
    whole = {stage.name: stage.whole_s for stage in stages}
    clips, held = run.counts
    units = {
        "caching latents": ("caching", (clips + held) * settings.variants),
        "replay": ("replay", settings.replay_clips),
        "training": ("training step", settings.steps),
    }
    paces = {name: whole[stage] / max(count, 1) for name, (stage, count) in units.items() if stage in whole}
    remember(*run.pace_for_run, paces)


def account(settings, run, first, second) -> list[Stage]:
    """The stages with what each will take in the whole run.

    Args:
        settings: The real run's, with its steps.
        run: The RehearsedRun, which knows how many clips there are.
        first: What was measured up to the stop.
        second: The same after the resume.
    """
    clips, held = run.counts
    steps = generation_defaults(locate_base(settings.base)).steps
    replays = settings.replay_clips / max(run.settings.replay_clips, 1)
    levels = TIMESTEPS / LEVELS
    validated = levels * min(held, settings.validation_clips) / max(min(held, run.settings.validation_clips), 1)
    heard = 2 + (settings.steps // settings.sample_every if settings.sample_every else 0)
    cached = len(run.data.training) + len(run.data.validation)
    few = f"a few of its {run.settings.accumulate} passes were taken; the others are like the second one"
    times = {
        "loading": 1,
        "caching": (clips + held) * settings.variants / max(cached * settings.variants, 1),
        "replay": replays * painted("replay", "replay", steps, first),
        "building": 1,
        "validation": validated * (settings.steps // settings.validate_every + 2),
        "training step": settings.steps * run.settings.accumulate / run.passes,
        "checkpoint": settings.steps // settings.checkpoint_every + 1,
        "samples": settings.samples * heard * painted("samples", "listening", steps, first),
        "saving": 1,
    }
    stages = []
    for name, count in times.items():
        costs = [measured.costs[name] for measured in (first, second) if name in measured.costs]
        if not costs:
            continue
        once = (
            costs[0].seconds if name == "loading" else costs[-1].each_s if name == "training step" else costs[0].each_s
        )
        note = few if name == "training step" and run.passes < run.settings.accumulate else ""
        stages.append(Stage(name, once, max(cost.peak_bytes for cost in costs), once * count, note))
    resumed = [second.costs[name] for name in ("loading", "building") if name in second.costs]
    if resumed:
        seconds = sum(cost.seconds for cost in resumed)
        stages.append(Stage("resume", seconds, max(cost.peak_bytes for cost in resumed), 0.0))
    return stages


def painted(name: str, stage: str, steps: int, told: Measuring) -> float:
    """How many times as long a stage takes that paints with ``steps`` denoising steps instead of a few.

    What it does besides (loading, decoding, listening) takes as long as it took.
    """
    cost, each = told.costs.get(name), told.denoising.get(stage)
    if cost is None or not each:
        return 1.0
    once, pace = cost.each_s, min(each)
    return max(1.0, (once + (steps - len(each) - 1) * pace) / max(once, 1e-9))


def limit_bytes(settings, own: int) -> int:
    """What the run may use: ``--vram``'s gigabytes (of 2^30 bytes), else the GPU's, else what this machine has free."""
    if settings.vram:
        return settings.vram * GIB
    if torch.cuda.is_available():
        return torch.cuda.get_device_properties(0).total_memory
    return psutil.virtual_memory().available


def advice(settings) -> str:
    """The change that makes a run smaller, the cheapest first."""
    fewest = FULL_NEEDS_GB if carrier_of(settings.to_dict()).trains_all else 0
    smaller = [size for size in MEMORY if settings.vram and fewest <= size < settings.vram]
    if smaller:
        return f"try --vram {smaller[-1]}"
    return f"try {next(iter(memory_limit.advice(settings)), memory_limit.SMALLER_BASE)}"
