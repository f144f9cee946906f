"""What Evaluate compares: sets of other rates, and the validation set of a dataset of this server."""

from pathlib import Path

import numpy as np
import soundfile

from space.engine.scoring import resampled, score_files, unreadable
from space.store.shelf import Shelf
from space.store.uploads import collect
from space.teaching.checking import check_rows


def write_noises(folder: Path, count: int, rate_hz: int = 24000) -> list[str]:
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for i in range(count):
        noise = np.random.default_rng(i).normal(0, 0.1, 2 * rate_hz) * (np.arange(2 * rate_hz) % 9000 < 3000 + 300 * i)
        paths.append(folder / f"noise_{i}.wav")
        soundfile.write(paths[-1], noise, rate_hz)
    return [str(path) for path in paths]


def test_sounds_of_other_rates_are_named_with_their_number(tmp_path):
    paths = write_noises(tmp_path / "a", 2, 44100) + write_noises(tmp_path / "b", 3, 24000)
    assert resampled([*paths, "no sound"], 24000) == ["2 sounds of 44100 Hz were resampled to 24000 Hz."]
    results = score_files(paths[:2], paths[2:])
    assert results["warnings"][0].startswith("3 sounds of 24000 Hz were resampled")


def test_the_validation_set_of_a_dataset_is_a_set_of_sounds(tmp_path):
    rows = collect(write_noises(tmp_path / "in", 24), tmp_path / "upload").rows
    *_, verdicts = check_rows(rows, tmp_path / "upload", tmp_path / "datasets/noises", "mini")
    assert not any(verdict.reason for verdict in verdicts)
    shelf = Shelf.of_folder(tmp_path / "datasets/noises")
    (tmp_path / "out").mkdir()
    paths = shelf.write_sounds("validation", tmp_path / "out", 500)
    assert len(paths) == len(shelf.find(split="validation")) >= 1
    assert all(soundfile.info(path).duration > 1 for path in paths)
    assert len(shelf.write_sounds("train", tmp_path / "out", 3)) == 3


def test_files_that_are_no_sounds_are_named_at_once(tmp_path):
    sounds = write_noises(tmp_path / "a", 2)
    for name, data in (("broken.wav", b"RIFF"), ("empty.mp3", b""), ("text.flac", b"no sound")):
        (tmp_path / name).write_bytes(data)
        sounds.append(str(tmp_path / name))
    told = unreadable(sounds)
    assert [note.split(" ")[0] for note in told] == ["broken.wav", "empty.mp3", "text.flac"]
