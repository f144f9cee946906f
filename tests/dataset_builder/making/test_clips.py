"""Clips have the codec's rate and length, and every fault of a file has its own reason."""

import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from tones import tone

from dataset_builder.making.clip import Clip, CutPolicy, Dropped, cut, cuts
from spectrogram.params import SpectrogramParams

MINI = SpectrogramParams.preset("mini")


def reason(path, policy=None):
    found = cut(path, MINI, policy or CutPolicy())
    assert isinstance(found, Dropped)
    return found.reason, found.detail


def test_a_clip_keeps_the_pitch_and_level_of_a_stereo_file_of_another_rate(sound):
    clip = cut(sound("a.flac", tone(6, 1000, 44_100, channels=2), 44_100), MINI)
    assert clip.audio.shape == (1, MINI.clip_samples)
    spectrum = np.abs(np.fft.rfft(clip.audio[0] * np.hanning(MINI.clip_samples)))
    assert abs(np.argmax(spectrum) / MINI.clip_seconds - 1000) < 0.5
    assert clip.rms_db == pytest.approx(20 * np.log10(0.5 / np.sqrt(2)), abs=0.05)
    assert (clip.source_rate_hz, clip.source_channels) == (44_100, 2)


def test_a_shorter_sound_is_followed_by_silence(sound):
    clip = cut(sound("a.wav", tone(2)), MINI)
    assert clip.duration_s == pytest.approx(2)
    assert np.abs(clip.audio[0, : 2 * 24_000]).max() > 0.49
    assert not clip.audio[0, 2 * 24_000 :].any()


def test_windows_use_all_of_a_long_recording(sound):
    path = sound("a.wav", tone(3 * 5.12 + 0.5))
    starts = [clip.start_s for clip in cuts(path, MINI, CutPolicy(windows=True))]
    assert starts == pytest.approx([0, 5.12, 10.24])
    assert len(list(cuts(path, MINI))) == 1


@pytest.mark.parametrize(
    ("subtype", "channels"), [("PCM_U8", 1), ("PCM_24", 6), ("FLOAT", 2), ("DOUBLE", 1), ("ULAW", 1)]
)
def test_wav_subtypes_and_channel_counts_become_the_same_clip(sound, subtype, channels):
    clip = cut(sound("a.wav", tone(2, channels=channels), subtype=subtype), MINI)
    expected = tone(2)[: 2 * 24_000, 0]
    assert np.abs(clip.audio[0, : 2 * 24_000] - expected).max() < 0.02


def test_m4a_is_decoded_by_ffmpeg(sound, tmp_path, ffmpeg):
    wav = sound("a.wav", tone(2))
    subprocess.run([ffmpeg, "-v", "error", "-i", wav, str(tmp_path / "a.m4a")], check=True)
    clip = cut(str(tmp_path / "a.m4a"), MINI)
    assert isinstance(clip, Clip)
    assert clip.duration_s == pytest.approx(2, abs=0.1)


def test_over_full_scale_sound_is_turned_down_not_wrapped(sound):
    clip = cut(sound("a.wav", tone(2, level=3.0), subtype="FLOAT"), MINI)
    assert np.abs(clip.audio).max() == pytest.approx(1)
    assert clip.peak_db == pytest.approx(20 * np.log10(3), abs=0.01)
    correlation = np.corrcoef(clip.audio[0, : 2 * 24_000], tone(2)[:, 0])[0, 1]
    assert correlation > 0.999


def test_the_clipped_share_of_a_clipped_sine_is_recorded(sound):
    clip = cut(sound("a.wav", np.clip(tone(2, level=2.0), -1, 1)), MINI)
    assert clip.clipped == pytest.approx(2 * np.arccos(0.5) / np.pi, abs=0.01)


def test_nan_is_named_with_its_first_sample(sound):
    samples = tone(2)
    samples[12_000] = np.nan
    assert reason(sound("a.wav", samples, subtype="FLOAT")) == (
        "not-finite",
        "sample 12000 (0.500 s) is NaN or infinite",
    )


def test_silence_is_dropped_or_kept_by_policy_and_never_nan(sound):
    path = sound("a.wav", np.zeros((48_000, 1)))
    assert reason(path)[0] == "silent"
    clip = cut(path, MINI, CutPolicy(keep_silent=True))
    assert clip.rms_db == -200
    assert not clip.audio.any()


def test_a_constant_offset_is_not_taken_for_an_error(sound):
    assert isinstance(cut(sound("a.wav", np.full((48_000, 1), 0.25)), MINI), Clip)


def test_short_empty_and_foreign_files_have_their_own_reasons(sound, tmp_path):
    (tmp_path / "page.wav").write_text("<html>429</html>")
    (tmp_path / "zero.wav").write_bytes(b"")
    assert reason(sound("short.wav", tone(0.4))) == ("short", "lasts 0.40 s, 1 s are needed")
    assert reason(sound("none.wav", np.zeros((0, 1))))[0] == "empty"
    assert reason(str(tmp_path / "page.wav"))[0] == "unreadable"
    assert reason(str(tmp_path / "zero.wav")) == ("unreadable", "the file is empty (0 bytes)")
    assert reason(str(tmp_path / "gone.wav"))[0] == "missing"


def test_a_truncated_wav_that_still_decodes_is_found(sound, tmp_path):
    data = Path(sound("a.wav", tone(10))).read_bytes()
    (tmp_path / "half.wav").write_bytes(data[: len(data) // 2])
    name, detail = reason(str(tmp_path / "half.wav"))
    assert name == "truncated"
    assert "5.00 s of sound" in detail


def test_a_header_that_promises_two_gigabytes_costs_no_memory(sound, tmp_path):
    data = bytearray(Path(sound("a.wav", tone(2))).read_bytes())
    data[4:8] = struct.pack("<I", 0x7FFFFFF0)
    data[data.index(b"data") + 4 : data.index(b"data") + 8] = struct.pack("<I", 0x7FFFFF00)
    (tmp_path / "bomb.wav").write_bytes(data)
    assert reason(str(tmp_path / "bomb.wav"))[0] == "truncated"


def test_a_recording_of_forty_minutes_is_read_in_windows(tmp_path):
    code = f"""
import resource, numpy as np, soundfile
from dataset_builder.making.clip import CutPolicy, cuts
from spectrogram.params import SpectrogramParams
with soundfile.SoundFile({str(tmp_path / "long.flac")!r}, "w", 24000, 1) as file:
    for _ in range(40):
        file.write(np.zeros(24000 * 60, np.float32))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
policy = CutPolicy(windows=True, max_windows=50)
found = list(cuts({str(tmp_path / "long.flac")!r}, SpectrogramParams.preset("mini"), policy))
assert len(found) == 50 and {{drop.reason for drop in found}} == {{"silent"}}
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 100_000


def test_an_asked_part_that_the_file_does_not_reach_is_truncated(sound):
    path = sound("a.wav", tone(4))
    assert isinstance(next(cuts(path, MINI, start_s=1, seconds=3)), Clip)
    assert next(cuts(path, MINI, start_s=1, seconds=10)).reason == "truncated"
