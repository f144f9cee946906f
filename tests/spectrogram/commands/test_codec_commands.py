"""encode, decode and inspect, called as a person calls them."""

import subprocess
import sys

import numpy as np
import pytest
import soundfile
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from spectrogram.__main__ import main
from spectrogram.files.audio import read_audio, write_audio
from spectrogram.recipe import Recipe


@pytest.fixture
def recordings(tmp_path):
    folder = tmp_path / "recordings"
    tone = 0.3 * np.sin(2 * np.pi * 500 * np.arange(24000 * 6) / 24000)[None].astype(np.float32)
    write_audio(folder / "a.wav", tone, 24000)
    write_audio(folder / "deep" / "b.flac", tone[:, :48000], 24000)
    return folder


def test_a_folder_is_encoded_and_decoded_with_its_layout(recordings, tmp_path, capsys):
    assert main(["encode", str(recordings), "-o", str(tmp_path / "pictures")]) == 0
    assert Image.open(tmp_path / "pictures" / "deep" / "b.png").size == (256, 128)
    assert main(["decode", str(tmp_path / "pictures"), "-o", str(tmp_path / "sounds"), "--format", "flac"]) == 0
    audio, rate_hz = read_audio(tmp_path / "sounds" / "a.flac")
    assert (audio.shape, rate_hz) == ((1, 122880), 24000)
    assert "assumed" not in capsys.readouterr().out


def test_long_files_are_cut_into_consecutive_pictures(recordings, tmp_path):
    assert main(["encode", str(recordings), "-o", str(tmp_path / "out"), "--pieces"]) == 0
    names = sorted(path.name for path in (tmp_path / "out").rglob("*.png"))
    assert names == ["a-0001.png", "a-0002.png", "b.png"]
    assert not np.asarray(Image.open(tmp_path / "out" / "a-0002.png"))[:, 60:].any()


def test_overlapping_pieces_join_to_a_sound_of_the_same_level_and_length(recordings, tmp_path):
    assert main(["encode", str(recordings / "a.wav"), "-o", str(tmp_path / "out"), "--pieces", "--overlap-s", "1"]) == 0
    assert main(["decode", str(tmp_path / "out"), "--join", str(tmp_path / "joined.flac")]) == 0
    audio, _ = read_audio(tmp_path / "joined.flac")
    loud = audio[0, : 24000 * 6 - 3000].reshape(-1, 1000)
    assert audio.shape[1] == pytest.approx((5.12 - 1 + 5.12) * 24000, abs=400)
    assert np.abs(loud).max(axis=1).min() > 0.2


def test_some_failures_give_exit_code_3_and_all_4_each_with_its_reason(recordings, tmp_path, capsys):
    (recordings / "bad.wav").write_bytes(b"noise" * 100)
    assert main(["encode", str(recordings), "-o", str(tmp_path / "out")]) == 3
    assert "bad.wav cannot be decoded" in capsys.readouterr().err
    assert main(["encode", str(recordings / "bad.wav"), "-o", str(tmp_path / "out")]) == 4


def test_a_file_that_is_called_like_a_piece_of_another_keeps_a_picture_of_its_own(recordings, tmp_path):
    """a.wav gives a-0001.png and a-0002.png; a-0001.wav must not write the first of them."""
    (recordings / "a-0001.wav").write_bytes((recordings / "a.wav").read_bytes())
    (recordings / "a-0002.flac").write_bytes((recordings / "deep" / "b.flac").read_bytes())
    assert main(["encode", str(recordings), "-o", str(tmp_path / "out"), "--pieces"]) == 0
    names = sorted(path.stem for path in (tmp_path / "out").glob("*.png"))
    assert names == ["a-0001", "a-0001-wav-0001", "a-0001-wav-0002", "a-0002", "a-0002-flac"]


def test_a_photograph_beside_a_recording_is_not_overwritten(recordings, capsys):
    Image.new("RGB", (9, 9), "green").save(recordings / "a.png")
    before = (recordings / "a.png").read_bytes()
    for _ in range(2):
        assert main(["encode", str(recordings / "a.wav")]) == 0
    assert (recordings / "a.png").read_bytes() == before
    assert sorted(path.name for path in recordings.glob("*.png")) == ["a.png", "a_spectrogram.png"]


def test_inputs_that_differ_only_in_suffix_do_not_overwrite_each_other(recordings, tmp_path):
    (recordings / "a.flac").write_bytes((recordings / "deep" / "b.flac").read_bytes())
    assert main(["encode", str(recordings), "-o", str(tmp_path / "out")]) == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir() if path.is_file()) == ["a-flac.png", "a-wav.png"]


def test_a_wrong_preset_or_empty_folder_is_a_usage_error(tmp_path, capsys):
    assert main(["encode", str(tmp_path), "--preset", "nope"]) == 2
    assert "preset 'nope' is unknown (expected one of mini" in capsys.readouterr().err
    assert main(["encode", str(tmp_path)]) == 2
    assert "No input was found" in capsys.readouterr().err


def test_a_stranger_s_picture_is_decoded_and_the_assumptions_said(tmp_path, capsys):
    Image.new("RGB", (64, 512), (250, 250, 250)).save(tmp_path / "light.png")
    assert main(["decode", str(tmp_path / "light.png")]) == 0
    assert "assumed: read as `riffusion` (mostly light)" in capsys.readouterr().out
    assert read_audio(tmp_path / "light.wav")[0].shape == (1, 63 * 441)


@pytest.mark.parametrize("suffix", ["wav", "flac", "ogg"])
def test_the_sound_of_a_web_ui_s_picture_keeps_how_it_was_made(tmp_path, suffix):
    info = PngInfo()
    info.add_text(
        "parameters", "rain\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 5, Size: 64x512, Model: riffusion"
    )
    Image.new("RGB", (64, 512), (200, 200, 200)).save(tmp_path / "00031-5.png", pnginfo=info)
    assert main(["decode", str(tmp_path), "--format", suffix]) == 0
    recipe = Recipe.read(tmp_path / f"00031-5.{suffix}")
    assert (recipe.prompt, recipe.seed, recipe.steps) == ("rain", 5, 20)


def test_inspect_tells_and_draws_pictures_and_sounds(recordings, tmp_path, capsys):
    main(["encode", str(recordings / "a.wav"), "-o", str(tmp_path)])
    assert main(["inspect", str(tmp_path / "a.png"), "--png", str(tmp_path / "view.png")]) == 0
    assert "fingerprint: d716095fb13d" in capsys.readouterr().out
    assert main(["inspect", str(recordings / "a.wav"), "--json", "--png", str(tmp_path / "sound.png")]) == 0
    assert '"seconds": 6.0' in capsys.readouterr().out
    for name in ("view.png", "sound.png"):
        view = np.asarray(Image.open(tmp_path / name).convert("L"), float)
        assert view.shape[1] > 480
        rows = view[14:-60, 100:300].mean(axis=1)
        assert 0.75 < np.argmax(rows) / len(rows) < 0.98


def test_help_loads_no_heavy_library():
    command = [sys.executable, "-X", "importtime", "-m", "spectrogram", "encode", "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    loaded = {line.rsplit("|", 1)[-1].strip() for line in done.stderr.splitlines()}
    assert "python -m spectrogram encode recordings/" in done.stdout
    assert not loaded & {"torch", "numba", "scipy", "numpy", "diffusers"}


@pytest.mark.parametrize("peak", [5.0, 12000.0])
def test_a_sound_above_full_scale_is_scaled_and_that_is_said(tmp_path, capsys, peak):
    time_s = np.arange(24000) / 24000
    tone = np.sin(2 * np.pi * 1000 * time_s)
    soundfile.write(tmp_path / "fair.wav", tone, 24000, subtype="FLOAT")
    soundfile.write(tmp_path / "loud.wav", peak * tone, 24000, subtype="FLOAT")
    assert main(["encode", str(tmp_path / "fair.wav"), str(tmp_path / "loud.wav")]) == 0
    assert f"reach {20 * np.log10(peak):.1f} dB above full scale: scaled to it" in capsys.readouterr().out
    fair, loud = (np.asarray(Image.open(tmp_path / f"{name}.png"), int) for name in ("fair", "loud"))
    assert np.abs(fair - loud).max() <= 1


def test_what_was_decoded_never_takes_the_place_of_the_recording(recordings, tmp_path, capsys):
    sound = tmp_path / "rain.wav"
    sound.write_bytes((recordings / "a.wav").read_bytes())
    before = sound.read_bytes()
    assert main(["encode", str(sound)]) == 0
    for _ in range(2):
        assert main(["decode", str(tmp_path / "rain.png")]) == 0
    assert sound.read_bytes() == before
    assert f"rain.png -> {tmp_path / 'rain_decoded.wav'}" in capsys.readouterr().out
    assert sorted(path.name for path in tmp_path.glob("rain*")) == ["rain.png", "rain.wav", "rain_decoded.wav"]


def test_no_two_inputs_write_one_file(recordings, tmp_path):
    for name in ("x/a.wav", "y/a.wav", "y/a-wav.wav", "y/a.flac"):
        write_audio(tmp_path / "in" / name, read_audio(recordings / "a.wav")[0], 24000)
    given = [str(path) for path in sorted((tmp_path / "in").rglob("a*.*"))]
    assert main(["encode", *given, *given, "-o", str(tmp_path / "out")]) == 0
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert names == ["a-flac.png", "a-wav-2.png", "a-wav-3.png", "a-wav.png"]


def test_the_pictures_of_a_folder_are_joined_in_the_order_of_their_numbers(tmp_path):
    for number, hertz in ((1, 300), (2, 600), (3, 900), (10, 3000)):
        time_s = np.arange(24000) / 24000
        write_audio(tmp_path / f"clip_{number}.wav", 0.5 * np.sin(2 * np.pi * hertz * time_s)[None], 24000)
        main(["encode", str(tmp_path / f"clip_{number}.wav")])
        Image.open(tmp_path / f"clip_{number}.png").crop((0, 0, 50, 128)).save(tmp_path / f"clip_{number}.png")
    assert main(["decode", str(tmp_path), "--preset", "mini", "--join", str(tmp_path / "j.wav")]) == 0
    audio, _ = read_audio(tmp_path / "j.wav")
    parts = np.split(audio[0, : 4 * 24000], 4)
    pitches = [int(np.argmax(np.abs(np.fft.rfft(part)))) for part in parts]
    assert pitches == pytest.approx([300, 600, 900, 3000], abs=15)


def test_transform_given_a_picture_says_what_it_is(tmp_path, capsys):
    Image.new("RGB", (64, 128)).save(tmp_path / "a.png")
    assert main(["encode", str(tmp_path / "a.png")]) == 4
    assert "a.png is a picture (expected a sound file). Turn it into sound first" in capsys.readouterr().err
