"""Prompts with times: "0–4 s forest; 3–5 s a robin sings". All are denoised together on one canvas."""

from spectrogram.problems import UsageProblem
from spectrogram.sampling.denoising import Canvas, Sampling, denoise, encode_region, plan_steps
from spectrogram.sampling.latents import decode_picture
from spectrogram.sampling.sources import model_columns
from spectrogram.verbs.regions import column_weights


def timeline(pipeline, events: list[tuple[float, float, str]], seconds: float | None = None, **settings):
    """One clip that follows a prompt for each stretch of time, all denoised together.

    Where events overlap their predictions are averaged; a moment that no event covers follows the nearest ones.

    Args:
        events: (start_s, end_s, prompt) each, in seconds.
        seconds: length of the clip, at most 600; None means the end of the last event.
        settings: num_inference_steps, guidance_scale, guidance_rescale, negative_prompt, seed or generator, and
            callback_on_step_end, as of generation.

    Returns:
        SpectrogramAudioOutput with audios (1, 1, samples). The recipe's settings hold the events, which are the labels
        of the clip.

    Raises:
        UsageProblem: no event, or one whose times or prompt cannot be painted.

    Example:
        >>> pipe.timeline([(0, 3, "rain"), (3, 5, "wind")], seed=7, num_inference_steps=1).audios.shape
        (1, 1, 120000)
    """
    seconds = check_events(events, seconds)
    sampling, params = Sampling.of(pipeline, **settings), pipeline.params_for(seconds=seconds)
    factor, channels = pipeline.vae_scale_factor, pipeline.unet.config.in_channels
    width = params.columns // factor
    regions = [
        encode_region(pipeline, prompt, sampling, weight)
        for (*_, prompt), weight in zip(events, column_weights(events, width, params.clip_seconds), strict=True)
    ]
    noise = sampling.noise(pipeline, (1, channels, params.height // factor, width))
    canvas = Canvas(regions, sampling, model_columns(pipeline))
    latents = denoise(pipeline, noise * pipeline.scheduler.init_noise_sigma, plan_steps(pipeline, sampling), canvas)
    told = {"events": [list(event) for event in events]}
    recipe = pipeline.recipe("; ".join(prompt for *_, prompt in events), sampling, params, "timeline", told)
    return pipeline.hear([decode_picture(pipeline, latents)], [recipe], params, seconds)


def check_events(events: list[tuple[float, float, str]], seconds: float | None) -> float:
    """The length of the clip: as asked, else the end of the last event. Raises UsageProblem naming a wrong event."""
    if not events:
        raise UsageProblem("the timeline is empty", "(start_s, end_s, prompt) for each event", "add one")
    length_s = max(end_s for _, end_s, _ in events) if seconds is None else seconds
    for start_s, end_s, prompt in events:
        if not 0 <= start_s < end_s <= length_s or not prompt.strip():
            raise UsageProblem(
                f"the event {start_s:g}-{end_s:g} s {prompt!r} cannot be painted",
                f"times in order within 0 to {length_s:g} s and a prompt",
                "correct it",
            )
    return length_s
