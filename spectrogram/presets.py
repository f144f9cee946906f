"""Named spectrogram parameters: those this project makes pictures with, and those it reads from others."""

from spectrogram.params import SpectrogramParams

PRESETS = {
    # The embedded base model's pictures: 256 x 128, 5.12 s. Trained weights depend on every number: never change one.
    "mini": SpectrogramParams(
        sample_rate_hz=24000, step_ms=20.0, window_ms=64.0, mel_bands=128, low_hz=0.0, high_hz=12000.0, columns=256
    ),
    # 512 x 512 for Stable Diffusion 1.x, 5.12 s.
    "sd15": SpectrogramParams(
        sample_rate_hz=40000, step_ms=10.0, window_ms=50.0, mel_bands=512, low_hz=0.0, high_hz=20000.0, columns=512
    ),
}
