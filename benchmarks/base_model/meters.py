"""Meters of signal processing: pitch, pace, unbroken lines, likeness. Audio is mono, pictures are uint8.

A meter is a number that should grow with what the words say; where its threshold lies is learned from originals.
"""

import numpy as np

from metrics.embedders.sound_cnn_features import HOP_SAMPLES, RATE_HZ, log_mel_db, relative_levels

FRAME = 2048
HARMONICS = 6
CANDIDATES_HZ = np.geomspace(70, 4000, 240)
RATES_HZ = (0.6, 16.0)
RIDGE_LEVELS = 14  # how far a line stands out of both its neighbourhoods, in 8-bit levels: about 6.6 dB
RIDGE_REACH = 3
LIKENESS_SHAPE = (32, 64)


def _power_frames(audio):
    """Power spectra (frames, bins) of the louder half of the frames, 128 ms at 16 kHz."""
    padded = np.pad(audio, (0, max(0, FRAME - len(audio))))
    frames = np.lib.stride_tricks.sliding_window_view(padded, FRAME)[:: FRAME // 4] * np.hanning(FRAME)
    power = np.abs(np.fft.rfft(frames)) ** 2
    energy = power.sum(axis=1)
    return power[energy >= np.median(energy)]


def fundamental(audio):
    """Log2 of the median fundamental in Hz: the candidate whose harmonics stand out most of what lies between."""
    power = _power_frames(audio)
    size = np.sqrt(power)
    bins_hz = RATE_HZ / FRAME
    salience = np.zeros((len(size), len(CANDIDATES_HZ)))
    for h in range(1, HARMONICS + 1):
        at = np.rint(CANDIDATES_HZ * h / bins_hz).astype(int)
        between = np.rint(CANDIDATES_HZ * (h - 0.5) / bins_hz).astype(int)
        valid = at < size.shape[1] - 1
        salience[:, valid] += 0.8**h * (size[:, at[valid]] - size[:, between[valid]])
    best = np.log2(CANDIDATES_HZ[salience.argmax(axis=1)])
    order, weights = np.argsort(best), size.sum(axis=1)
    return float(best[order][np.searchsorted(np.cumsum(weights[order]), weights.sum() / 2)])


def brightness(audio):
    """Log2 of the centre of gravity of the spectrum in Hz, on a logarithmic scale, 60 Hz and up."""
    mean = np.sqrt(_power_frames(audio)).mean(axis=0)
    octave = np.log2(np.maximum(np.arange(len(mean)) * RATE_HZ / FRAME, 60))
    weights = mean / np.maximum(2**octave, 60)  # a bin covers less of an octave the higher it lies
    return float((octave * weights).sum() / weights.sum())


def modulation(audio):
    """Log2 of the mean rate in Hz at which bands rise and fall, from the modulation spectrum of 64 mel bands."""
    levels = relative_levels(log_mel_db(audio))
    moving = levels - levels.mean(axis=0)
    power = (np.abs(np.fft.rfft(moving * np.hanning(len(moving))[:, None], 1024, axis=0)) ** 2).sum(axis=1)
    rates = np.fft.rfftfreq(1024, HOP_SAMPLES / RATE_HZ)
    inside = (rates >= RATES_HZ[0]) & (rates <= RATES_HZ[1])
    weights = power[inside]
    return float((np.log2(rates[inside]) * weights).sum() / max(weights.sum(), 1e-12))


def onsets(audio):
    """Log2 of the number of onsets a second: peaks of the summed rises of the bands that top their surroundings."""
    levels = relative_levels(log_mel_db(audio))
    rise = np.maximum(np.diff(levels, axis=0), 0).mean(axis=1)
    smooth = np.convolve(rise, np.hanning(5) / np.hanning(5).sum(), "same")
    reach = 4
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(smooth, reach), 2 * reach + 1)
    peaks = (smooth == windows.max(axis=1)) & (smooth > 0.25 * np.quantile(smooth, 0.98))
    return float(np.log2((peaks.sum() + 0.5) / (len(audio) / RATE_HZ)))


def period(audio):
    """Log2 of the repetition rate in Hz: the strongest peak of the autocorrelation of the bands' levels."""
    levels = relative_levels(log_mel_db(audio))
    moving = levels - levels.mean(axis=0)
    spectrum = np.abs(np.fft.rfft(moving, 1024, axis=0)) ** 2
    likeness = np.fft.irfft(spectrum.sum(axis=1))
    seconds = np.arange(len(likeness)) * HOP_SAMPLES / RATE_HZ
    inside = np.flatnonzero((seconds >= 1 / RATES_HZ[1]) & (seconds <= 1 / RATES_HZ[0]))
    peaks = inside[(likeness[inside] > likeness[inside - 1]) & (likeness[inside] >= likeness[inside + 1])]
    best = peaks[likeness[peaks].argmax()] if len(peaks) else inside[-1]
    return float(-np.log2(seconds[best]))


METERS = {"pitch": (fundamental, brightness), "pace": (modulation, onsets, period)}


def best_meter(meters, less, more):
    """(meter, threshold, share of the originals on their side): the meter that tells less from more best."""
    fits = []
    for meter in meters:
        low, high = np.array([meter(a) for a in less]), np.array([meter(a) for a in more])
        values = np.unique(np.concatenate([low, high]))
        for threshold in (values[1:] + values[:-1]) / 2 if len(values) > 1 else values:
            right = ((low < threshold).mean() + (high >= threshold).mean()) / 2
            fits.append((right, -abs(threshold - (np.median(low) + np.median(high)) / 2), meter, float(threshold)))
    best = max(fits, key=lambda fit: fit[:2])
    return best[2], best[3], float(best[0])


def ridges(picture):
    """Booleans (bands, columns): peaks along frequency that stand out on both sides."""
    x = picture.astype(np.int16)
    padded = np.pad(x, ((RIDGE_REACH, RIDGE_REACH), (0, 0)), mode="edge")
    above, below = padded[: len(x)], padded[2 * RIDGE_REACH :]
    nearest = np.pad(x, ((1, 1), (0, 0)), mode="edge")
    peak = (x >= nearest[:-2]) & (x > nearest[2:])
    return peak & (x - above >= RIDGE_LEVELS) & (x - below >= RIDGE_LEVELS) & (x > x.max() - 85)


def ridge_seconds(picture, step_s):
    """Mean length in seconds of the line that a ridge's pixel lies on; a line moves by two bands a column at most.

    A mesh is made of many short pieces, a siren of few long ones. 0 where there is no ridge.
    """
    marks = ridges(picture)
    lengths, ends = [], {}
    for column in range(marks.shape[1]):
        following = {}
        for band in np.flatnonzero(marks[:, column]):
            near = [b for b in (band, band - 1, band + 1, band - 2, band + 2) if b in ends]
            following[band] = ends.pop(near[0]) + 1 if near else 1
        lengths += ends.values()
        ends = following
    lengths = np.array([*lengths, *ends.values()], dtype=float)
    return float((lengths**2).sum() / lengths.sum() * step_s) if len(lengths) else 0.0


def small(picture):
    """A picture as unit vector grid LIKENESS_SHAPE without its mean, float32."""
    rows, columns = LIKENESS_SHAPE
    x = picture.astype(np.float32)
    x = x.reshape(rows, x.shape[0] // rows, columns, x.shape[1] // columns).mean(axis=(1, 3))
    x -= x.mean()
    return x / max(float(np.linalg.norm(x)), 1e-6)


def nearest_likeness(pictures, training):
    """The largest correlation of each small picture with any training picture at any shift in time, (n,)."""
    known = np.conj(np.fft.rfft(np.asarray(training), axis=-1))
    best = []
    for picture in pictures:
        shifts = np.fft.irfft((np.fft.rfft(picture, axis=-1) * known).sum(axis=1), LIKENESS_SHAPE[1], axis=-1)
        best.append(float(shifts.max()))
    return np.array(best)
