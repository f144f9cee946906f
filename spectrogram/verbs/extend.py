"""Go on from where a recording ends, or lead into where it begins; the recording itself stays as it is."""

import numpy as np

from spectrogram.codec.seams import seam
from spectrogram.output import SpectrogramAudioOutput
from spectrogram.problems import UsageProblem
from spectrogram.sampling.denoising import Sampling
from spectrogram.sampling.latents import decode_picture, encode_sound
from spectrogram.sampling.sources import LONGEST_S, read_source
from spectrogram.verbs.inpaint import latent_mask, place, repaint
from spectrogram.verbs.levels import bring_to_level

SIDES = ("right", "left")
JOIN_S = 0.08


def extend(
    pipeline,
    audio,
    prompt: str,
    seconds: float,
    side: str = "right",
    sampling_rate: int | None = None,
    match_level: bool = True,
    **settings,
) -> SpectrogramAudioOutput:
    """Go on from where a recording ends, or lead into where it begins.

    The model sees up to half a picture of the recording while it paints.

    Args:
        audio: a path, what the pipeline returned, or an array (channels, samples) in -1 to 1; 0.1 to 600 s.
        prompt: what is to be heard there.
        seconds: how much is added, above 0, at most 600.
        side: "right" or "left".
        sampling_rate: Hz of an array; None means the model's.
        match_level: give what is added the level (RMS) that the recording has there.
        settings: num_inference_steps, guidance_scale, guidance_rescale, negative_prompt, seed or generator, and
            callback_on_step_end, as of generation.

    Returns:
        SpectrogramAudioOutput with audios (1, channels, samples) at the sound's own rate; the recording's samples stay
        exact but for the last 80 ms, where the two meet.

    Raises:
        SoundProblem: the sound cannot be read or is too short or too long.
        UsageProblem: another side, or a length out of its range.

    Example:
        >>> rain = pipe("rain", seed=7, num_inference_steps=1)
        >>> pipe.extend(rain, "rain", seconds=2, seed=1, num_inference_steps=2).audios.shape
        (1, 1, 170880)
    """
    audio, rate_hz = read_source(audio, sampling_rate, pipeline)
    if side not in SIDES:
        raise UsageProblem(f"side is {side!r}", f"one of {', '.join(SIDES)}", "choose one")
    if not 0 < seconds <= LONGEST_S:
        raise UsageProblem(
            f"{seconds} s are to be added", f"more than 0, at most {LONGEST_S} s", "choose another length"
        )
    sampling = Sampling.of(pipeline, **settings)
    context_s = min(audio.shape[1] / rate_hz, pipeline.params.clip_seconds / 2)
    params = pipeline.params_for(seconds=max(pipeline.params.clip_seconds, context_s + seconds))
    recipe = pipeline.recipe(prompt, sampling, params, "extend", {"seconds": seconds, "side": side})
    turned = audio if side == "right" else audio[:, ::-1]
    context = turned[:, turned.shape[1] - round(context_s * rate_hz) :]
    image = _paint(pipeline, context, rate_hz, context_s, side, params, prompt, sampling)
    heard = pipeline.hear([image], [recipe], params)
    decoded = heard.audios[0] if side == "right" else heard.audios[0][:, ::-1]
    painted = np.zeros((audio.shape[0], context.shape[1] + round(seconds * rate_hz)), np.float32)
    place(painted, decoded, heard.sampling_rate, 0.0, rate_hz)
    joined = join(turned, painted, context.shape[1], round(JOIN_S * rate_hz), match_level)
    result = joined if side == "right" else joined[:, ::-1]
    return SpectrogramAudioOutput([image], np.ascontiguousarray(result)[None], rate_hz, heard.recipes)


def _paint(pipeline, context, rate_hz: int, context_s: float, side: str, params, prompt: str, sampling: Sampling):
    """The picture whose first `context_s` (last ones on the left side) are the recording and whose rest is new."""
    if side == "right":
        known, new_s = context, (context_s - JOIN_S, params.clip_seconds)
    else:
        silence = np.zeros((context.shape[0], round((params.clip_seconds - context_s) * rate_hz)), np.float32)
        known, new_s = (
            np.concatenate([silence, context[:, ::-1]], axis=1),
            (0.0, params.clip_seconds - context_s + JOIN_S),
        )
    original = encode_sound(pipeline, known, rate_hz, params)
    mask = latent_mask(pipeline, original, params, new_s, (None, None))
    return decode_picture(pipeline, repaint(pipeline, original, mask, prompt, sampling))


def join(audio: np.ndarray, painted: np.ndarray, context: int, overlap: int, match_level: bool = True) -> np.ndarray:
    """The audio, then `painted` from after its first `context` samples on, matched in level and crossfaded."""
    overlap = min(overlap, context)
    if match_level:
        painted = bring_to_level(painted, audio[:, audio.shape[1] - context :], slice(context, None))
    tail, piece = audio[:, audio.shape[1] - overlap :], painted[:, context - overlap :]
    wanted = audio.shape[1] + painted.shape[1] - context
    joined = np.concatenate([audio[:, : audio.shape[1] - overlap], seam(tail, piece, overlap // 4)], axis=1)[:, :wanted]
    return np.pad(joined, ((0, 0), (0, wanted - joined.shape[1]))).astype(np.float32)
