"""What one forward pass is given, drawn from the cache; on a GPU the next is prepared while this one is computed."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import torch

from training.loop.objective import stratified_timesteps
from training.loop.validation import as_input


@dataclass
class Pass:
    """clips: numbers (batch,); latents, noise (batch, c, h, w); timesteps (batch,); words as the student reads them.

    ``heard`` (batch, w) is 0 where latents are padding.
    """

    clips: object
    latents: object
    noise: object
    timesteps: object
    words: object
    heard: object

    def to(self, device):
        """The same pass on a device."""
        moved = (
            x.to(device, non_blocking=True) for x in (self.latents, self.noise, self.timesteps, self.words, self.heard)
        )
        return Pass(self.clips, *moved)


def draw(cache, text, draws, number, train_steps, settings):
    """Forward pass ``number`` as the seed has it, on the CPU."""
    clips, generator = draws.batch(number), draws.generator(number)
    latents, rows, heard = cache.draw_rows(clips, generator, settings.caption_dropout)
    noise = torch.randn(latents.shape, generator=generator)
    if settings.offset_noise:
        shift = torch.randn((*latents.shape[:2], 1, 1), generator=generator)
        noise = noise + settings.offset_noise * shift
    timesteps = stratified_timesteps(len(latents), train_steps, generator)
    return Pass(clips, latents, noise, timesteps, as_input(text[rows]), heard)


class Feed:
    """Passes in order of their numbers; ``ahead`` draws the next one in a thread."""

    def __init__(self, draw_number, ahead):
        self.draw_number, self.waiting = draw_number, {}
        self.pool = ThreadPoolExecutor(1) if ahead else None

    def get(self, number, following):
        """Pass ``number``; ``following`` is the number that will be asked for next."""
        if self.pool is None:
            return self.draw_number(number)
        drawn = self.waiting.pop(number, None) or self.pool.submit(self.draw_number, number)
        self.waiting = {following: self.pool.submit(self.draw_number, following)}
        return drawn.result()
