"""The training loop: batches from the cache, one objective, accelerate for devices, precision and processes.

A step is an optimizer step, whatever the accumulation and the number of processes; the learning rate follows it.
"""

import math
from dataclasses import dataclass

from spectrogram.problems import Problem

from . import attention, validation
from .objective import min_snr_weights, squared_errors, stratified_timesteps
from .schedule import warm_flat_cosine


class NonFiniteLoss(Problem):
    """Training met a loss that is no number."""

    exit_code = 6


@dataclass
class LoopResult:
    """What a loop leaves behind: validation losses by step, the last training loss, seconds are in the events."""

    validations: dict[int, validation.ValidationLoss]
    last_loss: float


class Batches:
    """Endless shuffled batches of clip numbers; process p of n takes every n-th, so none is seen twice a round."""

    def __init__(self, indices, batch, seed, process, processes):
        import torch

        self.indices, self.batch = torch.as_tensor(indices), min(batch, len(indices))
        self.generator = torch.Generator().manual_seed(seed)
        self.process, self.processes, self.queue, self.count = process, processes, [], 0

    def next(self):
        while True:
            if not self.queue:
                import torch

                order = self.indices[torch.randperm(len(self.indices), generator=self.generator)]
                self.queue = list(order.split(self.batch))
                if len(self.queue) > 1 and len(self.queue[-1]) < self.batch:
                    self.queue.pop()
            chosen, turn = self.queue.pop(0), self.count % self.processes
            self.count += 1
            if turn == self.process:
                return chosen


class Loop:
    """One training run of a prepared UNet on a cache."""

    def __init__(self, settings, accelerator, unet, parameters, scheduler, cache, training, held):
        import torch

        self.settings, self.accelerator, self.scheduler, self.cache = settings, accelerator, scheduler, cache
        self.parameters = parameters
        optimizer = torch.optim.AdamW(
            parameters, lr=settings.rate, betas=(0.9, 0.99), weight_decay=settings.weight_decay
        )
        attention.choose(unet, accelerator.device.type)
        self.unet, self.optimizer = accelerator.prepare(unet, optimizer)
        place, world = accelerator.process_index, accelerator.num_processes
        self.batches = Batches(training, settings.batch, settings.seed, place, world)
        self.generator = torch.Generator().manual_seed(settings.seed * 7919 + place)
        self.held = held[: settings.validation_clips]

    def validate(self):
        settings = self.settings
        return validation.measure(
            self.unet, self.scheduler, self.cache, self.held, settings.seed, settings.batch, self.accelerator.autocast
        )

    def _forward(self):
        """The weighted loss of one batch."""
        import torch

        latents, words = self.cache.draw(self.batches.next(), self.generator, self.settings.caption_dropout)
        noise = torch.randn(latents.shape, generator=self.generator)
        steps = stratified_timesteps(len(latents), self.scheduler.config.num_train_timesteps, self.generator)
        latents, words, noise, steps = (x.to(self.accelerator.device) for x in (latents, words, noise, steps))
        with self.accelerator.autocast():
            errors = squared_errors(self.unet, self.scheduler, latents, noise, steps, words)
        return (errors * min_snr_weights(self.scheduler, steps, self.settings.min_snr_gamma)).mean()

    def advance(self, step):
        """Optimizer step number ``step`` (from 0); returns (loss, learning rate)."""
        settings, total = self.settings, 0.0
        rate = settings.rate * warm_flat_cosine(step, settings.steps, settings.warmup_steps, settings.flat_share)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        for _ in range(settings.accumulate):
            loss = self._forward() / settings.accumulate
            self.accelerator.backward(loss)
            total += loss.item()
        if not math.isfinite(total):
            raise NonFiniteLoss(
                f"the loss of step {step} is {total}", "a finite number", "lower --rate or use --precision no"
            )
        self.accelerator.clip_grad_norm_(self.parameters, settings.clip_norm)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        return total, rate

    def run(self, events, progress=lambda step, total, loss: None):
        """Train all steps, validating before, between and after; returns a LoopResult."""
        settings, loss = self.settings, math.nan
        validations = {0: self.validate()}
        events.write("validation", step=0, **validations[0].to_dict())
        self.unet.train()
        for step in range(settings.steps):
            loss, rate = self.advance(step)
            events.write("step", step=step + 1, loss=round(loss, 6), rate=rate)
            progress(step + 1, settings.steps, loss)
            if (step + 1) % settings.validate_every == 0 or step + 1 == settings.steps:
                validations[step + 1] = self.validate()
                events.write("validation", step=step + 1, **validations[step + 1].to_dict())
        return LoopResult(validations, loss)
