"""Seeds and the generators made of them. Generators live on the CPU, so that a seed means the same on every machine."""

import random

LARGEST_SEED = 2**32 - 1


def draw_seed() -> int:
    """A fresh seed from the operating system's entropy, 0 … 2³² − 1."""
    return random.SystemRandom().randint(0, LARGEST_SEED)


def make_generators(seed: int, count: int) -> list:
    """One CPU generator a clip with the seeds seed, seed + 1, …, so that each clip can be made again by itself."""
    import torch

    return [torch.Generator("cpu").manual_seed((seed + i) & (2**63 - 1)) for i in range(count)]


def seeds_of(generators, count: int) -> list[int | None]:
    """The seed of each of `count` clips; None where a generator was used before, because no seed leads back there.

    One generator for several clips serves them in turn: only a clip that starts it can be named by a seed.
    """
    listed = generators if isinstance(generators, list) else [generators, *[None] * (count - 1)]
    return [None if generator is None else _fresh_seed(generator) for generator in listed]


def _fresh_seed(generator) -> int | None:
    import torch

    seed = generator.initial_seed()
    fresh = torch.Generator(generator.device).manual_seed(seed)
    return seed if torch.equal(fresh.get_state(), generator.get_state()) else None
