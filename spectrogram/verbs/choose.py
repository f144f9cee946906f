"""The best of several: the ear of the base model says which clips fit their prompt."""

import numpy as np

from spectrogram.ears.ear import Ear
from spectrogram.output import SpectrogramAudioOutput
from spectrogram.problems import UsageProblem
from spectrogram.prompts.language import read

MOST = 64


def ear(pipeline):
    """The base's ear (see `ears.ear`), loaded when it is first needed; raises Problem for a base without one."""
    if pipeline.state.ear is None:
        pipeline.state.ear = Ear.load(pipeline.name_or_path or None)
    return pipeline.state.ear


def set_ear(pipeline, ear):
    """Listen with another ear."""
    pipeline.state.ear = ear


def choose(pipeline, prompt: str, candidates: int = 4, keep: int = 1, **settings) -> SpectrogramAudioOutput:
    """The clips that fit a prompt best, best first, as the base's ear hears them.

    Args:
        prompt: what to hear.
        candidates: clips that are made, 1 to 64.
        keep: clips that are kept.
        settings: as of generation.

    Returns:
        SpectrogramAudioOutput of `keep` clips. Each recipe's settings tell the `fit` (cosine in the ear's space,
        comparable within one ear only); the seed alone makes a chosen clip again.

    Raises:
        UsageProblem: numbers that do not go together.
        Problem: the base has no ear.

    Example:
        >>> best = pipe.choose("rain", candidates=3, keep=1, seed=7, num_inference_steps=1)
        >>> len(best.images), "fit" in best.recipes[0].settings
        (1, True)
    """
    if not 1 <= keep <= candidates <= MOST:
        raise UsageProblem(f"{keep} of {candidates} are to be kept", f"1 to {MOST}", "make more candidates")
    listener = ear(pipeline)
    made = pipeline(prompt, num_images_per_prompt=candidates, **settings)
    fits = fit(listener, made.images, prompt)
    order = np.argsort(-fits, kind="stable")[:keep]
    recipes = [
        made.recipes[i].replace(settings={**made.recipes[i].settings, "fit": round(float(fits[i]), 4)}) for i in order
    ]
    images = [made.images[i] for i in order]
    return SpectrogramAudioOutput(images, made.audios[order], made.sampling_rate, recipes)


def fit(ear, images: list, prompt: str) -> np.ndarray:
    """How well each picture fits the prompt (n,): cosines. Brackets of the prompt language are not read aloud."""
    words = "".join(text for text, _ in read(prompt))
    return (ear.embed_images(images) @ ear.embed_texts([words])[0]).numpy()
