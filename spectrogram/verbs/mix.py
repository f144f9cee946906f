"""Prompts with frequencies: thunder below 500 Hz, birdsong above. All are denoised together on one canvas."""

from spectrogram.problems import UsageProblem
from spectrogram.sampling.denoising import Canvas, Sampling, denoise, encode_region, plan_steps
from spectrogram.sampling.latents import decode_picture
from spectrogram.sampling.sources import model_columns
from spectrogram.verbs.regions import row_weights


def mix(pipeline, bands: list[tuple[float, float, str]], seconds: float | None = None, **settings):
    """One clip that follows a prompt for each band of frequencies, all denoised together.

    Where bands overlap their predictions are averaged; frequencies that no band covers follow the nearest one.

    Args:
        bands: (low_hz, high_hz, prompt) each, in Hz.
        seconds: length of the clip, at most 600; None means the model's own.
        settings: num_inference_steps, guidance_scale, guidance_rescale, negative_prompt, seed or generator, and
            callback_on_step_end, as of generation.

    Returns:
        SpectrogramAudioOutput with audios (1, 1, samples).

    Raises:
        UsageProblem: no band, or one whose frequencies or prompt cannot be painted.

    Example:
        >>> pipe.mix([(0, 500, "thunder"), (500, 12000, "birdsong")], seed=7, num_inference_steps=1).audios.shape
        (1, 1, 122880)
    """
    check_bands(bands)
    sampling, params = Sampling.of(pipeline, **settings), pipeline.params_for(seconds=seconds)
    factor, channels = pipeline.vae_scale_factor, pipeline.unet.config.in_channels
    height, width = params.height // factor, params.columns // factor
    regions = [
        encode_region(pipeline, prompt, sampling, weight)
        for (*_, prompt), weight in zip(bands, row_weights(bands, height, width, params), strict=True)
    ]
    noise = sampling.noise(pipeline, (1, channels, height, width)) * pipeline.scheduler.init_noise_sigma
    canvas = Canvas(regions, sampling, model_columns(pipeline))
    latents = denoise(pipeline, noise, plan_steps(pipeline, sampling), canvas)
    told = {"bands": [list(band) for band in bands]}
    recipe = pipeline.recipe("; ".join(prompt for *_, prompt in bands), sampling, params, "mix", told)
    return pipeline.hear([decode_picture(pipeline, latents)], [recipe], params, seconds)


def check_bands(bands: list[tuple[float, float, str]]):
    """Raises UsageProblem naming a wrong band."""
    if not bands:
        raise UsageProblem("there is nothing to mix", "(low_hz, high_hz, prompt) for each band", "add one")
    for low_hz, high_hz, prompt in bands:
        if not 0 <= low_hz < high_hz or not prompt.strip():
            raise UsageProblem(
                f"the band {low_hz:g}-{high_hz:g} Hz {prompt!r} cannot be painted",
                "frequencies in order and a prompt",
                "correct it",
            )
