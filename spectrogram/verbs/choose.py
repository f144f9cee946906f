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
    """The `keep` clips of `candidates` that fit the prompt best, best first; settings as for generation.

    Each recipe's settings tell the fit (cosine in the ear's space, comparable within one ear only). The seed alone
    makes a chosen clip again.
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
