"""Pictures of the dissertation's web UI beside the sounds that its author kept: whose decoder comes nearer, how fast.

riffusion's decoder is torchaudio's Griffin-Lim with its parameters, run anew (32 rounds, its own default); its phases
start from other random numbers than the author's did, so not even it can give the same sound.
"""

import time
from pathlib import Path

import numpy as np
import torch

from benchmarks.codec import judges, peers
from spectrogram.codec import SpectrogramCodec
from spectrogram.files.audio import read_audio
from spectrogram.files.pictures import read_picture
from spectrogram.params import PRESETS


def measure(folder: Path, count: int | None = None) -> dict:
    """Means over the pairs: log-spectral distance and others to the kept sound, CPU seconds of one thread a picture."""
    torch.set_num_threads(1)
    files = sorted(folder.glob("*.png"))
    files = files if count is None else files[:: max(1, len(files) // count)][:count]
    rows: dict[str, list] = {"ours": [], "riffusion (GL 32)": []}
    params = PRESETS["dissertation"]
    theirs = peers.riffusion_decoder(params, 32)
    SpectrogramCodec(params).decode(read_picture(files[0]))  # compiles
    for file in files:
        kept, _ = read_audio(file.with_suffix(".flac"), judges.RATE_HZ, channels=1)
        image = read_picture(file)
        for name, decode in (
            ("ours", lambda image=image: SpectrogramCodec(params).decode(image)[0][0]),
            ("riffusion (GL 32)", lambda image=image: theirs(image)),
        ):
            began = time.process_time()
            audio = decode()
            rows[name].append([time.process_time() - began, *distances(kept[0], audio)])
    figures = {name: dict(zip(NAMES, map(float, np.mean(row, axis=0)), strict=True)) for name, row in rows.items()}
    wins = np.mean([mine[1] < his[1] for mine, his in zip(*rows.values(), strict=True)])
    speed = figures["riffusion (GL 32)"]["cpu_s"] / figures["ours"]["cpu_s"]
    return {"pictures": len(files), **figures, "pictures_where_ours_is_nearer": float(wins), "times_as_fast": speed}


NAMES = ("cpu_s", "log_spectral_distance_db", "lsd_below_10_khz_db", "spectral_convergence", "lsd_mel_db")


def distances(kept: np.ndarray, audio: np.ndarray) -> np.ndarray:
    """The codec's four distances at equal levels, because pictures do not say how loud they are."""
    length = min(len(kept), len(audio))
    kept, audio = kept[:length], audio[:length]
    gain = np.sqrt(np.mean(kept.astype(np.float64) ** 2) / (np.mean(audio.astype(np.float64) ** 2) + 1e-20))
    return judges.judge(kept, (gain * audio).astype(np.float32))[:4]
