"""Audio to audio: keep the outline of a sound and say anew what it is made of."""

import numpy as np

from spectrogram.sampling.denoising import Canvas, Sampling, denoise, encode_region, plan_steps
from spectrogram.sampling.latents import decode_picture, encode_sound
from spectrogram.sampling.sources import model_columns, read_source


def transform(pipeline, audio, prompt: str, strength: float = 0.5, sampling_rate: int | None = None, **settings):
    """Keep the outline of a sound and say anew what it is made of (SDEdit, Meng et al. 2022).

    Long sounds are painted in windows that are denoised together.

    Args:
        audio: a path, what the pipeline returned, or an array (channels, samples) in -1 to 1; 0.1 to 600 s.
        prompt: what it is to be made of.
        strength: above 0 to 1, how much may change.
        sampling_rate: Hz of an array; None means the model's.
        settings: num_inference_steps, guidance_scale, guidance_rescale, negative_prompt, seed or generator, and
            callback_on_step_end, as of generation.

    Returns:
        SpectrogramAudioOutput with audios (1, 1, samples), as long as the sound, at the model's rate.

    Raises:
        SoundProblem: the sound cannot be read or is too short or too long.
        UsageProblem: a setting out of its range.

    Example:
        >>> rain = pipe("rain", seed=7, num_inference_steps=1)
        >>> pipe.transform(rain, "wind", strength=0.5, seed=1, num_inference_steps=2).audios.shape
        (1, 1, 122880)
    """
    audio, rate_hz = read_source(audio, sampling_rate, pipeline)
    seconds = audio.shape[1] / rate_hz
    sampling, params = Sampling.of(pipeline, **settings), pipeline.params_for(seconds=seconds)
    original = encode_sound(pipeline, audio, rate_hz, params)
    timesteps = plan_steps(pipeline, sampling, strength)
    noise = sampling.noise(pipeline, original.shape)
    latents = pipeline.scheduler.add_noise(original, noise, timesteps[:1])
    canvas = Canvas([encode_region(pipeline, prompt, sampling)], sampling, model_columns(pipeline))
    latents = denoise(pipeline, latents, timesteps, canvas)
    recipe = pipeline.recipe(prompt, sampling, params, "transform", {"strength": strength, "seconds": seconds})
    return pipeline.hear([decode_picture(pipeline, latents)], [recipe], params, seconds)


def strength_in_words(strength: float) -> str:
    """The word of the Space for a strength: Light, Remix, Reimagine or Dream."""
    words = ("Light", "Remix", "Reimagine", "Dream")
    return words[int(np.searchsorted([0.35, 0.6, 0.8], strength, side="right"))]
