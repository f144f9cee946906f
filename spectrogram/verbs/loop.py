"""A sound that can go round for ever: its end flows into its beginning."""

import numpy as np

from spectrogram.output import SpectrogramAudioOutput
from spectrogram.problems import UsageProblem
from spectrogram.sampling.sources import read_source
from spectrogram.verbs.inpaint import inpaint


def loop(pipeline, audio, prompt: str, seam_s: float = 1.0, sampling_rate: int | None = None, **settings):
    """Make a sound go round for ever: its ends are painted anew, so that one flows into the other.

    The sound is turned round by half its length, the old ends meet in the middle, that place is repainted, and all is
    turned back: the new ends were neighbours in the recording itself, so there is nothing to click.

    Args:
        audio: a path, what the pipeline returned, or an array (channels, samples) in -1 to 1; 0.1 to 600 s.
        prompt: what is to be heard at the seam.
        seam_s: seconds that are painted, 0.1 to 0.8 of the sound's length.
        sampling_rate: Hz of an array; None means the model's.
        settings: num_inference_steps, guidance_scale, guidance_rescale, negative_prompt, seed or generator, and
            callback_on_step_end, as of generation.

    Returns:
        SpectrogramAudioOutput with audios (1, channels, samples), as long as the sound and at its own rate.

    Raises:
        SoundProblem: the sound cannot be read or is too short or too long.
        UsageProblem: a seam out of its range.

    Example:
        >>> rain = pipe("rain", seed=7, num_inference_steps=1)
        >>> pipe.loop(rain, "rain", seed=1, num_inference_steps=2).audios.shape
        (1, 1, 122880)
    """
    audio, rate_hz = read_source(audio, sampling_rate, pipeline)
    seconds = audio.shape[1] / rate_hz
    if not 0.1 <= seam_s <= 0.8 * seconds:
        raise UsageProblem(f"the seam is {seam_s:g} s", f"0.1 to {0.8 * seconds:.2f} s for this sound", "shorten it")
    half = audio.shape[1] // 2
    middle_s = (audio.shape[1] - half) / rate_hz
    region = {"start_s": middle_s - seam_s / 2, "end_s": middle_s + seam_s / 2}
    settings = {"match_level": True, "sampling_rate": rate_hz, **settings}
    turned = inpaint(pipeline, np.roll(audio, -half, axis=1), prompt, **region, **settings)
    recipes = [turned.recipes[0].replace(verb="loop", settings={"seam_s": seam_s})]
    return SpectrogramAudioOutput(turned.images, np.roll(turned.audios, half, axis=2), rate_hz, recipes)
