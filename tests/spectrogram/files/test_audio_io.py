import subprocess
import wave

import numpy as np
import pytest
import soundfile

from spectrogram.files.audio import check_audio, mix_channels, read_audio, resample, write_audio
from spectrogram.problems import SoundProblem


def sine(hertz=440.0, seconds=0.5, rate_hz=24000, channels=1):
    return np.tile(
        0.5 * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate_hz)) / rate_hz), (channels, 1)
    ).astype(np.float32)


@pytest.mark.parametrize("suffix", ["wav", "flac"])
def test_lossless_files_return_the_samples_to_a_16_bit_step(tmp_path, suffix):
    path = write_audio(tmp_path / f"tone.{suffix}", sine(channels=2), 24000, comment="made here")
    audio, rate_hz = read_audio(path)
    assert rate_hz == 24000
    np.testing.assert_allclose(audio, sine(channels=2), atol=1 / 32768)
    with soundfile.SoundFile(path) as file:
        assert file.comment == "made here"


@pytest.mark.parametrize("suffix", ["ogg", "mp3"])
def test_lossy_files_keep_level_and_rate(tmp_path, suffix):
    audio, rate_hz = read_audio(write_audio(tmp_path / f"tone.{suffix}", sine(seconds=2), 24000))
    middle = audio[0, 12000:36000]
    assert rate_hz == 24000
    assert np.sqrt(np.mean(middle**2)) == pytest.approx(0.5 / np.sqrt(2), rel=0.03)


def test_samples_beyond_full_scale_are_clipped_not_wrapped(tmp_path):
    audio, _ = read_audio(write_audio(tmp_path / "loud.wav", 4 * sine(), 24000))
    assert audio.max() > 0.999
    assert audio.min() < -0.999
    assert np.all(audio[0, 5:20] > 0)


@pytest.mark.parametrize(("subtype", "step"), [("PCM_U8", 2**-7), ("PCM_24", 2**-23), ("FLOAT", 1e-7)])
def test_other_sample_formats_and_six_channels_are_read(tmp_path, subtype, step):
    soundfile.write(tmp_path / "six.wav", sine(channels=6).T, 24000, subtype=subtype)
    audio, _ = read_audio(tmp_path / "six.wav", channels=1)
    np.testing.assert_allclose(audio, sine(), atol=step)


def test_only_the_asked_window_is_read(tmp_path):
    write_audio(tmp_path / "tone.wav", sine(seconds=2), 24000)
    audio, _ = read_audio(tmp_path / "tone.wav", start_s=1.0, seconds=0.25)
    np.testing.assert_allclose(audio, sine(seconds=2)[:, 24000:30000], atol=1 / 32768)


def test_resampling_keeps_a_sine_and_its_duration():
    out = resample(sine(rate_hz=44100, seconds=1), 44100, 24000)
    assert out.shape == (1, 24000)
    np.testing.assert_allclose(out[:, 2000:-2000], sine(rate_hz=24000, seconds=1)[:, 2000:-2000], atol=1e-3)


def test_down_mix_is_the_mean_and_up_mix_a_copy():
    pair = np.stack([sine()[0], np.zeros(12000, np.float32)])
    np.testing.assert_allclose(mix_channels(pair, 1), sine() / 2, atol=1e-7)
    assert np.array_equal(mix_channels(sine(), 2)[0], mix_channels(sine(), 2)[1])


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_the_first_sample_that_is_no_number_is_named(value):
    audio = sine(channels=2)
    audio[1, 77] = value
    with pytest.raises(SoundProblem, match="not a number at sample 77 of channel 1"):
        check_audio(audio)


def test_integers_and_transposed_arrays_are_refused():
    with pytest.raises(SoundProblem, match=r"floats \(channels, samples\)"):
        check_audio(np.zeros((2, 100), np.int16))
    with pytest.raises(SoundProblem, match="Transpose"):
        check_audio(np.zeros((1000, 2)))


def test_missing_empty_and_garbage_files_are_named(tmp_path):
    with pytest.raises(SoundProblem, match="does not exist"):
        read_audio(tmp_path / "none.wav")
    soundfile.write(tmp_path / "empty.wav", np.zeros((0, 1)), 8000)
    with pytest.raises(SoundProblem, match="holds no sample"):
        read_audio(tmp_path / "empty.wav")
    (tmp_path / "garbage.wav").write_bytes(b"not a sound" * 50)
    with pytest.raises(SoundProblem, match="cannot be decoded"):
        read_audio(tmp_path / "garbage.wav")


def test_a_header_that_promises_two_gibibytes_takes_no_memory(tmp_path):
    path = tmp_path / "lying.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(b"\0\0" * 800)
    data = bytearray(path.read_bytes())
    data[4:8] = data[40:44] = (0x7FFFFFF0).to_bytes(4, "little")
    path.write_bytes(data)
    with pytest.raises(SoundProblem, match=r"holds 1,600 of 2,147,483,632 bytes, 0\.10 s of sound"):
        read_audio(path)


def test_formats_beyond_libsndfile_go_through_ffmpeg(tmp_path, ffmpeg):
    write_audio(tmp_path / "tone.wav", sine(seconds=1), 24000)
    command = [ffmpeg, "-v", "error", "-i", tmp_path / "tone.wav", "-c:a", "aac", tmp_path / "tone.m4a"]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    audio, rate_hz = read_audio(tmp_path / "tone.m4a")
    assert rate_hz == 24000
    assert np.sqrt(np.mean(audio[0, 6000:18000] ** 2)) == pytest.approx(0.5 / np.sqrt(2), rel=0.05)


def test_an_unknown_suffix_is_refused_before_anything_is_written(tmp_path):
    with pytest.raises(SoundProblem, match=r"one of \.wav, \.flac"):
        write_audio(tmp_path / "tone.xyz", sine(), 24000)
    assert list(tmp_path.iterdir()) == []
