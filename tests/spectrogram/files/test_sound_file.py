"""Every sound is read whole whatever its header leaves open, and what is cut short is refused."""

import os
import struct
import subprocess

import numpy as np
import pytest
import soundfile

from spectrogram.files.audio import read_audio
from spectrogram.files.digest import sha256_of
from spectrogram.files.endings import is_sound_name
from spectrogram.files.named_files import sounds_below
from spectrogram.files.sound_file import Truncated, opened
from spectrogram.problems import SoundProblem

RATE_HZ = 22050
COUNT = 11025


def noise(seconds=0.5, seed=0):
    samples = round(seconds * RATE_HZ)
    return np.round(np.random.default_rng(seed).normal(size=samples) * 3000).clip(-32768, 32767).astype(np.int16)


def wav(samples, data_bytes=None, riff_bytes=None, after=b"", form=None):
    body = samples.tobytes()
    form = form or struct.pack("<HHIIHH", 1, 1, RATE_HZ, RATE_HZ * 2, 2, 16)
    head = b"fmt " + struct.pack("<I", len(form)) + form
    data = b"data" + struct.pack("<I", len(body) if data_bytes is None else data_bytes) + body + after
    total = 4 + len(head) + len(data) if riff_bytes is None else riff_bytes
    return b"RIFF" + struct.pack("<I", total) + b"WAVE" + head + data


def encoded(ffmpeg, source, target, *flags):
    command = [ffmpeg, "-v", "error", "-y", "-i", source, *flags, target]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    return target


@pytest.fixture
def sweep(tmp_path):
    """Ten seconds: four of loud noise, six of near silence, so that a bit rate changes in between."""
    loud, quiet = np.random.default_rng(1).normal(size=4 * RATE_HZ) * 0.3, np.zeros(6 * RATE_HZ)
    soundfile.write(tmp_path / "sweep.wav", np.concatenate([loud, quiet]).clip(-1, 1), RATE_HZ)
    return tmp_path / "sweep.wav"


@pytest.mark.parametrize(
    ("data_bytes", "riff_bytes"),
    [
        (0x80000000, 0x80000024),  # arecord
        (0x7FFFF000, 0x7FFFF024),  # sox
        (0xFFFFFFFF, 0xFFFFFFFF),  # ffmpeg
        (0xFFFFFFFF - 36, 0xFFFFFFFF),
        (0, 4088),  # a recorder that crashed
        (0, 0),
        (0, 36),
        (None, COUNT * 2 + 536),  # the RIFF's size is wrong, the sound's is right
        (None, 0),
        (COUNT * 2 + 44, None),  # the file's size where the sound's belongs
    ],
)
def test_lengths_that_writers_leave_open_mean_to_the_end(tmp_path, data_bytes, riff_bytes):
    path = tmp_path / "open.wav"
    path.write_bytes(wav(noise(), data_bytes, riff_bytes))
    audio, rate_hz = read_audio(path)
    assert rate_hz == RATE_HZ
    assert np.array_equal(np.round(audio[0] * 32768), noise())
    middle, _ = read_audio(path, start_s=0.25, seconds=0.1)
    assert np.array_equal(middle, audio[:, 5512:][:, : middle.shape[1]])


def test_24_bit_sound_from_a_pipe_of_sox_has_no_half_frame(tmp_path):
    form = struct.pack("<HHIIHH", 1, 1, RATE_HZ, RATE_HZ * 3, 3, 24)
    body = np.frombuffer(bytes(range(250)) * 3, np.uint8)
    (tmp_path / "a.wav").write_bytes(wav(body, 0x7FFFF000 - 0x7FFFF000 % 3, 0x7FFFF024, form=form))
    assert read_audio(tmp_path / "a.wav")[0].shape == (1, 250)


def test_a_sound_of_no_samples_stays_empty_when_other_chunks_follow(tmp_path):
    (tmp_path / "a.wav").write_bytes(wav(noise()[:0], after=b"LIST" + struct.pack("<I", 4) + b"INFO"))
    with pytest.raises(SoundProblem, match="holds no sample"):
        read_audio(tmp_path / "a.wav")


@pytest.mark.parametrize("kept", [0.5, 0.9, 0.99])
def test_a_wav_cut_short_is_still_refused(tmp_path, kept):
    data = wav(noise())
    (tmp_path / "a.wav").write_bytes(data[: int(len(data) * kept)])
    with pytest.raises(Truncated, match=r"holds [\d,]+ of 22,050 bytes, 0\.\d+ s of sound"):
        read_audio(tmp_path / "a.wav")


def test_flac_that_does_not_say_how_long_it_is_is_read_to_its_end(tmp_path, ffmpeg):
    soundfile.write(tmp_path / "a.flac", noise(), RATE_HZ)
    data = bytearray((tmp_path / "a.flac").read_bytes())
    data[21] &= 0xF0
    data[22:26] = bytes(4)
    (tmp_path / "b.flac").write_bytes(data)
    assert np.array_equal(read_audio(tmp_path / "b.flac")[0], read_audio(tmp_path / "a.flac")[0])


def test_mp3_of_varying_bit_rate_without_a_length_is_decoded_to_its_end(tmp_path, sweep, ffmpeg):
    variable = encoded(ffmpeg, sweep, tmp_path / "a.mp3", "-q:a", "2", "-write_xing", "0")
    whole, _ = read_audio(variable)
    assert whole.shape[1] / RATE_HZ == pytest.approx(10.0, abs=0.1)
    part, _ = read_audio(variable, start_s=3.0, seconds=0.5)
    stated = encoded(ffmpeg, sweep, tmp_path / "b.mp3", "-q:a", "2")
    with opened(stated) as file:
        assert file.seconds == pytest.approx(10.0, abs=0.1)
    late = max(range(0, 2500, 1), key=lambda lag: float(np.dot(whole[0, 66150 + lag - 1250 :][:8000], part[0, :8000])))
    assert abs(late - 1250) < 1200  # the encoder's own delay: a wrong seek is off by seconds
    joined = tmp_path / "joined.mp3"
    joined.write_bytes(stated.read_bytes() * 2)
    assert read_audio(joined)[0].shape[1] / RATE_HZ == pytest.approx(20.0, abs=0.2)


@pytest.mark.parametrize("name", [b"Xing", b"Info", b"VBRI"])
def test_mp3_cut_inside_the_words_that_state_its_length_is_refused(tmp_path, name):
    frame = b"\xff\xfb\x50\xc4" + bytes(4) + name
    for more in range(12):
        (tmp_path / "a.mp3").write_bytes(frame + b"\xff" * more)
        with pytest.raises(SoundProblem):
            read_audio(tmp_path / "a.mp3")


def test_mp3_of_one_bit_rate_needs_no_ffmpeg(tmp_path, sweep, ffmpeg, monkeypatch):
    constant = encoded(ffmpeg, sweep, tmp_path / "a.mp3", "-b:a", "64k", "-write_xing", "0", "-id3v2_version", "3")
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("spectrogram.files.ffmpeg._packaged", lambda: None)
    assert read_audio(constant)[0].shape[1] / RATE_HZ == pytest.approx(10.0, abs=0.15)


def test_mp3_inside_wav_is_whole(tmp_path, sweep, ffmpeg):
    inside = encoded(ffmpeg, sweep, tmp_path / "inside.wav", "-c:a", "libmp3lame", "-b:a", "64k")
    assert read_audio(inside)[0].shape[1] / RATE_HZ == pytest.approx(10.0, abs=0.1)


@pytest.mark.parametrize("kind", ["caf", "mka", "wma", "3gp", "aifc", "au", "w64", "m4a", "mov"])
def test_the_content_decides_and_not_the_ending(tmp_path, sweep, ffmpeg, kind):
    flags = {"3gp": ("-c:a", "aac"), "caf": ("-c:a", "alac")}.get(kind, ())
    made = encoded(ffmpeg, sweep, tmp_path / f"a.{kind}", *flags)
    renamed = made.rename(tmp_path / "a.mp3")
    assert read_audio(renamed)[0].shape[1] / RATE_HZ == pytest.approx(10.0, abs=0.15)


def test_what_is_no_sound_is_said_to_be_that(tmp_path, ffmpeg):
    (tmp_path / "a.wav").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(80))
    with pytest.raises(SoundProblem, match=r"is a picture \(.*first: python -m spectrogram decode"):
        read_audio(tmp_path / "a.wav")
    source = "color=c=blue:s=64x64:d=0.2"
    subprocess.run([ffmpeg, "-v", "error", "-f", "lavfi", "-i", source, tmp_path / "mute.mp4"], check=True)
    with pytest.raises(SoundProblem, match="holds no sound"):
        read_audio(tmp_path / "mute.mp4")
    (tmp_path / "page.m4a").write_text("<html>429</html>")
    with pytest.raises(SoundProblem, match="cannot be decoded"):
        read_audio(tmp_path / "page.m4a")


def test_a_playlist_that_is_called_a_sound_opens_no_other_file(tmp_path, sweep, ffmpeg):
    lines = (
        "#EXTM3U",
        "#EXT-X-VERSION:3",
        "#EXT-X-MEDIA-SEQUENCE:0",
        "#EXTINF:5.0,",
        f"file://{sweep}",
        "#EXT-X-ENDLIST",
    )
    for text in ("\n".join(lines), f"ffconcat version 1.0\nfile {sweep}\n"):
        (tmp_path / "x.m4a").write_text(text)
        with pytest.raises(SoundProblem, match="cannot be decoded"):
            read_audio(tmp_path / "x.m4a")


def test_a_pipe_is_no_sound_and_hangs_nothing(tmp_path):
    os.mkfifo(tmp_path / "pipe.wav")
    for read in (read_audio, sha256_of):
        with pytest.raises(SoundProblem, match="is no regular file"):
            read(tmp_path / "pipe.wav")
    assert sounds_below(tmp_path) == []


@pytest.mark.parametrize("rate_hz", [3, 99, 1_000_001, 2_000_000_000])
def test_a_rate_that_no_recorder_has_is_refused_before_it_becomes_hours_of_sound(tmp_path, rate_hz):
    form = struct.pack("<HHIIHH", 1, 1, rate_hz, 2 * rate_hz & 0xFFFFFFFF, 2, 16)
    (tmp_path / "a.wav").write_bytes(wav(noise(), form=form))
    with pytest.raises(SoundProblem, match=f"declares {rate_hz} samples a second"):
        read_audio(tmp_path / "a.wav", RATE_HZ)


def test_folders_are_searched_in_natural_order_without_what_macos_adds(tmp_path):
    for name in ("b/clip_10.wav", "b/clip_2.FLAC", "b/clip_1.m4a", "b/._clip_1.m4a", "__MACOSX/b/clip_1.wav", "a.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    names = [path.relative_to(tmp_path).as_posix() for path in sounds_below(tmp_path)]
    assert names == ["b/clip_1.m4a", "b/clip_2.FLAC", "b/clip_10.wav"]
    assert not is_sound_name("__MACOSX/a.wav")
