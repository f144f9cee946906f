"""How a model's pictures are heard: which parameters hold, how long they are, and the way from pictures to sound."""

import math

import numpy as np

from spectrogram.adapters.loaded import active_loras
from spectrogram.bases import GenerationDefaults
from spectrogram.codec import SpectrogramCodec
from spectrogram.codec.seams import join
from spectrogram.known_bases import generation_defaults, picture_params
from spectrogram.output import SpectrogramAudioOutput
from spectrogram.params import KEY as PARAMS_KEY
from spectrogram.params import MODEL_FILE, SpectrogramParams
from spectrogram.problems import UsageProblem
from spectrogram.recipe import KEY as RECIPE_KEY
from spectrogram.recipe import Recipe

# Pictures whose size says how they are to be heard, when neither adapter nor model does.
SIZES = {(512, 512): "sd15", (256, 128): "mini"}


# Pictures longer than LONGEST_S are decoded in pieces, so that memory does not grow with the length; they overlap.
LONGEST_S, PIECE_S, OVERLAP_S = 12.0, 8.0, 0.64


def decode_long(codec: SpectrogramCodec, image, seed: int) -> np.ndarray:
    """Audio (channels, samples) of a picture of any length, exactly as long as the codec would make it in one piece."""
    params = codec.params
    if params.clip_seconds <= LONGEST_S or params.framing != "half":
        return codec.decode(image, seed)[0]
    per_second, hop = params.columns / params.clip_seconds, params.clip_samples // params.columns
    width, overlap = round(PIECE_S * per_second), round(OVERLAP_S * per_second)

    def pieces():
        for start in range(0, params.columns - overlap, width - overlap):
            end = min(start + width, params.columns)
            part = image.crop((start, 0, end, image.height))
            yield SpectrogramCodec(params.replace(columns=end - start)).decode(part, seed + start)[0], start * hop

    audio = np.zeros((params.channels, params.clip_samples), np.float32)
    place = 0
    for block in join(pieces(), params.sample_rate_hz):
        block = block[:, : audio.shape[1] - place]
        audio[:, place : place + block.shape[1]] = block
        place += block.shape[1]
    return audio


def params(pipeline) -> SpectrogramParams:
    """How pictures are heard: set by hand, else the adapter's, else the base's, else by the picture's size."""
    if pipeline.state.params is not None:
        return pipeline.state.params
    for lora in active_loras(pipeline):
        if lora.params is not None:
            return lora.params
    found = picture_params(pipeline.name_or_path) if pipeline.name_or_path else None
    return found or _params_by_size(pipeline)


def set_params(pipeline, params: SpectrogramParams | None):
    """From now on pictures are heard by these; None means that adapter or base say it again."""
    pipeline.state.params = params


def defaults(pipeline) -> GenerationDefaults:
    """Steps and guidance that suit the base: those of its name, its generation.json, else Stable Diffusion's."""
    if pipeline.state.defaults is None:
        name = pipeline.name_or_path
        pipeline.state.defaults = generation_defaults(name) if name else GenerationDefaults()
    return pipeline.state.defaults


def hear(
    pipeline, images: list, recipes: list[Recipe], params: SpectrogramParams, seconds: float | None = None
) -> SpectrogramAudioOutput:
    """Decode pictures to sound, at most `seconds` long, and attach parameters and recipes to the pictures."""
    pipeline.maybe_free_model_hooks()
    codec, audios = SpectrogramCodec(params), []
    for image, recipe in zip(images, recipes, strict=True):
        image.info |= {PARAMS_KEY: params.to_json(), RECIPE_KEY: recipe.to_json()}
        audio = decode_long(codec, image, recipe.seed or 0)
        audio = audio[:, : None if seconds is None else round(seconds * params.sample_rate_hz)]
        audios.append(audio if pipeline.watermark is None else pipeline.watermark(audio, params.sample_rate_hz))
    return SpectrogramAudioOutput(images, np.stack(audios), params.sample_rate_hz, recipes)


def params_for(
    pipeline, seconds: float | None = None, width: int | None = None, height: int | None = None
) -> SpectrogramParams:
    """The parameters of a picture of another length; raises UsageProblem for one that cannot be painted."""
    params, grid = pipeline.params, _grid(pipeline)
    if height not in (None, params.height):
        raise UsageProblem(
            f"height is {height}",
            f"{params.height}, the number of bands",
            "leave height out, set pipe.params instead",
        )
    if seconds is not None:
        if not 0 < seconds <= 600:
            raise UsageProblem(f"length is {seconds} s", "more than 0 and at most 600 s", "choose another length")
        width = math.ceil(seconds * params.columns / params.clip_seconds / grid) * grid
    if width is not None and (width <= 0 or width % grid):
        raise UsageProblem(f"width is {width}", f"a multiple of {grid}", "use seconds= instead")
    return params if width in (None, params.columns) else params.replace(columns=width)


def _params_by_size(pipeline) -> SpectrogramParams:
    size = pipeline.unet.config.sample_size
    height, width = (size, size) if isinstance(size, int) else size
    width, height = width * pipeline.vae_scale_factor, height * pipeline.vae_scale_factor
    if (width, height) not in SIZES:
        raise UsageProblem(
            f"this model paints {width} x {height} pictures and does not say how they are heard",
            f"{MODEL_FILE} beside the model or an adapter of this project",
            "set pipe.params = SpectrogramParams.preset(…)",
        )
    return SpectrogramParams.preset(SIZES[width, height])


def _grid(pipeline) -> int:
    """Pixels that the deepest level of the UNet sees as one."""
    return pipeline.vae_scale_factor * 2 ** (len(pipeline.unet.config.block_out_channels) - 1)
