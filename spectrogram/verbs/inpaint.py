"""Repaint a stretch of time, or a band of frequencies within it; everything else stays the original recording."""

import math

import numpy as np
import torch

from spectrogram.codec.mel import warp
from spectrogram.files.audio import mix_channels, resample
from spectrogram.output import SpectrogramAudioOutput
from spectrogram.problems import UsageProblem
from spectrogram.sampling.denoising import Canvas, Sampling, denoise, encode_region, plan_steps
from spectrogram.sampling.latents import decode_picture, encode_sound
from spectrogram.sampling.sources import model_columns, read_source
from spectrogram.verbs.levels import bring_to_level
from spectrogram.verbs.mask import bounds_s, compose_masked, latents_of, mask_to_text, read_mask

FEATHER_S = 0.04
SURROUNDINGS_S = 1.0
BAND_EDGE = 2 ** (1 / 12)  # the band fades over a semitone on either side


def inpaint(
    pipeline,
    audio,
    prompt: str,
    start_s: float | None = None,
    end_s: float | None = None,
    low_hz: float | None = None,
    high_hz: float | None = None,
    strength: float = 1.0,
    sampling_rate: int | None = None,
    mask=None,
    match_level: bool = False,
    **settings,
) -> SpectrogramAudioOutput:
    """Paint a stretch of time, or a band of frequencies within it, anew; everything else stays the recording.

    Args:
        audio: a path, what the pipeline returned, or an array (channels, samples) in -1 to 1; 0.1 to 600 s.
        prompt: what is to be heard there.
        start_s: seconds at which the region begins.
        end_s: seconds at which it ends, at least 0.1 s later.
        low_hz: lowest frequency of the band in Hz; None means all below high_hz.
        high_hz: highest frequency of the band in Hz; None means all above low_hz.
        strength: above 0 to 1, how much may change.
        sampling_rate: Hz of an array; None means the model's.
        mask: a picture painted over the spectrogram (see mask.py) in the place of times and band.
        match_level: give the painted stretch the level (RMS) of what lies around it.
        settings: num_inference_steps, guidance_scale, guidance_rescale, negative_prompt, seed or generator, and
            callback_on_step_end, as of generation.

    Returns:
        SpectrogramAudioOutput with audios (1, channels, samples) at the sound's own rate. Outside the region the
        samples are the sound's, exactly; a feather of 40 ms lies inside the region.

    Raises:
        SoundProblem: the sound cannot be read or is too short or too long.
        UsageProblem: a region that lies outside, is told twice or not at all.

    Example:
        >>> rain = pipe("rain", seed=7, num_inference_steps=1)
        >>> changed = pipe.inpaint(rain, "a dog barking", start_s=1, end_s=2, seed=1, num_inference_steps=2)
        >>> bool((changed.audios[..., :24000] == rain.audios[..., :24000]).all())
        True
    """
    audio, rate_hz = read_source(audio, sampling_rate, pipeline)
    seconds = audio.shape[1] / rate_hz
    painted_mask = _read_own_mask(pipeline, mask, seconds, (start_s, end_s, low_hz, high_hz))
    if painted_mask is not None:
        start_s, end_s = bounds_s(painted_mask, pipeline.params)
    start_s, end_s = check_region(start_s, end_s, low_hz, high_hz, seconds)
    check_band(low_hz, high_hz, pipeline.params)
    sampling = Sampling.of(pipeline, **settings)
    view_s, params = choose_view(pipeline, start_s, end_s, seconds)
    viewed = audio[:, round(view_s * rate_hz) :]
    original = encode_sound(pipeline, viewed, rate_hz, params)
    if painted_mask is None:
        cells = latent_mask(pipeline, original, params, (start_s - view_s, end_s - view_s), (low_hz, high_hz))
    else:
        cells = latents_of(painted_mask, params, view_s, pipeline.vae_scale_factor)
        cells = torch.from_numpy(cells)[None, None].to(original)
    latents = repaint(pipeline, original, cells, prompt, sampling, strength)
    region = {"start_s": start_s, "end_s": end_s, "low_hz": low_hz, "high_hz": high_hz, "strength": strength}
    if painted_mask is not None:
        region["mask"] = mask_to_text(painted_mask)
    recipe = pipeline.recipe(prompt, sampling, params, "inpaint", region)
    heard = pipeline.hear([decode_picture(pipeline, latents)], [recipe], params)
    painted = np.zeros_like(audio)
    place(painted, heard.audios[0], heard.sampling_rate, view_s, rate_hz)
    if match_level:
        painted = _at_level_of_surroundings(painted, audio, rate_hz, start_s, end_s)
    if painted_mask is None:
        mixed = compose(audio, painted, rate_hz, (start_s, end_s), (low_hz, high_hz))
    else:
        mixed = compose_masked(audio, painted, rate_hz, painted_mask, pipeline.params)
    return SpectrogramAudioOutput(heard.images, mixed[None], rate_hz, heard.recipes)


def _read_own_mask(pipeline, mask, seconds: float, region: tuple) -> np.ndarray | None:
    """The mask as booleans over the sound's own picture; None when the region is told in numbers instead."""
    told = any(value is not None for value in region)
    if told == (mask is not None) or (mask is None and None in region[:2]):
        raise UsageProblem("the region is not told once", "start_s and end_s, or a mask", "give one of them")
    return None if mask is None else read_mask(mask, pipeline.params_for(seconds=seconds), seconds)


def _at_level_of_surroundings(painted, audio, rate_hz: int, start_s: float, end_s: float) -> np.ndarray:
    """The painted sound, its stretch at the level of the second before it and the second after it."""
    first, last, around = round(start_s * rate_hz), round(end_s * rate_hz), round(SURROUNDINGS_S * rate_hz)
    near = np.concatenate([audio[:, max(0, first - around) : first], audio[:, last : last + around]], axis=1)
    return bring_to_level(painted, near, slice(first, last)) if near.size else painted


def check_region(start_s, end_s, low_hz, high_hz, seconds: float) -> tuple[float, float]:
    """The region cut to the clip; raises UsageProblem when nothing of it is left."""
    begin_s, stop_s = max(0.0, start_s), min(seconds, end_s)
    if not (start_s < end_s and stop_s - begin_s >= 2 * FEATHER_S):
        raise UsageProblem(
            f"the region is {start_s:g} to {end_s:g} s", f"at least 0.1 s within 0 to {seconds:.2f} s", "move its edges"
        )
    if low_hz is not None and high_hz is not None and not 0 <= low_hz < high_hz:
        raise UsageProblem(f"the band is {low_hz:g} to {high_hz:g} Hz", "low below high", "exchange them")
    return begin_s, stop_s


def check_band(low_hz, high_hz, params):
    """Raises UsageProblem for a band that lies beyond what the model can paint: nothing would change."""
    low_hz, high_hz = low_hz or 0.0, params.high_hz if high_hz is None else high_hz
    if not (low_hz < params.high_hz and high_hz > params.low_hz):
        what = f"the band is {low_hz:g} to {high_hz:g} Hz"
        raise UsageProblem(what, f"some of {params.low_hz:g} to {params.high_hz:g} Hz", "choose another band")


def choose_view(pipeline, start_s: float, end_s: float, seconds: float):
    """(first second of the picture, its parameters): the model's own length around the region, more when it must."""
    natural_s = pipeline.params.clip_seconds
    length_s = max(natural_s, end_s - start_s + 0.25 * natural_s)
    view_s = min(max(0.0, (start_s + end_s - length_s) / 2), max(0.0, seconds - length_s))
    return view_s, pipeline.params_for(seconds=length_s)


def latent_mask(pipeline, latents, params, times_s: tuple, band_hz: tuple) -> torch.Tensor:
    """(1, 1, height, width): 1 where the region touches a latent, else 0."""
    height, width = latents.shape[-2:]
    mask = torch.zeros(1, 1, height, width, dtype=latents.dtype, device=latents.device)
    per_second = width / params.clip_seconds
    columns = slice(max(0, math.floor(times_s[0] * per_second)), math.ceil(times_s[1] * per_second))
    low, high = (
        params.low_hz if band_hz[0] is None else band_hz[0],
        params.high_hz if band_hz[1] is None else band_hz[1],
    )
    edges = warp(params, [params.low_hz, max(low, params.low_hz), min(high, params.high_hz), params.high_hz])
    top = math.floor(height * (edges[3] - edges[2]) / (edges[3] - edges[0]))
    bottom = math.ceil(height * (edges[3] - edges[1]) / (edges[3] - edges[0]))
    mask[..., top:bottom, columns] = 1
    return mask


def repaint(pipeline, original, mask, prompt: str, sampling: Sampling, strength: float = 1.0):
    """Latents painted anew where the mask is 1; elsewhere the original is put back at each step's own noise level."""
    timesteps = plan_steps(pipeline, sampling, strength)
    noise = sampling.noise(pipeline, original.shape)
    add_noise = pipeline.scheduler.add_noise

    def keep(latents, timestep):
        known = original if timestep is None else add_noise(original, noise, timestep[None])
        return mask * latents + (1 - mask) * known

    region = encode_region(pipeline, prompt, sampling)
    canvas = Canvas([region], sampling, model_columns(pipeline))
    return denoise(pipeline, add_noise(original, noise, timesteps[:1]), timesteps, canvas, keep)


def place(target: np.ndarray, audio: np.ndarray, from_hz: int, start_s: float, rate_hz: int):
    """Write audio (of another rate) into the target, from start_s on, as far as both reach."""
    audio = mix_channels(resample(audio, from_hz, rate_hz), target.shape[0])
    first = round(start_s * rate_hz)
    length = min(audio.shape[1], target.shape[1] - first)
    target[:, first : first + length] = audio[:, :length]


def compose(original, painted, rate_hz: int, times_s: tuple, band_hz: tuple) -> np.ndarray:
    """The original with the painted sound in its region: equal-power fades in time, a filter without delay in pitch."""
    gain = _fade(original.shape[1], rate_hz, times_s)
    if band_hz == (None, None):
        return (np.sqrt(1 - gain**2) * original + gain * painted).astype(np.float32)
    old, new = (band_of(audio, rate_hz, band_hz) for audio in (original, painted))
    return (original + (np.sqrt(1 - gain**2) - 1) * old + gain * new).astype(np.float32)


def _fade(samples: int, rate_hz: int, times_s: tuple) -> np.ndarray:
    """Gain of the painted sound: 0 outside the region, 1 inside, quarter sines between; none at the clip's own ends."""
    first, last = round(times_s[0] * rate_hz), min(samples, round(times_s[1] * rate_hz))
    feather = round(FEATHER_S * rate_hz)
    rise = np.sin(np.linspace(0, np.pi / 2, feather, endpoint=False))
    gain = np.zeros(samples)
    gain[first:last] = 1.0
    if first > 0:
        gain[first : first + feather] = rise
    if last < samples:
        gain[last - feather : last] = rise[::-1]
    return gain


def band_of(audio: np.ndarray, rate_hz: int, band_hz: tuple) -> np.ndarray:
    """The part of (channels, samples) between two frequencies; zero phase, raised-cosine edges a semitone wide."""
    samples = audio.shape[1]
    frequency_hz = np.fft.rfftfreq(2 * samples, 1 / rate_hz)
    gain = np.ones_like(frequency_hz)
    position = np.log(np.maximum(frequency_hz, 1e-3)) / np.log(BAND_EDGE)
    if band_hz[0]:
        gain *= _step(position - np.log(band_hz[0]) / np.log(BAND_EDGE))
    if band_hz[1]:
        gain *= _step(np.log(band_hz[1]) / np.log(BAND_EDGE) - position)
    return np.fft.irfft(np.fft.rfft(audio, 2 * samples) * gain, 2 * samples)[:, :samples]


def _step(position: np.ndarray) -> np.ndarray:
    """0 below 0, 1 above 1, half a cosine between: the whole fade lies inside the band."""
    return 0.5 - 0.5 * np.cos(np.pi * np.clip(position, 0, 1))
