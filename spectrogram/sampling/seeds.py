"""Seeds and the generators made of them. Generators live on the CPU, so that a seed means the same on every machine."""

import random

import torch

from spectrogram.problems import UsageProblem

LARGEST_SEED = 2**32 - 1


def draw_seed() -> int:
    """A fresh seed from the operating system's entropy, 0 … 2³² − 1."""
    return random.SystemRandom().randint(0, LARGEST_SEED)


def make_generators(seed: int, count: int) -> list[torch.Generator]:
    """One CPU generator a clip with the seeds seed, seed + 1, …, so that each clip can be made again by itself."""
    return [torch.Generator("cpu").manual_seed((seed + i) & (2**63 - 1)) for i in range(count)]


def choose_generators(seed: int | None, generator, count: int) -> torch.Generator | list[torch.Generator]:
    """What the noise of `count` clips is drawn with: the generator that is given, else one a clip from the seed."""
    if seed is not None and generator is not None:
        raise UsageProblem("both seed and generator are given", "one of them", "leave one out")
    return make_generators(draw_seed() if seed is None else seed, count) if generator is None else generator


def choose_seed(seed: int | None, generator: torch.Generator | None) -> int:
    """A seed where noise is drawn more than once: as given, else the generator's, else a fresh one.

    A generator that was used before gives its next number; each call moves it on.
    """
    if seed is not None and generator is not None:
        raise UsageProblem("both seed and generator are given", "one of them", "leave one out")
    if generator is None:
        return draw_seed() if seed is None else seed
    fresh, following = _fresh_seed(generator), int(torch.randint(LARGEST_SEED, (), generator=generator))
    return following if fresh is None else fresh


def seeds_of(generators, count: int) -> list[int | None]:
    """The seed of each of `count` clips; None where a generator was used before, because no seed leads back there.

    One generator for several clips serves them in turn: only a clip that starts it can be named by a seed.
    """
    listed = generators if isinstance(generators, list) else [generators, *[None] * (count - 1)]
    return [None if generator is None else _fresh_seed(generator) for generator in listed]


def _fresh_seed(generator: torch.Generator) -> int | None:
    seed = generator.initial_seed()
    fresh = torch.Generator(generator.device).manual_seed(seed)
    return seed if torch.equal(fresh.get_state(), generator.get_state()) else None
