"""Differences between the spectra of two waveforms of one clip: audio is mono float (samples,), full scale is 1.

Both waveforms are cut to the shorter one. Nothing here hears a shift in time or a lost phase as a person would: these
figures are for codecs and vocoders, not for two recordings of one kind of sound.
"""

import numpy as np
from scipy.ndimage import uniform_filter

from metrics.distances.samples import SampleProblem

FLOOR_POWER = 1e-10  # -100 dB below full scale: silence against silence is 0, whichever side it is on
RESOLUTIONS = (
    (1024, 120, 600),
    (2048, 240, 1200),
    (512, 50, 240),
)  # FFT, hop, window of the usual multi-resolution loss
PICTURE_FLOOR_DB = -100.0
SSIM_WINDOW = 7


def log_spectral_distance(reference: np.ndarray, generated: np.ndarray, fft: int = 1024, hop: int = 256) -> float:
    """Mean over frames of the root mean square difference of power spectra, in dB; symmetric, 0 is best."""
    a, b = (10 * np.log10(power + FLOOR_POWER) for power in _powers(reference, generated, fft, hop, fft))
    return float(np.mean(np.sqrt(np.mean((a - b) ** 2, axis=1))))


def spectral_convergence(reference: np.ndarray, generated: np.ndarray, fft: int = 1024, hop: int = 256) -> float:
    """Norm of the difference of magnitudes over the norm of the reference's; refused for a silent reference."""
    return _convergence(*(np.sqrt(power) for power in _powers(reference, generated, fft, hop, fft)))


def multi_resolution_stft(reference: np.ndarray, generated: np.ndarray) -> float:
    """Mean over three resolutions of spectral convergence + mean |ln magnitude ratio| (Yamamoto et al., 2020)."""
    losses = []
    for fft, hop, window in RESOLUTIONS:
        a, b = (np.sqrt(power + 1e-14) for power in _powers(reference, generated, fft, hop, window))
        losses.append(_convergence(a, b) + float(np.mean(np.abs(np.log(a) - np.log(b)))))
    return float(np.mean(losses))


def picture_error(reference: np.ndarray, generated: np.ndarray, fft: int = 1024, hop: int = 256) -> float:
    """Mean squared difference of the two spectrograms as pictures in [0, 1]; PSNR is -10 log10 of a mean of these."""
    a, b = (_picture(power) for power in _powers(reference, generated, fft, hop, fft))
    return float(np.mean((a - b) ** 2))


def structural_similarity(reference: np.ndarray, generated: np.ndarray, fft: int = 1024, hop: int = 256) -> float:
    """Mean SSIM of the two spectrograms as pictures in [0, 1]; 1 is best."""
    return picture_similarity(*(_picture(power) for power in _powers(reference, generated, fft, hop, fft)))


def picture_similarity(a: np.ndarray, b: np.ndarray) -> float:
    """Mean SSIM of two pictures in [0, 1]: flat 7 x 7 windows that lie wholly inside, sample covariance.

    Source: Wang et al., 2004.
    """
    scale = SSIM_WINDOW**2 / (SSIM_WINDOW**2 - 1)
    mean_a, mean_b = uniform_filter(a, SSIM_WINDOW), uniform_filter(b, SSIM_WINDOW)
    variance_a = scale * (uniform_filter(a * a, SSIM_WINDOW) - mean_a**2)
    variance_b = scale * (uniform_filter(b * b, SSIM_WINDOW) - mean_b**2)
    covariance = scale * (uniform_filter(a * b, SSIM_WINDOW) - mean_a * mean_b)
    near = (2 * mean_a * mean_b + 1e-4) / (mean_a**2 + mean_b**2 + 1e-4)
    alike = (2 * covariance + 9e-4) / (variance_a + variance_b + 9e-4)
    inner = slice(SSIM_WINDOW // 2, -(SSIM_WINDOW // 2))
    return float(np.mean((near * alike)[inner, inner]))


def _powers(reference: np.ndarray, generated: np.ndarray, fft: int, hop: int, window: int) -> list[np.ndarray]:
    """Power spectra (frames, bins) of both; a full-scale sine is about 1."""
    reference, generated = (np.asarray(audio, dtype=np.float64).reshape(-1) for audio in (reference, generated))
    length = min(reference.size, generated.size)
    if length < fft:
        raise SampleProblem(f"the shorter clip has {length} samples", f"at least {fft}", "pad it or use a smaller fft")
    shape = np.zeros(fft)
    shape[(fft - window) // 2 :][:window] = np.hanning(window + 1)[:-1]  # periodic
    shape *= 2 / shape.sum()
    views = (np.lib.stride_tricks.sliding_window_view(audio[:length], fft)[::hop] for audio in (reference, generated))
    return [np.abs(np.fft.rfft(frames * shape)) ** 2 for frames in views]


def _convergence(reference: np.ndarray, generated: np.ndarray) -> float:
    norm = np.linalg.norm(reference)
    if norm < 1e-5 * np.sqrt(reference.size):
        raise SampleProblem(
            "the reference is silent", "sound in the reference", "leave out this pair: nothing to divide by"
        )
    return float(np.linalg.norm(reference - generated) / norm)


def _picture(power: np.ndarray) -> np.ndarray:
    return np.clip(10 * np.log10(power + FLOOR_POWER) / -PICTURE_FLOOR_DB + 1, 0, 1)
