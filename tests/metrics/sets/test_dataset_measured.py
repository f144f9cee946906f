"""`python -m metrics SOUNDS DATASET` measures the rows of a dataset, each against the sound that it was made of."""

import json

from dataset_builder.__main__ import main as build
from metrics.__main__ import main as measure
from tests.metrics.sounds import noise, tone, write_set

CLIPS = 12


def test_every_row_of_a_dataset_is_measured_and_paired_by_its_id(tmp_path, monkeypatch):
    monkeypatch.setenv("SD_AUDIO_CACHE", str(tmp_path / "cache"))
    sounds = {f"tone_{i:02d}": tone(200 + 150 * i, 2.0) + noise(i, 2.0, 0.01) for i in range(CLIPS)}
    raw = write_set(tmp_path / "raw", sounds)
    assert build([str(raw), "--out", str(tmp_path / "set"), "--preset", "mini", "--workers", "1"]) == 0
    code = measure([str(raw), str(tmp_path / "set"), "--out", str(tmp_path / "r.json"), "--resamples", "0"])
    results = json.loads((tmp_path / "r.json").read_text())
    assert code == 0
    assert (results["n_generated"], results["n_reference"]) == (CLIPS, CLIPS)
    # A set against itself, kept at another rate: a pair that is none would differ by whole classes.
    paired = [figure["value"] for name, figure in results["metrics"].items() if "kl" in name]
    assert paired
    assert max(paired) < 0.2
