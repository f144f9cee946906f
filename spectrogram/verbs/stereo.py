"""Two ears: left, middle and right are takes of one clip whose noise is turned a little apart."""

import numpy as np
import torch
from PIL import Image

from spectrogram.output import SpectrogramAudioOutput
from spectrogram.problems import UsageProblem
from spectrogram.sampling.noise import draw_noise, slerp
from spectrogram.sampling.seeds import choose_seed


def stereo(
    pipeline,
    prompt: str,
    spread: float = 0.3,
    seconds: float | None = None,
    seed: int | None = None,
    generator: torch.Generator | None = None,
    **settings,
) -> SpectrogramAudioOutput:
    """One clip with two channels from a text.

    Args:
        prompt: what to hear.
        spread: 0 to 1, how much left and right differ.
        seconds: above 0, at most 600; None means the model's own length.
        seed: of the middle; left and right are turned towards the two seeds after it.
        generator: instead of a seed; a fresh one means its own seed.
        settings: as of generation.

    Returns:
        SpectrogramAudioOutput with audios (1, 2, samples).

    Raises:
        UsageProblem: spread beyond 0 to 1, seed and generator both, or a model whose pictures are not grey.

    Example:
        >>> pipe.stereo("rain", spread=0.3, seed=7, num_inference_steps=1).audios.shape
        (1, 2, 122880)

    The picture holds left, middle and right in red, green and blue (layout `stereo`): the middle is the mono clip of
    the same seed, and from it the codec finds phases that both channels share, so that the sum stays whole.
    """
    if not 0 <= spread <= 1:
        raise UsageProblem(f"spread is {spread}", "0 to 1", "try 0.3")
    seed = choose_seed(seed, generator)
    params = pipeline.params_for(seconds=seconds)
    if params.layout != "grey":
        raise UsageProblem(f"the model's pictures are {params.layout}", "grey ones", "use another base or adapter")
    middle = draw_noise(pipeline, seed, params.columns)
    left, right = (slerp(middle, draw_noise(pipeline, seed + side, params.columns), spread) for side in (1, 2))
    noise = torch.cat([left, middle, right]).to(pipeline._execution_device, pipeline.unet.dtype)
    takes = pipeline([prompt] * 3, latents=noise, seed=seed, seconds=seconds, **settings)
    if len(takes.images) < 3:
        return takes
    planes = [np.asarray(image, dtype=np.float32).mean(axis=2) for image in takes.images]
    image = Image.fromarray(np.rint(np.stack(planes, axis=2)).astype(np.uint8))
    params = params.replace(layout="stereo")
    told = {name: value for name, value in takes.recipes[0].settings.items() if name != "also_given"}
    told |= {"spread": spread}
    recipe = takes.recipes[0].replace(verb="stereo", settings=told, params=params.to_dict())
    return pipeline.hear([image], [recipe], params, seconds)
