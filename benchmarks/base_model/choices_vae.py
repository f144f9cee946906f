"""Variants of the picture and of the VAE, each trained from nothing, judged by what is left of the sound."""

import time
from functools import cache

import numpy as np

from benchmarks.base_model import figures
from benchmarks.base_model.clips import JUDGE_RATE_HZ, ORIGINALS_SEED, Clip, word_prompts
from dataset_builder.soundscapes.composer import RATE_HZ, SECONDS, finish, render_event
from metrics.embedders import sound_cnn_features
from spectrogram.codec import SpectrogramCodec
from spectrogram.files.audio import resample
from spectrogram.params import SpectrogramParams
from training.base_model import decoder, drills, vae
from training.base_model.settings import ScratchSettings
from training.loop.schedule import warm_flat_cosine

MINI = SpectrogramParams.preset("mini")
SHARES = (0.2, 0.6, 0.2)
PER_VALUE = 2
BATCH = 4
RATE = 1e-3
PICTURES = {
    "24 kHz, 128 bands (mini)": {},
    "16 kHz, 128 bands": {"params": {"sample_rate_hz": 16000, "high_hz": 8000.0}},
    "40 kHz, 128 bands": {"params": {"sample_rate_hz": 40000, "high_hz": 20000.0}},
    "24 kHz, 96 bands": {"params": {"mel_bands": 96}},
    "24 kHz, 192 bands": {"params": {"mel_bands": 192}},
    "three sub-frames in colour": {"params": {"step_ms": 20 / 3, "window_ms": 32.0, "layout": "frames"}},
    "three sub-bands in colour": {"params": {"layout": "bands", "window_ms": 96.0}},
}
VAES = {
    "widths 16 32 64 64": {},
    "widths 24 48 64 64": {"widths": (24, 48, 64, 64)},
    "widths 32 64 96 96": {"widths": (32, 64, 96, 96)},
    "8 latent channels": {"channels": 8},
    "12 latent channels": {"channels": 12},
}


@cache
def sounds(clips):
    """Drills, most of them on pace: mono at RATE_HZ."""
    return [drills.compose(1, SHARES, index).audio for index in range(clips)]


@cache
def judged():
    """Gauges of pace, and slow and fast clips of the classes that they can judge, with their sound at RATE_HZ."""
    gauges, _ = figures.calibrate("pace", SpectrogramCodec(MINI))
    wanted = [clip for clip in word_prompts("pace", PER_VALUE) if clip.label in gauges]
    for number, clip in enumerate(wanted):
        rng = np.random.default_rng([ORIGINALS_SEED, number])
        clip.sound = finish(rng, render_event(rng, clip.label, SECONDS, (clip.value,))[0])
    return gauges, wanted


def mel_error_db(sound, original):
    """Mean absolute difference of log-mel levels in dB, levels from 70 dB below the loudest; mono at JUDGE_RATE_HZ."""
    levels = [sound_cnn_features.relative_levels(sound_cnn_features.log_mel_db(one)) for one in (sound, original)]
    return float(np.abs(levels[0] - levels[1]).mean() * sound_cnn_features.RANGE_DB)


def draw(codec, audio, rate_hz):
    """uint8 (bands, columns, 3)."""
    return np.asarray(codec.encode(audio[None].astype(np.float32), rate_hz))


def to_input(pictures):
    """uint8 (n, bands, columns, 3) -> float tensor (n, 3, bands, columns) in [-1, 1]."""
    import torch

    return torch.from_numpy(np.array(pictures)).permute(0, 3, 1, 2).float().div(127.5).sub(1)


def learn(coder, pictures, settings, seconds):
    """Train for CPU seconds; returns the number of crops that were seen."""
    import torch

    optimizer = torch.optim.AdamW(coder.parameters(), lr=RATE, betas=(0.9, 0.99), weight_decay=1e-4)
    rng, began, steps, share = np.random.default_rng(1), time.process_time(), 0, 0.0
    while share < 1:
        rate = warm_flat_cosine(share, 1.0, 0.0, 0.5) if steps > 50 else (steps + 1) / 50
        optimizer.param_groups[0]["lr"] = RATE * rate
        chosen = rng.integers(len(pictures), size=BATCH)
        starts = 8 * rng.integers((pictures.shape[2] - vae.CROP_COLUMNS) // 8 + 1, size=BATCH)
        crops = [pictures[i, :, s : s + vae.CROP_COLUMNS] for i, s in zip(chosen, starts, strict=True)]
        x = to_input(np.stack(crops))
        with torch.autocast("cpu", dtype=torch.bfloat16):
            posterior = coder.encode(x).latent_dist
            painted = coder.decode(posterior.sample()).sample.float()
            value = decoder.loss(painted, x, settings.vae_edge_weight, settings.decoder_line_weight)
            value = value + 1e-6 * posterior.kl().mean()
        optimizer.zero_grad(set_to_none=True)
        value.backward()
        torch.nn.utils.clip_grad_norm_(coder.parameters(), 1.0)
        optimizer.step()
        steps, share = steps + 1, (time.process_time() - began) / seconds
    return steps * BATCH


def measure(variant, seconds, clips):
    """Shares of fast and slow sounds still heard so, and error of log-mels in dB, after codec and VAE.

    With "_codec": after the codec alone. Both shares are needed: noise sounds fast.
    """
    import torch
    from diffusers import AutoencoderKL
    from PIL import Image

    torch.manual_seed(1)
    settings = ScratchSettings(vae_widths=variant.get("widths", ScratchSettings.vae_widths))
    coder = AutoencoderKL.from_config({**vae.build(settings).config, "latent_channels": variant.get("channels", 4)})
    codec = SpectrogramCodec(MINI.replace(**variant.get("params", {})))
    seen = learn(coder, np.stack([draw(codec, audio, RATE_HZ) for audio in sounds(clips)]), settings, seconds)
    gauges, wanted = judged()
    sets, errors = {"_codec": [], "": []}, {"_codec": [], "": []}
    for clip in wanted:
        picture, original = draw(codec, clip.sound, RATE_HZ), resample(clip.sound[None], RATE_HZ, JUDGE_RATE_HZ)[0]
        with torch.no_grad():
            y = coder.decode(coder.encode(to_input(picture[None])).latent_dist.mean).sample.clamp(-1, 1)
        painted = ((y[0].permute(1, 2, 0) + 1) * 127.5).round().byte().numpy()
        for name, image in (("_codec", picture), ("", painted)):
            audio, rate_hz = codec.decode(Image.fromarray(image))
            heard = resample(np.asarray(audio)[:1], rate_hz, JUDGE_RATE_HZ)[0][: len(original)]
            sets[name].append(Clip(clip.label, value=clip.value, sound=heard))
            errors[name].append(mel_error_db(heard, original[: len(heard)]))
    row = {}
    for name, made in sets.items():
        row |= {value + name: round(share, 3) for value, share in figures.obeyed(made, gauges, "pace")[0].items()}
        row[f"mel_db{name}"] = round(float(np.mean(errors[name])), 2)
    return row | {"crops": seen}
