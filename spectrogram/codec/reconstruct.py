"""Audio from band magnitudes: inverse bands, integrated phase, Griffin-Lim steps, then a fit to the bands themselves.

The picture knows bands, not bins, so the last step scales the sound's own spectrum until its bands equal the picture's,
which keeps the natural grain inside wide bands and puts the loudness right.
"""

import numpy as np

from spectrogram.codec.learned_inverse import FINE, fine_magnitude, load_weights
from spectrogram.codec.mel import filterbank, inverse_filterbank, spreading
from spectrogram.codec.noise_filling import mean_size, white_noise
from spectrogram.codec.phase import (
    impose_magnitude,
    integrate_phase,
    scale_bins,
    sizes_by_bin,
    turn_positive,
    with_phase,
)
from spectrogram.codec.stft import Sweep
from spectrogram.codec.tones import lay_tones, take_tones
from spectrogram.params import SpectrogramParams

MOMENTUM = np.float32(0.99 / 1.99)
GREATEST_GAIN = np.float32(30)
LEAST_OVERLAP = 5.0  # windows a sample; pictures with fewer are interpolated in time before phases are sought
FRAMES_AT_ONCE = 32
FLOOR = np.float32(1e-7)
LEFT_OF_TONE = np.float32(0.03)  # of a tone's bands for the learned inverse, which never saw a hole among bands
OVERSHOOT = np.float32(0.35)  # 3 dB: what a peak between two frames may rise above them


def synthesise(
    levels: np.ndarray, params: SpectrogramParams, seed: int, steps: int | None = None, noise: np.ndarray | None = None
) -> np.ndarray:
    """Audio (frames·hop,) whose bands are `levels` (bands, frames), linear magnitudes, full-scale sine = 1.

    `steps` Griffin-Lim iterations mend the phase, a band fit the loudness; each costs two transforms. By default there
    are 2 steps, and 4 where the picture's columns are so far apart that frames between them had to be guessed.
    `noise` (bands, frames): the share of the power of each level that is noise (see `noise_filling`).
    """
    fine_params, magnitude = find_magnitude(levels, params)
    phase = find_phase(magnitude, fine_params, seed)
    sweep = Sweep(fine_params, len(magnitude), levels.shape[1] * params.hop_samples)
    canvas = sweep.lay((chunk, with_phase(*parts)) for chunk, *parts in sweep.split(magnitude, phase))
    if steps is None:
        steps = 2 if fine_params.hop_samples == params.hop_samples else 4
    previous = np.zeros(magnitude.shape, np.complex64)

    def imposed(canvas):
        for chunk, spectrum in sweep.spectra(canvas):
            impose_magnitude(magnitude[chunk], spectrum, previous[chunk], MOMENTUM)
            yield chunk, spectrum

    for _ in range(steps):
        canvas = sweep.lay(imposed(canvas))
    return fit_bands(sweep.audio(canvas), levels, params, noise, seed)


def find_magnitude(levels: np.ndarray, params: SpectrogramParams) -> tuple[SpectrogramParams, np.ndarray]:
    """Bin magnitudes (frames, bins) at a hop fine enough for phases, and the parameters with that hop."""
    weights = load_weights(params)
    if weights is None:
        fine_params, fine_levels = refine_time(levels, params)
        return fine_params, spread_with_tones(fine_levels, fine_params)
    rest, tones = take_tones(levels, params)
    magnitude = fine_magnitude(np.maximum(rest, LEFT_OF_TONE * levels), params, weights)
    lay_tones(magnitude, tones, params, FINE)
    return params.replace(step_ms=params.step_ms / FINE), magnitude


def spread_with_tones(levels: np.ndarray, params: SpectrogramParams) -> np.ndarray:
    """Bin magnitudes (frames, bins) for band levels (bands, frames), steady tones as exact lines."""
    rest, tones = take_tones(levels, params)
    magnitude = spread_bands(rest, params)
    lay_tones(magnitude, tones, params)
    return magnitude


def refinement(params: SpectrogramParams) -> int:
    """Into how many frames each column is parted, odd; 1 where windows overlap enough or the hop has no such part."""
    overlap, factor = params.window_samples / params.hop_samples, 1
    while overlap * factor < LEAST_OVERLAP or (params.hop_samples % factor and factor < 9):
        factor += 2
    return 1 if params.hop_samples % factor else factor


def refine_time(levels: np.ndarray, params: SpectrogramParams) -> tuple[SpectrogramParams, np.ndarray]:
    """Levels interpolated (Catmull-Rom, in dB) to an odd fraction of the hop where windows overlap too little.

    An odd factor keeps every picture frame exactly; the gradient of the phase is read off differences between frames.
    """
    factor = refinement(params)
    if factor == 1:
        return params, levels
    logs = np.log(np.maximum(levels, FLOOR))
    padded = np.pad(logs, ((0, 0), (2, 2)), mode="edge")
    fine = np.empty((*logs.shape, factor), np.float32)
    for index in range(factor):
        offset = (index - factor // 2) / factor
        shift, part = (0, offset) if offset >= 0 else (-1, offset + 1)
        neighbours = [padded[:, 1 + shift + tap : 1 + shift + tap + logs.shape[1]] for tap in range(4)]
        curve = sum(weight * row for weight, row in zip(catmull_rom(part), neighbours, strict=True))
        fine[..., index] = np.minimum(curve, np.maximum(neighbours[1], neighbours[2]) + OVERSHOOT)
    fine_params = params.replace(step_ms=params.step_ms / factor)
    fine = np.exp(fine.reshape(len(logs), -1))
    return fine_params, np.where(fine > 2 * FLOOR, fine, 0)


def catmull_rom(part: float) -> tuple[float, float, float, float]:
    """Weights of the two values before and the two after a place ``part`` of the way between the middle ones."""
    square, cube = part**2, part**3
    return (
        -0.5 * part + square - 0.5 * cube,
        1 - 2.5 * square + 1.5 * cube,
        0.5 * part + 2 * square - 1.5 * cube,
        -0.5 * square + 0.5 * cube,
    )


def spread_bands(levels: np.ndarray, params: SpectrogramParams) -> np.ndarray:
    """Bin magnitudes (frames, bins), contiguous, for band levels (bands, frames)."""
    inverse = inverse_filterbank(params)
    magnitude = np.empty((levels.shape[1], inverse.shape[0]), np.float32)
    for first in range(0, len(magnitude), FRAMES_AT_ONCE):
        chunk = slice(first, first + FRAMES_AT_ONCE)
        turn_positive(inverse @ np.ascontiguousarray(levels[:, chunk]), magnitude[chunk])
    return magnitude


def guess_spectrum(magnitude: np.ndarray, params: SpectrogramParams, seed: int) -> np.ndarray:
    """Complex spectrum of the magnitudes (frames, bins) with phases integrated from their gradients."""
    return with_phase(magnitude, find_phase(magnitude, params, seed))


def find_phase(magnitude: np.ndarray, params: SpectrogramParams, seed: int) -> np.ndarray:
    """Phases (uint32 turns) of the magnitudes (frames, bins), integrated from their gradients."""
    logs = np.maximum(magnitude, FLOOR)
    np.log(logs, out=logs)
    return integrate_phase(logs, params.hop_samples, params.fft_samples, params.window_samples, seed)


def fit_bands(
    audio: np.ndarray, levels: np.ndarray, params: SpectrogramParams, noise: np.ndarray | None = None, seed: int = 0
) -> np.ndarray:
    """The audio with its spectrum scaled so that its bands come near `levels` (bands, frames).

    `noise` (bands, frames): the share of the power of each level that is white noise instead, drawn from the seed.
    """
    sweep = Sweep(params, levels.shape[1], len(audio))
    if noise is None:
        return sweep.audio(sweep.lay(_fitted(sweep, sweep.canvas(audio), levels)))
    own = _fitted(sweep, sweep.canvas(audio), levels * np.sqrt(1 - noise))
    return sweep.audio(sweep.lay(_with_noise(sweep, own, levels * np.sqrt(noise), seed)))


def _fitted(sweep: Sweep, canvas: np.ndarray, levels: np.ndarray):
    """Chunks of the canvas's spectrum with each band scaled to its level."""
    for chunk, spectrum in sweep.spectra(canvas):
        scale_bins(spectrum, gains_towards(levels[:, chunk], sizes_by_bin(spectrum), sweep.params))
        yield chunk, spectrum


def _with_noise(sweep: Sweep, chunks, levels: np.ndarray, seed: int):
    """Chunks of a spectrum, and noise with these band levels added to them."""
    white = sweep.canvas(white_noise(sweep.samples, seed))
    spread = spreading(sweep.params)
    for (chunk, spectrum), (_, drawn) in zip(chunks, sweep.spectra(white), strict=True):
        scale_bins(drawn, spread @ np.ascontiguousarray(levels[:, chunk] / mean_size(sweep)))
        yield chunk, spectrum + drawn


def gains_towards(levels: np.ndarray, sizes: np.ndarray, params: SpectrogramParams, eager: bool = False) -> np.ndarray:
    """Gain of each bin (bins, frames) that brings the bands of `sizes` (bins, frames) near the levels; eager: ^1.25."""
    gain = np.minimum(levels / np.maximum(filterbank(params) @ sizes, FLOOR), GREATEST_GAIN)
    return spreading(params) @ (gain * np.sqrt(np.sqrt(gain)) if eager else gain)
