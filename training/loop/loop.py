"""The training loop: passes from the cache, one objective, accelerate for devices, precision and processes.

A step is an optimizer step, whatever the accumulation and the number of processes; the learning rate follows it.
"""

import math
import time
from contextlib import nullcontext
from dataclasses import dataclass, replace

import torch

from spectrogram.problems import Problem
from training.fast_cpu import attention, zero_layers
from training.loop import checkpoint, memory_limit, optimizers, stopping, validation
from training.loop.blocks import CountedBlocks
from training.loop.draws import Draws
from training.loop.feed import Feed, draw
from training.loop.objective import min_snr_weights, squared_errors
from training.loop.schedule import warm_flat_cosine
from training.stages import Stages, duration


class NonFiniteLoss(Problem):
    """Training met too many losses that are no numbers."""

    exit_code = 6


@dataclass
class LoopResult:
    """What a loop leaves behind: validation losses by step and the last training loss; seconds are in the events."""

    validations: dict[int, validation.ValidationLoss]
    last_loss: float


@dataclass(frozen=True)
class Material:
    """What a loop learns from: cache, the taught clips, clips of the replay, held-out clips, names for messages."""

    cache: object
    taught: object
    replay: object
    held: object
    names: list[str]


class Loop:
    """One training run of a method on a cache; ``levels`` of noise are validated."""

    levels = validation.TIMESTEPS

    def __init__(self, settings, accelerator, method, scheduler, material, stages=None):
        self.settings, self.accelerator, self.method = settings, accelerator, method
        self.stages, self.within = stages or Stages(), lambda note, share: None
        self.scheduler, self.material = scheduler, material
        attention.choose(method.unet, accelerator.device.type)
        if accelerator.num_processes == 1:  # several wait for every gradient, those of 0 too
            zero_layers.skip(method.unet)
        self.text = method.text_rows(material.cache)
        optimizer = optimizers.build(settings.optimizer, method.parameters, settings.rate, settings.weight_decay)
        self.student, self.optimizer = accelerator.prepare(method.student, optimizer)
        self.step, self.skipped, self.validations = 0, 0, {}
        if not settings.compile:
            CountedBlocks(method.unet, self._block)
        self._feed()

    def _feed(self):
        """Draw passes for the settings as they are now."""
        s, m = self.settings, self.material
        self.draws = Draws(m.taught, m.replay, s.batch, s.replay_share, s.seed)
        # DreamBooth adds the loss on the kind to that on the sound, instead of sharing one mean among them.
        self.weight = 1 / (1 - self.draws.share) if s.method == "dreambooth" else 1.0
        train_steps = self.scheduler.config.num_train_timesteps
        ahead = s.prefetch and self.accelerator.device.type != "cpu"
        self.feed = Feed(lambda number: draw(m.cache, self.text, self.draws, number, train_steps, s), ahead)

    def _number(self, step, part):
        """The number of a pass among those of all processes, so that accumulating equals adding processes."""
        world, place = self.accelerator.num_processes, self.accelerator.process_index
        return (step * self.settings.accumulate + part) * world + place

    def validate(self):
        """The ValidationLoss on the held-out clips; None where there are none."""
        s, m = self.settings, self.material
        held = m.held[: s.validation_clips]
        if not len(held):
            return None
        self.within = lambda note, share: self.stages.update("validation", int(share * len(held)), len(held), note)
        with self.stages.timed("validation"):
            found = validation.measure(
                self.student, self.scheduler, m.cache, self.text, held, s.seed, s.batch, self.accelerator.autocast,
                self.within, self.levels,
            )  # fmt: skip
        self.stages.update("validation", len(held), len(held))
        return found

    def _backward(self, drawn):
        """Add the gradients of one pass; returns its weighted loss."""
        p, s = drawn.to(self.accelerator.device), self.settings
        with self.accelerator.autocast():
            errors = squared_errors(self.student, self.scheduler, p.latents, p.noise, p.timesteps, p.words, p.heard)
        loss = (errors * min_snr_weights(self.scheduler, p.timesteps, s.min_snr_gamma)).mean()
        loss = loss * self.weight / s.accumulate
        self.accelerator.backward(loss)
        return loss.item()

    def _gradients(self, step):
        """(loss of the step over all processes, names of its clips); gradients are added up afterwards."""
        s, total, clips = self.settings, 0.0, []
        for part in self.parts():
            self._within_step(step, part)
            last = part + 1 == s.accumulate
            drawn = self.feed.get(self._number(step, part), self._number(step + last, 0 if last else part + 1))
            clips += drawn.clips.tolist()
            with nullcontext() if last else self.accelerator.no_sync(self.student):
                total += self._backward(drawn)
        return self._mean(total), clips

    def parts(self):
        """Numbers of the forward passes of one step; a rehearsal may take fewer."""
        return range(self.settings.accumulate)

    def expected_step_s(self):
        """Seconds that a step will take, from one forward pass at its real size without gradients."""
        s, step = self.settings, self.step
        drawn = self.feed.get(self._number(step, 0), self._number(step, 0)).to(self.accelerator.device)
        self.within = lambda note, share: self.stages.update("first pass", 0, 1, note, share)
        began = time.monotonic()
        with torch.no_grad(), self.accelerator.autocast():
            squared_errors(self.student, self.scheduler, drawn.latents, drawn.noise, drawn.timesteps, drawn.words)
            if self.accelerator.device.type == "cuda":
                torch.cuda.synchronize()
        once = time.monotonic() - began
        self.stages.update("first pass", 1, 1)
        # The backward pass takes about twice as long, and recomputes the forward one under checkpointing.
        return once * (4 if s.gradient_checkpointing else 3) * s.accumulate

    def _within_step(self, step, part):
        """Tell from now on how far this pass of this step is."""
        s = self.settings
        passes = f"pass {part + 1} of {s.accumulate}" if s.accumulate > 1 else ""

        def within(note, share):
            told = ", ".join(filter(None, (passes, note)))
            self.stages.update("training", step, s.steps, told, (part + share) / s.accumulate)

        self.within = within
        within("", 0.0)

    def _block(self, done, blocks):
        self.within(f"block {done} of {blocks}", 0.3 * done / blocks)

    def _mean(self, value):
        """The mean over all processes."""
        if self.accelerator.num_processes == 1:
            return value
        return self.accelerator.reduce(torch.tensor(value, device=self.accelerator.device), "mean").item()

    def rate(self, step):
        """The learning rate of optimizer step number ``step`` (from 0)."""
        s = self.settings
        return s.rate * warm_flat_cosine(step, s.steps, s.warmup_steps, s.flat_share)

    def advance(self, events):
        """One optimizer step; a loss or gradient that is no number is skipped and counted. Returns (loss, rate)."""
        rate = self.rate(self.step)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        loss, clips = self._gradients(self.step)
        norm = self.accelerator.clip_grad_norm_(self.method.parameters, self.settings.clip_norm)
        # Under fp16 an infinite norm is the gradient scaler's business: it skips the step and lowers its scale.
        finite = math.isfinite(loss) and (self.accelerator.scaler is not None or math.isfinite(float(norm)))
        if finite:
            self.optimizer.step()
            self.method.after_step()
        else:
            self._skip(events, loss, float(norm), rate, clips)
        self.optimizer.zero_grad(set_to_none=True)
        self.step += 1
        return loss, rate

    def _skip(self, events, loss, norm, rate, clips):
        names = sorted({self.material.names[clip] for clip in clips if clip < len(self.material.names)})
        self.skipped += 1
        events.write("skipped", step=self.step + 1, loss=repr(loss), norm=repr(norm), rate=rate, files=names)
        if self.skipped > self.settings.skip_limit:
            told = ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")
            raise NonFiniteLoss(
                f"step {self.step + 1}: loss {loss}, gradient norm {norm} at rate {rate:g}, files {told}",
                f"a finite number in all but {self.settings.skip_limit} steps; weights that are none are not saved",
                "lower --rate, use --precision no, or look at these files",
            )

    def state(self):
        """(tensors by part, JSON values): all that an exact continuation needs."""
        tensors, values = checkpoint.flatten_optimizer(self.optimizer)
        scaler = self.accelerator.scaler
        values |= {
            "scaler": scaler.state_dict() if scaler is not None else None,
            "skipped": self.skipped,
            "validations": {str(step): loss.to_dict() for step, loss in self.validations.items()},
            "batch": self.settings.batch,
            "accumulate": self.settings.accumulate,
        }
        return {**self.method.state(), "optimizer": tensors}, values

    def restore(self, saved):
        """Continue exactly where a Checkpoint was written. Raises Problem for one that does not fit."""
        try:
            self._restore(saved)
        except (TypeError, ValueError, LookupError, AttributeError, RuntimeError) as error:
            if isinstance(error, Problem) or memory_limit.is_out_of_memory(error):
                raise
            told = f"{saved.path} does not fit this run ({type(error).__name__}: {error})"
            raise Problem(
                told, "what this project writes there", f"remove {saved.path.name}, an earlier one is used"
            ) from error

    def _restore(self, saved):
        values = saved.values
        self.method.restore(saved.tensors)
        checkpoint.restore_optimizer(self.optimizer, saved.tensors("optimizer"), values)
        if self.accelerator.scaler is not None and values["scaler"]:
            self.accelerator.scaler.load_state_dict(values["scaler"])
        self.step, self.skipped = saved.step, values["skipped"]
        self.validations = {int(s): validation.ValidationLoss.from_dict(v) for s, v in values["validations"].items()}
        if values["batch"] != self.settings.batch:
            self._resize(values["batch"], values["accumulate"])

    def _resize(self, batch, accumulate):
        self.settings = replace(self.settings, batch=batch, accumulate=accumulate)
        self._feed()

    def _advance_or_halve(self, events):
        try:
            return self.advance(events)
        except (RuntimeError, MemoryError) as error:
            if not memory_limit.is_out_of_memory(error):
                raise
            self.optimizer.zero_grad(set_to_none=True)
            if not self.settings.halve_on_oom or self.settings.batch == 1:
                shape = self.material.cache.mean.shape
                raise memory_limit.problem(self.settings, shape, self.step) from error
        self._resize(self.settings.batch // 2, self.settings.accumulate * 2)
        text = f"out of memory: from step {self.step + 1} on batch {self.settings.batch}"
        events.write("note", text=f"{text}, accumulate {self.settings.accumulate}")
        return self._advance_or_halve(events)

    def run(self, events, save=lambda: None, listen=lambda step: None, stop=None, progress=lambda *_: None):
        """Train the steps that are left, validating before, between and after; returns a LoopResult.

        ``save()`` writes a checkpoint, ``listen(step)`` makes samples, ``stop`` is a StopSignal.
        """
        settings, loss = self.settings, math.nan
        if not self.step:
            self._validated(events)
            listen(0)
        self.student.train()
        self._announce()
        while self.step < settings.steps:
            with self.stages.timed("training step"):
                loss, rate = self._advance_or_halve(events)
            events.write("step", step=self.step, loss=loss if math.isfinite(loss) else None, rate=rate)
            progress(self.step, settings.steps, loss)
            if self.step % settings.validate_every == 0 or self.step == settings.steps:
                self._validated(events)
            self._between(save, listen, stop)
        return LoopResult(self.validations, loss)

    def _announce(self):
        """Say how long a step takes before anybody waits for the first one."""
        if self.settings.compile or self.step >= self.settings.steps:
            return
        try:
            each = self.expected_step_s()
        except (RuntimeError, MemoryError) as error:
            if not memory_limit.is_out_of_memory(error):
                raise
            # The first step meets it too, and knows what to do.
            return
        left = duration(each * (self.settings.steps - self.step))
        text = f"a step takes about {duration(each)}, all {self.settings.steps} about {left}"
        self.stages.update("training", self.step, self.settings.steps, text)

    def _validated(self, events):
        found = self.validate()
        if found is None:
            return
        self.validations[self.step] = found
        if math.isfinite(found.loss):
            events.write("validation", step=self.step, **found.to_dict())
        elif self.step:
            raise NonFiniteLoss(
                f"the validation loss at step {self.step} is no number",
                "a finite one",
                "lower --rate, use --precision no, or look at the clips of the validation split",
            )

    def _between(self, save, listen, stop):
        """Save, listen and stop where it is time to."""
        s, last = self.settings, self.step == self.settings.steps
        stopping_now = self._mean(float(stop is not None and stop.requested)) > 0
        if stopping_now or last or self.step % s.checkpoint_every == 0:
            save()
        if stopping_now and not last:
            raise stopping.interrupted(f"saved at step {self.step} of {s.steps}")
        if s.sample_every and self.step % s.sample_every == 0 and not last:
            listen(self.step)
