"""Steady tones told from the bands that they light, and laid into the spectrum as the exact lines of the window.

A sine lights a few neighbouring bands in proportions that depend on its frequency alone. Wide bands leave no trace of
its line's shape, and 8-bit steps bend it where bands are narrow: the inverse of the bands then moves the pitch by
cents. So each isolated peak is compared with the patterns of all sines that could have made it; where one fits as well
as rounding allows, its line takes the place of those bands.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.sparse import csr_matrix

from spectrogram.codec.compiled import compiled
from spectrogram.codec.mel import filterbank
from spectrogram.codec.stft import analysis_window
from spectrogram.params import SpectrogramParams

MOST = 16  # bands to each side of the strongest that are compared, at most; what a line lights, and one more
TURNS = 4  # of the refinement of a fit
GRID = 33  # sines a band is compared with
EVERY = 0.04  # bins; how finely the range of those sines is sought
DEPTH = np.float32(np.log(10) * 36 / 20)  # what lies deeper under the peak does not tell a tone from other sounds
DEEPEST = np.float32(np.log(10) * 50 / 20)  # what is kept of the patterns
FLANK = np.float32(np.log(10) * 42 / 20)  # bands above that refine the frequency, where they are
CLOSE = np.float32(np.log(10) * 0.8 / 20)  # to what the tone would make of them
MISFIT = np.float32(np.log(10) * 1.0 / 20)  # RMS over the bands; rounding to 120/255 dB makes 0.14 dB of it
ROUNDING = np.float32(0.07)  # what may be left of a band's level by rounding
FAINTEST = np.float32(1e-5)
LINE, STEPS = 8, 64  # bins to each side of a line that it is laid on, values kept for each
LOWEST_BIN = 2.5  # below, the line beats with its mirror image at negative frequencies


@dataclass(frozen=True)
class Patterns:
    """What each of GRID sines around each band looks like in the bands.

    `bins` (bands, GRID): where the sine lies. `logs` (bands, GRID, 2·MOST + 1): the bands around relative to the
    loudest, no deeper than DEEPEST. `peak` (bands, GRID): log of the loudest for amplitude 1. `reach` (bands,): how
    many bands to each side count; `fall`: how loud the outermost of them may be beside the middle one.
    """

    bins: np.ndarray
    logs: np.ndarray
    peak: np.ndarray
    reach: np.ndarray
    fall: np.ndarray


@lru_cache(maxsize=8)
def window_line(window_samples: int, fft_samples: int) -> np.ndarray:
    """Magnitude of a sine of amplitude 1 at 0, 1/STEPS, … LINE + 1 bins from it, float32."""
    window = analysis_window(window_samples, fft_samples)
    places = np.arange((LINE + 1) * STEPS + 1)[:, None] / STEPS
    angles = 2 * np.pi / fft_samples * places * (np.arange(fft_samples) - fft_samples // 2)
    return np.abs(np.cos(angles) @ window / 2).astype(np.float32)


@lru_cache(maxsize=8)
def tone_patterns(params: SpectrogramParams) -> Patterns:
    """Patterns for these parameters, whatever the width of the picture."""
    line, last = window_line(params.window_samples, params.fft_samples), params.fft_samples // 2
    bins = np.linspace(*_heard_from(params, line), GRID, axis=1)
    levels = (filterbank(params) @ _lines(bins.ravel(), last + 1, line)).tocoo()
    own, around = levels.col // GRID, levels.row - levels.col // GRID + MOST
    near = (around >= 0) & (around <= 2 * MOST)
    logs = np.full((len(bins), GRID, 2 * MOST + 1), np.log(1e-9))
    logs[own[near], levels.col[near] % GRID, around[near]] = np.log(np.maximum(levels.data[near], 1e-9))
    peak = logs.max(axis=2)
    logs = np.maximum(logs - peak[..., None], -DEEPEST)
    lit = (logs > -DEPTH).any(axis=1)
    reach = np.minimum(np.abs(np.arange(-MOST, MOST + 1) * lit).max(axis=1) + 1, MOST)
    own = np.arange(len(bins))
    ends = np.stack([logs[own, :, MOST - reach], logs[own, :, MOST + reach]])
    fall = np.exp(np.maximum(ends.max(axis=(0, 2)), -DEPTH) + 2 * MISFIT)
    arrays = (np.ascontiguousarray(values, dtype=np.float32) for values in (bins, logs, peak))
    return Patterns(*arrays, reach, fall.astype(np.float32))


def _heard_from(params: SpectrogramParams, line: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Lowest and highest bin (bands,) of the sines in which each band is the loudest, or a rounding step from it."""
    places = np.arange(0, params.fft_samples // 2, EVERY)
    levels = (filterbank(params) @ _lines(places, params.fft_samples // 2 + 1, line)).tocoo()
    loudest = np.zeros(len(places), np.float32)
    np.maximum.at(loudest, levels.col, levels.data)
    heard = levels.data > loudest[levels.col] * (1 - ROUNDING)
    lowest, highest = np.full(params.bands, np.inf), np.zeros(params.bands)
    np.minimum.at(lowest, levels.row[heard], places[levels.col[heard]])
    np.maximum.at(highest, levels.row[heard], places[levels.col[heard]])
    return np.minimum(lowest, highest) - EVERY, highest + EVERY


def _lines(places: np.ndarray, bins: int, line: np.ndarray) -> csr_matrix:
    """Spectra (bins, places) of sines of amplitude 1."""
    near = np.rint(places).astype(int)[:, None] + np.arange(-LINE, LINE + 1)
    size = np.interp(np.abs(near - places[:, None]), np.arange(len(line)) / STEPS, line)
    inside = (near >= 0) & (near < bins)
    columns = np.broadcast_to(np.arange(len(places))[:, None], near.shape)
    return csr_matrix((size[inside], (near[inside], columns[inside])), shape=(bins, len(places)))


def take_tones(levels: np.ndarray, params: SpectrogramParams) -> tuple[np.ndarray, np.ndarray]:
    """(levels (bands, frames) without the steady tones in them, tones (n, 3): frame, bin, amplitude)."""
    patterns = tone_patterns(params.replace(columns=1))
    rest = levels.copy()
    tones = _take(levels, rest, patterns.bins, patterns.logs, patterns.peak, patterns.reach, patterns.fall)
    return rest, tones


def lay_tones(magnitude: np.ndarray, tones: np.ndarray, params: SpectrogramParams, fine: int = 1):
    """Put the lines of the tones into the magnitudes (frames·fine, bins) wherever they are the louder."""
    _lay(magnitude, tones, window_line(params.window_samples, params.fft_samples), fine)


@compiled
def _take(levels, rest, bins, logs, peak, reach, fall):
    bands, frames = levels.shape
    tones, count = np.empty((bands * frames // 2, 3), np.float32), 0
    shape, found = np.empty(2 * MOST + 1, np.float32), np.empty(2, np.float32)
    alone = np.empty(frames, np.uint8)
    for band in range(1, bands - 1):
        far = reach[band]
        if bins[band, 0] < LOWEST_BIN or band < far or band + far >= bands:
            continue
        nearby = logs[band, :, MOST - far : MOST + far + 1]
        for frame in range(frames):  # without branches, so that many are looked at at once
            here = levels[band, frame]
            above_both = (here > levels[band - 1, frame]) & (here >= levels[band + 1, frame]) & (here > FAINTEST)
            most = fall[band] * here
            alone[frame] = above_both & (levels[band - far, frame] <= most) & (levels[band + far, frame] <= most)
        for frame in range(frames):
            if not alone[frame]:
                continue
            here = levels[band, frame]
            for index in range(2 * far + 1):
                ratio = levels[band + index - far, frame] / here
                shape[index] = max(np.log(ratio + np.float32(1e-9)), -DEEPEST)
            if not _fit(shape[: 2 * far + 1], nearby, found):
                continue
            low = min(max(int(found[0]), 0), GRID - 2)
            part = min(max(found[0] - low, np.float32(0)), np.float32(1))
            loudest = here * np.exp(found[1])
            tones[count, 0] = frame
            tones[count, 1] = bins[band, low] * (1 - part) + bins[band, low + 1] * part
            tones[count, 2] = loudest * np.exp(-peak[band, low] * (1 - part) - peak[band, low + 1] * part)
            count += 1
            for index in range(2 * far + 1):
                log = nearby[low, index] * (1 - part) + nearby[low + 1, index] * part
                if log > -DEPTH:
                    left = rest[band + index - far, frame] - loudest * np.exp(log)
                    rest[band + index - far, frame] = left if left > ROUNDING * loudest * np.exp(log) else 0
    return tones[:count]


@compiled
def _fit(shape, logs, tone):
    """Whether a pattern fits; `tone` becomes its place on the grid and the offset of the logs (Gauss and Newton)."""
    least, best = np.float32(1e9), 0
    for place in range(GRID):
        total, mean, square = np.float32(0), np.float32(0), np.float32(0)
        for index in range(shape.size):
            weight = _weight(logs[place, index])
            away = max(shape[index], -DEPTH) - max(logs[place, index], -DEPTH)
            total += weight
            mean += weight * away
            square += weight * away * away
        misfit = (square - mean * mean / total) / total
        if misfit < least:
            least, best, offset = misfit, place, mean / total
    if least > MISFIT * MISFIT:
        return False
    place = np.float32(best)
    for turn in range(TURNS):
        low = min(max(int(place), 0), GRID - 2)
        part = place - low
        aa = ab = bb = bd = ad = np.float32(0)
        for index in range(shape.size):
            slope = logs[low + 1, index] - logs[low, index]
            away = shape[index] - logs[low, index] - part * slope
            weight = _weight(logs[low, index])
            if turn > 0:
                lit = min(logs[low, index], logs[low + 1, index]) > -FLANK
                weight = np.float32(lit and np.abs(away - offset) < CLOSE)
            aa += weight
            ab += weight * slope
            bb += weight * slope * slope
            ad += weight * away
            bd += weight * slope * away
        step = (aa * bd - ab * ad) / (aa * bb - ab * ab + np.float32(1e-9))
        step = min(max(step, np.float32(-1)), np.float32(1))
        place, offset = place + step, (ad - ab * step) / (aa + np.float32(1e-9))
    tone[0], tone[1] = place, offset
    return True


@compiled
def _weight(log):
    """Bands that a tone lights well count fully, those at DEPTH hardly."""
    return min(np.float32(0.1) + np.float32(5) * max(1 + log / DEPTH, np.float32(0)), np.float32(1))


@compiled
def _lay(magnitude, tones, line, fine):
    for tone in range(len(tones)):
        first, place, amplitude = int(tones[tone, 0]) * fine, tones[tone, 1], tones[tone, 2]
        middle = int(place + 0.5)
        for bin_ in range(max(middle - LINE, 0), min(middle + LINE + 1, magnitude.shape[1])):
            step = np.abs(bin_ - place) * STEPS
            low = int(step)
            size = amplitude * (line[low] + (step - low) * (line[low + 1] - line[low]))
            for frame in range(first, first + fine):
                magnitude[frame, bin_] = max(magnitude[frame, bin_], size)
