"""Sound of pictures that no sound has exactly, as those that a diffusion model painted: band fits from a quick start.

Phases follow the hills of the magnitudes; then the sound's own spectrum is scaled again and again until its bands come
near the picture's, even and odd frames in turn, so that each half already hears what the other changed. All of it is
done at the lowest rate that holds the picture's band. The lowest bands, narrower than a bin there, are then fitted
alone, at an eighth of the rate and with twice as many bins, which costs little.
"""

import math

import numpy as np
import scipy.fft

from spectrogram.codec.compiled import compiled
from spectrogram.codec.hills import follow_hills
from spectrogram.codec.mel import edges_hz
from spectrogram.codec.phase import with_phase
from spectrogram.codec.reconstruct import FLOOR, gains_towards, spread_bands
from spectrogram.codec.stft import Sweep
from spectrogram.params import SpectrogramParams

CARRY = np.float32(0.9)  # of a frame's last change, added before it is changed again; more, or bolder gains, diverge
TOLERANCE = 1e-3  # that the working grid's window may be longer or shorter
PART = 8  # of the rate is left for the lowest bands
LOW_FITS, LOW_BINS = 8, 2
BLEND = 0.85, 0.95  # of the lowest bands' Nyquist frequency: below, their own sound; above, the whole picture's


def synthesise_generated(levels: np.ndarray, params: SpectrogramParams, seed: int, fits: int) -> np.ndarray:
    """Audio whose bands come near `levels` (bands, frames), linear magnitudes, full-scale sine = 1, at params' rate."""
    samples, grid = samples_of(levels, params), working_grid(params)
    if samples == 0:
        return np.zeros(0, np.float32)
    sweep = Sweep(grid, levels.shape[1], samples_of(levels, grid))
    magnitude = spread_bands(levels, grid)
    phase = follow_hills(np.log(np.maximum(magnitude, FLOOR)), grid, seed)
    canvas = sweep.lay((chunk, with_phase(*parts)) for chunk, *parts in sweep.split(magnitude, phase))
    spectrum = scipy.fft.rfft(fit_in_turns(sweep, sweep.audio(canvas), levels, fits))
    if fits > 1:
        fit_lowest(spectrum, levels, grid)
    return scipy.fft.irfft(spectrum, samples) * np.float32(samples / sweep.samples)


def samples_of(levels: np.ndarray, params: SpectrogramParams) -> int:
    """Length of the sound of a picture (bands, frames)."""
    return (levels.shape[1] - (params.framing == "centre")) * params.hop_samples


def working_grid(params: SpectrogramParams) -> SpectrogramParams:
    """The same picture at the lowest rate that holds its band, with whole hops and a window of small prime factors.

    Hop and window are multiples of PART; parameters for which there is none such below their own rate stay as they are.
    """
    lowest = math.ceil(params.hop_samples * 2 * params.high_hz / params.sample_rate_hz / PART)
    for hop in range(PART * lowest, params.hop_samples, PART):
        wanted = params.window_samples * hop / params.hop_samples
        window = PART * round(wanted / PART)
        if abs(window / wanted - 1) <= TOLERANCE and _is_smooth(window):
            rate_hz = math.ceil(params.sample_rate_hz * hop / params.hop_samples)
            return _at_rate(params, rate_hz, hop, window)
    return params


def _is_smooth(length: int) -> bool:
    return scipy.fft.next_fast_len(length, real=True) == length


def _at_rate(params: SpectrogramParams, rate_hz: int, hop: int, window: int, **changes) -> SpectrogramParams:
    steps = {"step_ms": 1000 * hop / rate_hz, "window_ms": 1000 * window / rate_hz}
    return params.replace(sample_rate_hz=rate_hz, **steps, **changes)


def fit_lowest(spectrum: np.ndarray, levels: np.ndarray, grid: SpectrogramParams):
    """Replace the lowest bins of a whole sound's spectrum by those of a sound with its lowest bands fitted further."""
    hop, window, samples = grid.hop_samples, grid.window_samples, samples_of(levels, grid)
    nyquist_hz = grid.sample_rate_hz // PART / 2
    edges = edges_hz(grid)
    bands = int(np.searchsorted(edges, nyquist_hz, side="right")) - 2
    if hop % PART or window % PART or bands < 2 or bands >= grid.mel_bands:
        return
    band = {"mel_bands": bands, "high_hz": float(edges[bands + 1])}
    low = _at_rate(grid, grid.sample_rate_hz // PART, hop // PART, window // PART, **band)
    low = low.replace(padded_ms=LOW_BINS * low.window_ms)
    count = samples // PART // 2 + 1
    audio = scipy.fft.irfft(spectrum[:count], samples // PART) / np.float32(PART)
    sweep = Sweep(low, levels.shape[1], len(audio))
    fitted = scipy.fft.rfft(fit_in_turns(sweep, audio, levels[:bands], LOW_FITS))[:count] * np.float32(PART)
    first, last = BLEND
    own = np.clip((last - np.arange(count, dtype=np.float32) / count) / (last - first), 0, 1)
    spectrum[:count] += own * (fitted - spectrum[:count])


def fit_in_turns(sweep: Sweep, audio: np.ndarray, levels: np.ndarray, times: int) -> np.ndarray:
    """The audio with its bands brought near the levels, `times` times for the even frames and for the odd ones."""
    bins = sweep.params.fft_samples // 2 + 1
    seen = [np.zeros((len(range(half, sweep.frames, 2)), bins), np.complex64) for half in (0, 1)]
    for time in range(times):
        for half in (0, 1):
            carry = CARRY if time else np.float32(0)
            changes = _changes(sweep, sweep.canvas(audio), levels, seen[half], half, carry)
            audio = audio + sweep.audio(sweep.lay(changes))
    return audio


def _changes(sweep: Sweep, canvas: np.ndarray, levels: np.ndarray, seen: np.ndarray, half: int, carry: np.float32):
    for chunk, spectrum in sweep.spectra(canvas, half, 2):
        before = seen[chunk.start // 2 : chunk.start // 2 + len(spectrum)]
        sizes = _look_ahead(spectrum, before, carry)
        _leave_change(spectrum, gains_towards(levels[:, chunk], sizes, sweep.params, eager=True), before)
        yield chunk, spectrum


@compiled
def _look_ahead(spectrum, seen, carry):
    """Sizes (bins, frames) of the spectrum (frames, bins) moved on by its last change; `seen` keeps what it was."""
    frames, bins = spectrum.shape
    sizes, size = np.empty((bins, frames), np.float32), np.empty(bins, np.float32)
    for frame in range(frames):
        ahead, before = spectrum[frame].view(np.float32), seen[frame].view(np.float32)
        for part in range(2 * bins):
            now = ahead[part]
            ahead[part] = now + carry * (now - before[part])
            before[part] = now
        for bin_ in range(bins):
            real, imag = ahead[2 * bin_], ahead[2 * bin_ + 1]
            size[bin_] = np.sqrt(real * real + imag * imag)
        for bin_ in range(bins):
            sizes[bin_, frame] = size[bin_]
    return sizes


@compiled
def _leave_change(spectrum, gains, seen):
    """Multiply a spectrum (frames, bins) by gains (bins, frames) and leave only how it then differs from `seen`."""
    frames, bins = spectrum.shape
    gain = np.empty(bins, np.float32)
    for frame in range(frames):
        ahead, before = spectrum[frame].view(np.float32), seen[frame].view(np.float32)
        for bin_ in range(bins):
            gain[bin_] = gains[bin_, frame]
        for bin_ in range(bins):
            ahead[2 * bin_] = ahead[2 * bin_] * gain[bin_] - before[2 * bin_]
            ahead[2 * bin_ + 1] = ahead[2 * bin_ + 1] * gain[bin_] - before[2 * bin_ + 1]
