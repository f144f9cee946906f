"""The spectrograms that published audio embedders see, after their definitions; audio is mono float, (samples,).

VGGish: 16 kHz, magnitude STFT 25 ms / 10 ms, periodic Hann, FFT 512, 64 HTK bands 125-7500 Hz, ln(mel + 0.01).
PANNs: power STFT, centred, reflect padding, 64 Slaney bands, 10 log10(max(1e-10, mel)); 16 or 32 kHz.
"""

from functools import cache

import numpy as np

from metrics.embedders.mel_filters import htk_filters, slaney_filters

VGGISH_RATE_HZ = 16000
VGGISH_PATCH_FRAMES = 96
VGGISH_PATCH_SAMPLES = 15600  # 96 frames of 25 ms every 10 ms
PANNS_SETTINGS = {16000: (512, 160, 50.0, 8000.0), 32000: (1024, 320, 50.0, 14000.0)}
PANNS_MINIMUM_FRAMES = 32


def hann(samples: int) -> np.ndarray:
    """Periodic Hann window."""
    return 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(samples) / samples)


def vggish_log_mel(audio: np.ndarray) -> np.ndarray:
    """Log-mel frames (frames, 64), natural logarithm, of mono audio at 16 kHz."""
    magnitude = np.abs(_stft(audio.astype(np.float64), window=400, fft=512, hop=160))
    return np.log(magnitude @ _htk_64() + 0.01)


def vggish_patches(audio: np.ndarray) -> np.ndarray:
    """Patches (n, 96, 64) of 0.96 s without overlap; the tail is dropped, as the torch ports do.

    Audio under 0.975 s is padded with silence to one patch: the definition itself would give no row at all.
    """
    if audio.size < VGGISH_PATCH_SAMPLES:
        audio = np.pad(audio, (0, VGGISH_PATCH_SAMPLES - audio.size))
    frames = vggish_log_mel(audio)
    count = len(frames) // VGGISH_PATCH_FRAMES
    return frames[: count * VGGISH_PATCH_FRAMES].reshape(count, VGGISH_PATCH_FRAMES, -1)


def panns_log_mel(audio: np.ndarray, sample_rate_hz: int = 16000) -> np.ndarray:
    """Log-mel frames (frames, 64) in dB of mono audio at 16 or 32 kHz; padded to the 32 frames that Cnn14 needs."""
    fft, hop, low_hz, high_hz = PANNS_SETTINGS[sample_rate_hz]
    shortest = (PANNS_MINIMUM_FRAMES - 1) * hop
    if audio.size < shortest:
        audio = np.pad(audio, (0, shortest - audio.size))
    centred = np.pad(audio.astype(np.float64), fft // 2, mode="reflect")
    power = np.abs(_stft(centred, window=fft, fft=fft, hop=hop)) ** 2
    mel = power @ _slaney_64(fft // 2 + 1, sample_rate_hz, low_hz, high_hz)
    return 10 * np.log10(np.maximum(1e-10, mel))


def _stft(audio: np.ndarray, window: int, fft: int, hop: int) -> np.ndarray:
    frames = np.lib.stride_tricks.sliding_window_view(audio, window)[::hop]
    return np.fft.rfft(frames * hann(window), n=fft)


@cache
def _htk_64() -> np.ndarray:
    return htk_filters(257, VGGISH_RATE_HZ, 64, 125.0, 7500.0)


@cache
def _slaney_64(bins: int, sample_rate_hz: int, low_hz: float, high_hz: float) -> np.ndarray:
    return slaney_filters(bins, sample_rate_hz, 64, low_hz, high_hz)
