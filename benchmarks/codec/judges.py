"""How far a sound came back from the original, and what happens to pictures on the way.

Sounds are float32 (samples,) at 44.1 kHz. Magnitudes come from a 2048-sample Hann window every 512 samples; logarithms
are floored 64 dB under the original's loudest bin, so that inaudible depths do not outweigh what is heard.
"""

import io

import numpy as np
import scipy.fft
import torch
from diffusers import AutoencoderKL
from librosa.filters import mel
from PIL import Image
from scipy.ndimage import gaussian_filter

RATE_HZ, FLOOR_DB = 44100, 64.0
NAMES = ("LSD", "LSD 0-10k", "SC", "melLSD", "level dB")


def magnitudes(audio: np.ndarray) -> np.ndarray:
    """(frames, 1025) magnitudes."""
    frames = np.lib.stride_tricks.sliding_window_view(audio, 2048)[::512]
    return np.abs(scipy.fft.rfft(frames * np.hanning(2049)[:-1].astype(np.float32), axis=1))


def judge(original: np.ndarray, heard: np.ndarray) -> np.ndarray:
    """Log-spectral distance in dB (all, 0-10 kHz), spectral convergence, LSD of 128 mel bands, level error in dB."""
    length = min(len(original), len(heard))
    truth, found = magnitudes(original[:length]), magnitudes(heard[:length])
    bands = mel(sr=RATE_HZ, n_fft=2048, n_mels=128).T
    low = round(10000 / RATE_HZ * 2048)
    rms = [np.sqrt(np.mean(np.square(sound[:length], dtype=np.float64))) + 1e-9 for sound in (original, heard)]
    return np.array(
        [
            log_distance(truth, found),
            log_distance(truth[:, :low], found[:, :low]),
            np.linalg.norm(truth - found) / np.linalg.norm(truth),
            log_distance(truth @ bands, found @ bands),
            abs(20 * np.log10(rms[1] / rms[0])),
        ]
    )


def log_distance(truth: np.ndarray, found: np.ndarray) -> float:
    """Mean over frames of the RMS difference in dB."""
    floor = truth.max() * 10 ** (-FLOOR_DB / 20)
    difference = 20 * np.log10(np.maximum(truth, floor) / np.maximum(found, floor))
    return float(np.sqrt((difference**2).mean(axis=1)).mean())


def through_vae_proxy(picture: np.ndarray, seed: int) -> np.ndarray:
    """What a latent diffusion VAE roughly does: a blur of sigma 1 pixel and noise of 4/255."""
    blurred = gaussian_filter(picture.astype(np.float32), (1, 1, 0))
    noise = np.random.default_rng(seed).normal(0, 4, blurred.shape[:2])
    planes = np.random.default_rng(seed + 1).normal(0, 4, blurred.shape)
    grey = np.array_equal(picture[..., 0], picture[..., 1])
    return np.clip(np.rint(blurred + (noise[..., None] if grey else planes)), 0, 255).astype(np.uint8)


def through_jpeg(picture: np.ndarray, seed: int) -> np.ndarray:
    """JPEG at quality 90; it has no randomness."""
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, format="JPEG", quality=90)
    return np.asarray(Image.open(buffer).convert("RGB"))


def through_vae(model_id: str):
    """A function like those above, by a real AutoencoderKL: a folder or Hub id, its `vae` subfolder if there is one."""
    try:
        vae = AutoencoderKL.from_pretrained(model_id, subfolder="vae")
    except OSError:
        vae = AutoencoderKL.from_pretrained(model_id)

    def degrade(picture: np.ndarray, seed: int) -> np.ndarray:
        values = torch.from_numpy(picture.astype(np.float32) / 127.5 - 1).permute(2, 0, 1)[None]
        with torch.no_grad():
            out = vae.decode(vae.encode(values).latent_dist.mode()).sample[0]
        return ((out.clamp(-1, 1) + 1) * 127.5).round().permute(1, 2, 0).to(torch.uint8).numpy()

    return degrade
