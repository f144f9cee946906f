"""Figures of the codec that no peer has: stereo, ten seconds in a picture, riffusion's own pictures, pitch of sines."""

from pathlib import Path

import numpy as np

from benchmarks.codec import judges, peers
from benchmarks.codec.recordings import choose_clips
from spectrogram.codec import SpectrogramCodec
from spectrogram.files.audio import resample
from spectrogram.params import SpectrogramParams

SINES_HZ = (55, 110, 220, 440, 1000, 2093, 3520, 7902, 15804)
WIDE = "ambience"  # the collection with the widest recordings


def measure(recordings: Path, count: int, seed: int) -> dict:
    """All figures below, by name."""
    mono = choose_clips(recordings, count, seed)
    long = choose_clips(recordings, count, seed, seconds=10.24)
    wide = recordings / WIDE if (recordings / WIDE).is_dir() else recordings
    stereo = choose_clips(wide, count, seed, channels=2)
    distance, level_db = np.mean([heard_again("sd15-10s", clip)[0] for clip in long], axis=0)[[0, 4]]
    left, side = np.mean([_stereo(clip) for clip in stereo], axis=0)
    return {
        "ten_seconds": {"clips": len(long), "lsd_db": float(distance), "level_db": float(level_db)},
        "stereo": {"clips": len(stereo), "left_lsd_db": float(left), "side_lsd_db": float(side)},
        "riffusion_levels": _riffusion_levels(mono),
        "cents": {str(hertz): float(_cents(hertz)) for hertz in SINES_HZ},
    }


def heard_again(preset: str, clip: np.ndarray):
    """Judgements of each channel of a clip (channels, samples) after a round trip, and the sound that came back."""
    codec = SpectrogramCodec(SpectrogramParams.preset(preset))
    audio, rate_hz = codec.decode(codec.encode(clip, judges.RATE_HZ))
    heard = resample(audio, rate_hz, judges.RATE_HZ)
    return *(judges.judge(*pair) for pair in zip(clip, heard, strict=True)), heard


def _stereo(clip: np.ndarray) -> tuple[float, float]:
    left, _, heard = heard_again("sd15-stereo", clip)
    return left[0], judges.judge(clip[0] - clip[1], heard[0] - heard[1])[0]


def _riffusion_levels(clips: list[np.ndarray]) -> int:
    theirs, params = peers.riffusion(1), SpectrogramParams.preset("riffusion")
    worst = 0
    for clip in clips[:3]:
        picture, _ = theirs.encode(clip[0, : params.clip_samples])
        ours = np.asarray(SpectrogramCodec(params).encode(clip, params.sample_rate_hz))
        width = min(picture.shape[1], ours.shape[1])
        worst = max(worst, int(np.abs(picture[:, :width].astype(int) - ours[:, :width]).max()))
    return worst


def _cents(hertz: float) -> float:
    params = SpectrogramParams.preset("sd15")
    codec, seconds = SpectrogramCodec(params), np.arange(params.clip_samples) / params.sample_rate_hz
    audio, _ = codec.decode(codec.encode((0.5 * np.sin(2 * np.pi * hertz * seconds))[None].astype(np.float32), 40000))
    part = audio[0, len(seconds) // 4 : -len(seconds) // 4]
    power = np.log(np.abs(np.fft.rfft(part * np.hanning(len(part)), 1 << 20)) + 1e-12)
    peak = int(np.argmax(power))
    left, middle, right = power[peak - 1 : peak + 2]
    found = (peak + 0.5 * (left - right) / (left - 2 * middle + right)) * params.sample_rate_hz / (1 << 20)
    return abs(1200 * np.log2(found / hertz))
