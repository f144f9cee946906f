"""Named spectrogram parameters: those this project makes pictures with, and those it reads from others."""

from spectrogram.params import SpectrogramParams

SD15 = SpectrogramParams(
    sample_rate_hz=40000, step_ms=10.0, window_ms=50.0, mel_bands=512, low_hz=0.0, high_hz=20000.0, columns=512
)
RIFFUSION = SpectrogramParams(
    sample_rate_hz=44100,
    step_ms=10.0,
    window_ms=100.0,
    mel_bands=512,
    low_hz=0.0,
    high_hz=10000.0,
    columns=512,
    warp_hz=700.0,
    curve="power",
    padded_ms=400.0,
    norm="peak",
    framing="centre",
    loud_is_white=False,
)
PRESETS = {
    # The embedded base model's pictures: 256 x 128, 5.12 s. Trained weights depend on each number: never change one.
    "mini": SpectrogramParams(
        sample_rate_hz=24000, step_ms=20.0, window_ms=64.0, mel_bands=128, low_hz=0.0, high_hz=12000.0, columns=256
    ),
    # 512 x 512 for Stable Diffusion 1.x, 5.12 s; its variants put finer frequencies, 10.24 s or stereo into colour.
    "sd15": SD15,
    "sd15-fine": SD15.replace(layout="bands"),
    "sd15-10s": SD15.replace(sample_rate_hz=42000, step_ms=20 / 3, window_ms=140 / 3, layout="frames"),
    "sd15-stereo": SD15.replace(layout="stereo"),
    "linear": SD15.replace(scale="linear"),
    "log": SD15.replace(scale="log", low_hz=40.0),
    # Pictures of others: riffusion-hobby's defaults; an MSc dissertation on riffusion's code, ten seconds a picture;
    # teticio/audio-diffusion (librosa, 80 dB under the peak, lowest band in the first row).
    "riffusion": RIFFUSION,
    "dissertation": RIFFUSION.replace(step_ms=10000 / 512, low_hz=20.0, high_hz=20000.0),
    "audio-diffusion": SpectrogramParams(
        sample_rate_hz=22050,
        step_ms=512 / 22.05,
        window_ms=2048 / 22.05,
        mel_bands=256,
        low_hz=0.0,
        high_hz=11025.0,
        columns=256,
        scale="slaney",
        range_db=80.0,
        norm="slaney",
        framing="centre",
        highest_first=False,
    ),
}
