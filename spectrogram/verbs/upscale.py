"""A finer picture of a sound: more columns and bands by a picture upscaler, and treble that the model cannot paint.

Upscalers of the ESRGAN kind are read by spandrel. Without one the picture is enlarged by Lanczos' filter, which adds no
detail. Treble above the model's highest frequency continues each moment's own slope and grain: a guess that sounds
natural for noise and is wrong for melodies.
"""

from pathlib import Path

import numpy as np
import torch
from PIL import Image

from spectrogram.codec import SpectrogramCodec
from spectrogram.codec.mel import unwarp, warp
from spectrogram.output import SpectrogramAudioOutput
from spectrogram.params import SpectrogramParams
from spectrogram.problems import EnvironmentProblem, UsageProblem
from spectrogram.recipe import Recipe
from spectrogram.sampling.sources import read_source

FACTORS = (1, 2, 4)
INSTALL = "pip install 'sd-audio-spectrograms[upscale]'"


def upscale(
    pipeline,
    audio,
    factor: int = 2,
    high_hz: float | None = None,
    model: str | Path | None = None,
    sampling_rate: int | None = None,
) -> SpectrogramAudioOutput:
    """A sound, mono, decoded from a finer picture, with treble above what the model paints.

    No prompt, no noise: the same every time.

    Args:
        audio: a path, what the pipeline returned, or an array (channels, samples) in -1 to 1; 0.1 to 600 s.
        factor: 1, 2 or 4 times as many columns and bands.
        high_hz: highest frequency of the treble, above the model's own, at most 48000; None adds none.
        model: a picture upscaler (.safetensors), whose own factor then counts.
        sampling_rate: Hz of an array; None means the model's.

    Returns:
        SpectrogramAudioOutput with audios (1, 1, samples), as long as the sound.

    Raises:
        SoundProblem: the sound cannot be read or is too short or too long.
        UsageProblem: a factor, a frequency or a model that cannot be used.
        EnvironmentProblem: spandrel, which reads upscalers, is not installed.

    Example:
        >>> rain = pipe("rain", seed=7, num_inference_steps=1)
        >>> pipe.upscale(rain, factor=2).images[0].size
        (512, 256)
    """
    audio, rate_hz = read_source(audio, sampling_rate, pipeline)
    seconds = audio.shape[1] / rate_hz
    params = pipeline.params_for(seconds=seconds)
    if params.layout != "grey":
        raise UsageProblem(f"the model's pictures are {params.layout}", "grey ones", "use another base or adapter")
    picture = SpectrogramCodec(params).encode(audio, rate_hz)
    picture, factor = _enlarge(picture, factor) if model is None else _enlarge_by_model(picture, model)
    params = _finer(params, factor)
    if high_hz is not None:
        picture, params = add_treble(picture, params, high_hz)
    told = {"factor": factor, "high_hz": high_hz, "upscaler": "lanczos" if model is None else Path(model).stem}
    shape = {"width": params.width, "height": params.height, "params": params.to_dict()}
    recipe = Recipe("", verb="upscale", settings=told, ai_generated=model is not None, **shape)
    return pipeline.hear([picture], [recipe], params, seconds)


def _enlarge(picture: Image.Image, factor: int) -> tuple[Image.Image, int]:
    if factor not in FACTORS:
        raise UsageProblem(f"factor is {factor}", f"one of {', '.join(map(str, FACTORS))}", "choose one")
    size = (picture.width * factor, picture.height * factor)
    return picture.resize(size, Image.Resampling.LANCZOS), factor


def _enlarge_by_model(picture: Image.Image, model: str | Path) -> tuple[Image.Image, int]:
    """The picture as an upscaler of spandrel's paints it, and by how much that one enlarges."""
    try:
        from spandrel import ImageModelDescriptor, ModelLoader
    except ImportError as error:
        raise EnvironmentProblem("spandrel is not installed", "it reads upscalers", INSTALL) from error
    path = Path(model)
    if path.suffix.lower() != ".safetensors" or not path.is_file():
        raise UsageProblem(f"the upscaler {path} cannot be used", "a .safetensors file", "convert or fetch it")
    upscaler = ModelLoader(device="cpu").load_from_file(path)
    if not isinstance(upscaler, ImageModelDescriptor) or upscaler.input_channels != 3:
        raise UsageProblem(f"{path.name} does not upscale colour pictures", "an ESRGAN-type model", "use another one")
    pixels = torch.from_numpy(np.asarray(picture, dtype=np.float32) / 255).permute(2, 0, 1)[None]
    with torch.inference_mode():
        large = upscaler(pixels)[0].permute(1, 2, 0).clamp(0, 1).numpy()
    return Image.fromarray(np.rint(large * 255).astype(np.uint8)), upscaler.scale


def _finer(params: SpectrogramParams, factor: int) -> SpectrogramParams:
    """The parameters of the enlarged picture: the same seconds and hertz on more columns and bands."""
    if params.hop_samples % factor:
        raise UsageProblem(
            f"a column of {params.hop_samples} samples cannot be parted in {factor}", "a divisor", "use another factor"
        )
    return params.replace(
        mel_bands=params.mel_bands * factor, columns=params.columns * factor, step_ms=params.step_ms / factor
    )


def add_treble(
    picture: Image.Image, params: SpectrogramParams, high_hz: float
) -> tuple[Image.Image, SpectrogramParams]:
    """The picture with bands above its highest one, and its parameters at a rate that holds them."""
    if not params.high_hz < high_hz <= 48000:
        raise UsageProblem(f"high_hz is {high_hz:g}", f"above {params.high_hz:g}, 48000 at most", "choose another one")
    low, high = warp(params, [params.low_hz, params.high_hz])
    band = (high - low) / (params.mel_bands + 1)
    count = max(1, int((float(warp(params, high_hz)) - high) / band))
    top_hz = float(unwarp(params, high + count * band))
    rate_hz = params.sample_rate_hz * int(np.ceil(2 * top_hz / params.sample_rate_hz))
    values = np.asarray(picture, dtype=np.float32).mean(axis=2)
    grown = np.concatenate([_continue_upwards(values, count), values])
    wider = params.replace(mel_bands=params.mel_bands + count, high_hz=top_hz, sample_rate_hz=rate_hz)
    return Image.fromarray(np.repeat(np.rint(grown).astype(np.uint8)[..., None], 3, axis=2)), wider


def _continue_upwards(values: np.ndarray, count: int) -> np.ndarray:
    """`count` rows above the picture (rows, columns): each column's slope over its top quarter, never rising, with the
    grain that lies there, mirrored."""
    size = max(count, len(values) // 4)
    top = values[: min(size, len(values))]
    height = np.arange(len(top))[::-1] - (len(top) - 1)  # 0 for the highest row, negative below
    slope = np.minimum(0, (height - height.mean()) @ (top - top.mean(axis=0)) / np.sum((height - height.mean()) ** 2))
    base = top.mean(axis=0) - slope * height.mean()
    grain = top - (base + slope * height[:, None])
    rows = np.arange(1, count + 1)[::-1]
    mirrored = grain[np.minimum(rows - 1, len(grain) - 1)]
    return np.clip(base + slope * rows[:, None] + mirrored, 0, 255)
