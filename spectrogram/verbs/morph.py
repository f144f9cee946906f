"""From one prompt to the next in even steps, with the same noise: the sounds are relatives and change by degrees.

Even steps in text are not even in sound: most of a path sounds like its ends, and all happens in between. So up to
three times as many clips are painted as are asked for, the later ones where the sound changes fastest, and those are
kept that lead from first to last in the largest steps (see spacing.py).
"""

from collections.abc import Callable, Iterator

import numpy as np
import torch

from spectrogram.output import SpectrogramAudioOutput
from spectrogram.problems import UsageProblem
from spectrogram.prompts.embedding import StageEmbeddings, is_scheduled
from spectrogram.sampling.denoising import Canvas, Region, Sampling, denoise, plan_steps
from spectrogram.sampling.latents import decode_picture
from spectrogram.sampling.noise import slerp
from spectrogram.sampling.sources import model_columns
from spectrogram.verbs import spacing
from spectrogram.verbs.variations import gather

MOST_STEPS = 200
PAINTED_OVER_KEPT = 3


def morph(pipeline, prompts: list[str], steps: int = 5, seconds: float | None = None, **settings):
    """SpectrogramAudioOutput of `steps` clips that lead through the prompts in turn, first and last included.

    Keywords as of `morph_clips`. The recipes' settings tell each clip's `share` of the way in text and its `way` in
    sound (both 0 … 1) and, between two prompts, its distances in sound, `from_first` and `to_last`, over the distance
    between these two, `heard_by` the base's ear, or by statistics of the bands where there is none.
    """
    output = gather(list(morph_clips(pipeline, prompts, steps, seconds, **settings)), "morph")
    if len(output.images) < 2:
        return output
    rows, heard_by = spacing.embed(pipeline, output.images)
    figures = {"way": spacing.way(rows)}
    if len(prompts) == 2:
        figures |= zip(("from_first", "to_last"), spacing.distances(rows), strict=True)
    for i, recipe in enumerate(output.recipes):
        told = {name: round(float(values[i]), 4) for name, values in figures.items()} | {"heard_by": heard_by}
        output.recipes[i] = recipe.replace(settings=recipe.settings | told)
    return output


def morph_clips(
    pipeline,
    prompts: list[str],
    steps: int = 5,
    seconds: float | None = None,
    end_seed: int | None = None,
    respace: bool = True,
    on_painted: Callable[[SpectrogramAudioOutput], None] | None = None,
    **settings,
) -> Iterator[SpectrogramAudioOutput]:
    """The clips of a morph one by one, in their order, each as soon as its place is settled.

    Text embeddings move on a straight line; with `end_seed` the noise also turns, on a sphere, towards that seed's.
    `respace` False keeps even steps in text, paints no clip more than asked and yields each at once; otherwise the
    first comes at once and the others when all are chosen. `on_painted` is called with each clip as it is painted, in
    that order, also with those that are not chosen later. Prompts may weigh words but not hold schedules. When a
    callback interrupts, the clips so far are what comes. Raises UsageProblem.
    """
    if len(prompts) < 2 or any(not prompt.strip() for prompt in prompts):
        raise UsageProblem(f"the prompts are {prompts!r}", "two or more, none empty", "write each of them")
    if not len(prompts) <= steps <= MOST_STEPS:
        raise UsageProblem(f"steps is {steps}", f"{len(prompts)} to {MOST_STEPS}", "choose another number")
    asked = {"prompts": list(prompts), "end_seed": end_seed, "clips": steps, "respace": respace}
    path = Path(pipeline, asked, seconds, settings, on_painted)
    return _settled(path, steps) if respace and steps > len(prompts) else _as_painted(path, steps)


def most_painted(prompts: int, steps: int, respace: bool = True) -> int:
    """The most clips that a morph of `steps` paints."""
    return steps * PAINTED_OVER_KEPT if respace and steps > prompts else steps


class Path:
    """All that lies between the prompts: `paint(share)` gives the picture at a share 0 … 1 of the way.

    `asked` is what the recipes tell of the morph: prompts, end_seed, clips, respace.
    """

    def __init__(self, pipeline, asked: dict, seconds: float | None, settings: dict, on_painted: Callable | None):
        self.pipeline, self.asked, self.seconds, self.on_painted = pipeline, asked, seconds, on_painted
        self.prompts, self.end_seed = asked["prompts"], asked["end_seed"]
        self.heard: dict[float, SpectrogramAudioOutput] = {}
        self.sampling, self.params = Sampling.of(pipeline, **settings), pipeline.params_for(seconds=seconds)
        self.stops = _encode_stops(pipeline, self.prompts, self.sampling)
        factor, channels = pipeline.vae_scale_factor, pipeline.unet.config.in_channels
        shape = (1, channels, self.params.height // factor, self.params.columns // factor)
        self.noise = self.end_noise = self.sampling.noise(pipeline, shape)
        if self.end_seed is not None:
            self.end_noise = Sampling.of(pipeline, seed=self.end_seed).noise(pipeline, shape)
        self.state = self.sampling.generator.get_state()

    def paint(self, share: float):
        """The picture at that share. Schedulers that draw noise at each step draw the same at every share."""
        pipeline, sampling = self.pipeline, self.sampling
        sampling.generator.set_state(self.state)
        noise = self.noise if self.end_seed is None else slerp(self.noise, self.end_noise, share)
        canvas = Canvas([_between(self.stops, share)], sampling, model_columns(pipeline))
        timesteps = plan_steps(pipeline, sampling)
        latents = denoise(pipeline, noise * pipeline.scheduler.init_noise_sigma, timesteps, canvas)
        return decode_picture(pipeline, latents)

    def hear(self, share: float, picture) -> SpectrogramAudioOutput:
        """The clip of a picture of this path; decoded once."""
        if share not in self.heard:
            told = self.asked | {"share": share}
            recipe = self.pipeline.recipe(" → ".join(self.prompts), self.sampling, self.params, "morph", told)
            self.heard[share] = self.pipeline.hear([picture], [recipe], self.params, self.seconds)
        return self.heard[share]

    def show(self, share: float, picture):
        """Hand a finished picture's clip to whoever listens while others are painted."""
        if self.on_painted is not None and not self.pipeline.interrupt:
            self.on_painted(self.hear(share, picture))


def _as_painted(path: Path, steps: int) -> Iterator[SpectrogramAudioOutput]:
    for i in range(steps):
        share = i / (steps - 1)
        picture = path.paint(share)
        path.show(share, picture)
        yield path.hear(share, picture)
        if path.pipeline.interrupt:
            return


def _settled(path: Path, steps: int) -> Iterator[SpectrogramAudioOutput]:
    """The first clip, then what was chosen among all that were painted."""
    pictures = {0.0: path.paint(0.0)}
    path.show(0.0, pictures[0.0])
    yield path.hear(0.0, pictures[0.0])
    legs = len(path.prompts) - 1
    between = steps - legs - 1  # the prompts themselves stay; each stretch between two of them gets its part
    for i in range(legs):
        if path.pipeline.interrupt:
            return
        count = 2 + between // legs + (i < between % legs)
        for share in _search(path, pictures, i / legs, (i + 1) / legs, count)[1:]:
            yield path.hear(share, pictures[share])


def _search(path: Path, pictures: dict, first: float, last: float, count: int) -> list[float]:
    """The `count` shares of a stretch that lead through it in the largest steps; fewer when interrupted."""
    for share in (last, *(first + (last - first) * i / (count - 1) for i in range(1, count - 1))):
        _add(path, pictures, share)
    rows = {}
    while not path.pipeline.interrupt:
        shares = sorted(share for share in pictures if first <= share <= last)
        missing = [share for share in shares if share not in rows]
        rows |= zip(missing, spacing.embed(path.pipeline, [pictures[share] for share in missing])[0], strict=True)
        away, left = spacing.distances(np.stack([rows[share] for share in shares]))
        places = spacing.choose(away, left, count)
        enough = spacing.smallest_step(away, left, places) >= spacing.ENOUGH / (count - 1)
        middle = spacing.widest_gap(away, left, shares)
        if count == 2 or enough or middle is None or len(shares) >= PAINTED_OVER_KEPT * count:
            return [shares[place] for place in places]
        _add(path, pictures, middle)
    return sorted(share for share in pictures if first <= share <= last)[:count]


def _add(path: Path, pictures: dict, share: float):
    """Paint that share, unless the work is interrupted: what is unfinished is left out."""
    if not path.pipeline.interrupt:
        picture = path.paint(share)
        if not path.pipeline.interrupt:
            pictures[share] = picture
            path.show(share, picture)


def _encode_stops(pipeline, prompts: list[str], sampling: Sampling) -> list[StageEmbeddings]:
    """What each prompt says, all of one length."""
    scheduled = [prompt for prompt in prompts if is_scheduled(prompt, sampling.steps)]
    if scheduled:
        raise UsageProblem(f"{scheduled[0]!r} changes by itself", "prompts without a schedule", "add it as a prompt")
    guided = sampling.guidance > 1
    against = [sampling.negative_prompt] * len(prompts)
    embeds, negative = pipeline.encode_prompt(list(prompts), pipeline._execution_device, 1, guided, against)
    pairs = zip(embeds, negative if guided else embeds, strict=True)
    return [StageEmbeddings(0, text[None], other[None] if guided else None) for text, other in pairs]


def _between(stops: list[StageEmbeddings], share: float) -> Region:
    """The region at `share` 0 … 1 of the way through all stops."""
    place = share * (len(stops) - 1)
    first = min(int(place), len(stops) - 2)
    before, after = stops[first], stops[first + 1]
    return Region([StageEmbeddings(0, torch.lerp(before.embeds, after.embeds, place - first), before.negative_embeds)])
