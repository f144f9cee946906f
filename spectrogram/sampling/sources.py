"""The sound that a verb starts from: an array with its rate, a file, or what the pipeline returned."""

from pathlib import Path

import numpy as np

from spectrogram.files.audio import check_audio, read_audio
from spectrogram.problems import SoundProblem

LONGEST_S = 600


def read_source(audio, sampling_rate: int | None, pipeline) -> tuple[np.ndarray, int]:
    """(float32 (channels, samples), Hz) of a path, an array (at `sampling_rate`, or the model's) or an output."""
    if isinstance(audio, str | Path):
        audio, rate_hz = read_audio(audio)
        audio = audio / np.float32(max(1.0, float(np.abs(audio).max())))
    elif hasattr(audio, "audios"):
        audio, rate_hz = audio.audios[0], audio.sampling_rate
    else:
        audio, rate_hz = check_audio(audio), sampling_rate or pipeline.params.sample_rate_hz
    seconds = audio.shape[1] / rate_hz
    if not 0.1 <= seconds <= LONGEST_S:
        raise SoundProblem(f"the sound is {seconds:.2f} s long", f"0.1 to {LONGEST_S} s", "cut it or use a longer one")
    return audio, rate_hz


def model_columns(pipeline) -> int:
    """Latent columns of the picture that the model was trained on: the widest view that it knows."""
    return pipeline.params.columns // pipeline.vae_scale_factor
