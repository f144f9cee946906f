"""Learned bases, what they part, and recordings of any length."""

import json
import subprocess

import numpy as np
import pytest
import soundfile

from bioacoustics.__main__ import main
from bioacoustics.separation.factorisation import divergence, factorise, learned_bases, stacked, unstacked
from bioacoustics.separation.masks import Settings, separated
from bioacoustics.separation.model import (
    SeparationModel,
    SeparationProblem,
    front_end,
    learn_by_periodicity,
    learn_source,
    magnitudes,
)
from bioacoustics.separation.periodicity import sources_by_periodicity
from bioacoustics.separation.scores import si_sdr_db
from bioacoustics.separation.stream import mono_blocks, separated_stream
from spectrogram.files.annotations import Annotation, read_annotations, write_annotations
from tests.next_lines import follow

RATE = 16_000
PARAMS = front_end(RATE, bands=64)


def tone(hz, seconds, every_s=0.0, rate=RATE):
    t = np.arange(round(seconds * rate)) / rate
    on = (t % every_s < every_s / 2) if every_s else 1.0
    return (0.3 * np.sin(2 * np.pi * hz * t) * on).astype(np.float32)


def noise(seconds, seed=0, level=0.05, rate=RATE):
    return (level * np.random.default_rng(seed).standard_normal(round(seconds * rate))).astype(np.float32)


@pytest.fixture(scope="module")
def model():
    bird = learn_source("bird", [tone(3000, 2), tone(3200, 2)], PARAMS, bases=4)
    return bird.merged(learn_source("rain", [noise(2, 1)], PARAMS, bases=4, steady=True))


def test_the_divergence_is_scikit_learns():
    from sklearn.decomposition._nmf import _beta_divergence

    rng = np.random.default_rng(0)
    v, w, h = rng.uniform(0.1, 1, (20, 30)), rng.uniform(0.1, 1, (20, 3)), rng.uniform(0.1, 1, (3, 30))
    assert divergence(v, w @ h) == pytest.approx(_beta_divergence(v, w, h, "kullback-leibler"), rel=1e-5)


def test_factorisation_comes_as_near_as_scikit_learns():
    from sklearn.decomposition import NMF

    rng = np.random.default_rng(0)
    v = (rng.uniform(0, 1, (40, 5)) @ rng.uniform(0, 1, (5, 80))).astype(np.float32)
    theirs = NMF(5, solver="mu", beta_loss="kullback-leibler", init="random", max_iter=200, tol=0, random_state=0)
    near = divergence(v, theirs.fit_transform(v) @ theirs.components_)
    w, h = learned_bases(v, 5, 200, seed=0)
    assert divergence(v, w @ h) < 1.5 * near + 0.01


def test_each_step_without_averaging_comes_nearer():
    rng = np.random.default_rng(0)
    v = rng.uniform(0, 1, (20, 50)).astype(np.float32)
    start = rng.uniform(0.1, 1, (20, 4))
    near = [
        divergence(v, np.matmul(*factorise(v, start, np.ones(4), n, np.random.default_rng(1)))) for n in (1, 5, 25, 100)
    ]
    assert near == sorted(near, reverse=True)


def test_fixed_bases_stay_and_free_bases_move():
    rng = np.random.default_rng(0)
    start = rng.uniform(0.1, 1, (10, 3)).astype(np.float32)
    start /= start.sum(axis=0)
    w, _ = factorise(rng.uniform(0, 1, (10, 40)), start, np.array([0, 0.5, 1.0]), 30, rng)
    moved = np.abs(w - start).max(axis=0)
    assert moved[0] == 0
    assert 0 < moved[1] < moved[2]


def test_stacking_and_unstacking_give_the_spectrogram_back():
    v = np.random.default_rng(0).uniform(size=(6, 20)).astype(np.float32)
    np.testing.assert_allclose(unstacked(stacked(v, 4), 4), v, rtol=1e-6)


def test_si_sdr_of_orthogonal_noise_is_its_energy_ratio():
    t = np.arange(1000) / 1000
    truth, error = np.sin(2 * np.pi * 5 * t), np.cos(2 * np.pi * 5 * t)
    assert si_sdr_db(7 * (truth + 0.1 * error), truth) == pytest.approx(20.0, abs=1e-6)
    assert si_sdr_db(np.zeros(1000), truth) == -np.inf


def test_a_tone_in_noise_is_told_from_the_noise(model):
    bird, rain = tone(3100, 4, every_s=1.0), noise(4, 5)
    parted = separated(bird + rain, model, Settings())
    assert si_sdr_db(parted["bird"], bird) > si_sdr_db(bird + rain, bird) + 5
    np.testing.assert_allclose(parted["bird"] + parted["rain"], bird + rain, atol=1e-4)


def test_free_bases_take_what_no_source_explains(model):
    whistle = tone(6000, 3, every_s=0.7)
    parted = separated(tone(3100, 3, every_s=1.0) + whistle + noise(3, 5, 0.01), model, Settings(free=2, iterations=40))
    assert si_sdr_db(parted["other"], whistle) > max(si_sdr_db(parted[name], whistle) for name in ("bird", "rain"))


def test_bases_with_one_rhythm_are_one_source():
    t = np.arange(400)
    fast, slow = 1 + np.sin(2 * np.pi * t / 8), 1 + np.sin(2 * np.pi * t / 50)
    rng = np.random.default_rng(0)
    activations = np.stack([a + 0.05 * rng.uniform(size=400) for a in (fast, slow, fast, slow, slow)])
    group = sources_by_periodicity(activations, 2, seed=0)
    assert group[0] == group[2] != group[1] == group[3] == group[4]


def test_two_rhythms_of_one_recording_become_two_sounds():
    chirps, frogs = tone(5000, 8, every_s=0.25), tone(900, 8, every_s=2.0)
    learned = learn_by_periodicity([chirps + frogs], PARAMS, bases=6, seed=1)
    parted = separated(chirps + frogs, learned, Settings(iterations=40))
    gains = {name: (si_sdr_db(sound, chirps), si_sdr_db(sound, frogs)) for name, sound in parted.items()}
    first, second = gains["source_1"], gains["source_2"]
    assert max(min(first[0], second[1]), min(first[1], second[0])) > 10


def test_a_model_survives_its_file_and_models_of_other_spectrograms_do_not_merge(tmp_path, model):
    read = SeparationModel.load(model.save(tmp_path / "m.safetensors"))
    assert (read.sources, read.steady, read.params) == (model.sources, ("rain",), model.params)
    np.testing.assert_array_equal(read.bases, model.bases)
    with pytest.raises(ValueError, match="different spectrograms"):
        model.merged(learn_source("x", [noise(1)], front_end(RATE, bands=32), bases=2))


def test_a_file_that_is_no_model_is_refused(tmp_path):
    (tmp_path / "m.safetensors").write_bytes(b"nothing")
    with pytest.raises(SeparationProblem, match="cannot be read"):
        SeparationModel.load(tmp_path / "m.safetensors")


def test_silence_teaches_nothing():
    with pytest.raises(SeparationProblem, match="no sound to learn from"):
        learn_source("x", [np.zeros(1000, np.float32)], PARAMS)


@pytest.mark.parametrize("seconds", [0.2, 0.9, 1.0, 2.5, 4.0, 7.3])
def test_blocks_of_a_stream_sum_to_the_recording_whatever_its_length(tmp_path, model, seconds):
    audio = tone(3000, seconds, every_s=0.5) + noise(seconds)
    soundfile.write(tmp_path / "x.wav", audio, RATE, subtype="FLOAT")
    parts = list(separated_stream(mono_blocks(tmp_path / "x.wav", RATE, block_s=2.0), model, Settings()))
    total = np.concatenate([sum(part.values()) for part in parts])
    assert len(total) == len(audio)
    np.testing.assert_allclose(total, audio, atol=2e-4)


@pytest.mark.parametrize("rate_hz", [3, 2_000_000_000])
def test_a_recording_of_an_impossible_rate_is_refused_and_never_becomes_hours(tmp_path, rate_hz):
    soundfile.write(tmp_path / "x.wav", tone(3000, 1), RATE, subtype="PCM_16")
    data = bytearray((tmp_path / "x.wav").read_bytes())
    data[24:28] = rate_hz.to_bytes(4, "little")
    (tmp_path / "x.wav").write_bytes(data)
    with pytest.raises(SeparationProblem, match=f"declares {rate_hz} samples a second"):
        next(mono_blocks(tmp_path / "x.wav", RATE))


def test_a_recording_in_a_video_container_is_separated_like_any_other(tmp_path, model):
    from spectrogram.files import ffmpeg

    soundfile.write(tmp_path / "x.wav", tone(3000, 3), RATE, subtype="PCM_16")
    words = [ffmpeg.program(), "-v", "error", "-i", tmp_path / "x.wav", tmp_path / "x.m4a"]
    subprocess.run(list(map(str, words)), check=True)
    assert sum(map(len, mono_blocks(tmp_path / "x.m4a", RATE))) == pytest.approx(3 * RATE, rel=0.05)


def test_magnitudes_hold_a_tone_in_its_band():
    levels = magnitudes(tone(3000, 1), PARAMS)
    assert levels.shape[0] == 64
    assert levels.mean(axis=1).argmax() == pytest.approx(PARAMS.mel_bands * np.log1p(0.75) / np.log1p(2), abs=2)


@pytest.mark.next_line("bioacoustics/commands/learn.py learn_sources")
def test_the_commands_learn_from_annotated_seconds_and_clean_a_folder_for_the_builder(tmp_path, capsys, monkeypatch):
    folder = tmp_path / "set"
    folder.mkdir()
    audio = np.concatenate([noise(2), tone(3000, 2) + noise(2, 1), noise(2, 2)])
    soundfile.write(folder / "a.wav", audio, RATE)
    write_annotations(folder / "a.selections.txt", [Annotation(2, 4, "bird", 2900, 3100)], "raven")
    (folder / "metadata.csv").write_text("file_name,caption,sha256\na.wav,a bird,xyz\n")
    learn = [
        "learn",
        "sources",
        "--annotated",
        str(folder),
        "--rate",
        str(RATE),
        "--bases",
        "4",
        "--out",
        str(tmp_path / "my model.st"),
    ]
    assert main(learn) == 0
    monkeypatch.chdir(tmp_path)
    assert follow(capsys.readouterr().out, RECORDINGS=folder) == 0
    assert (tmp_path / "separated").is_dir()
    model = str(tmp_path / "my model.st")
    assert main(["separate", str(folder), "--model", model, "--keep", "bird", "--out", str(tmp_path / "clean")]) == 0
    cleaned, rate = soundfile.read(tmp_path / "clean" / "a.flac")
    quiet, loud = np.std(cleaned[: 2 * rate]), np.std(cleaned[2 * rate : 4 * rate])
    assert loud > 10 * quiet
    assert (tmp_path / "clean" / "metadata.csv").read_text() == "file_name,caption\na.flac,a bird\n"
    events = read_annotations(tmp_path / "clean" / "a.selections.txt")
    assert [(round(one.onset_s), round(one.offset_s)) for one in events] == [(2, 4)]


def test_separate_goes_on_where_it_was_stopped_and_names_what_it_cannot_read(tmp_path, model, capsys):
    folder = tmp_path / "set"
    folder.mkdir()
    soundfile.write(folder / "a.wav", noise(1), RATE)
    (folder / "b.wav").write_bytes(b"RIFF, or not")
    model.save(tmp_path / "m.st")
    command = ["separate", str(folder), "--model", str(tmp_path / "m.st"), "--out", str(tmp_path / "out")]
    assert main(command) == 3
    assert "b.wav cannot be read" in capsys.readouterr().err
    stamp = (tmp_path / "out" / "bird" / "a.flac").stat().st_mtime_ns
    soundfile.write(folder / "b.wav", noise(1), RATE)
    assert main(command) == 0
    assert (tmp_path / "out" / "bird" / "a.flac").stat().st_mtime_ns == stamp
    assert len([json.loads(line) for line in (tmp_path / "out" / "done.jsonl").read_text().splitlines()]) == 2
