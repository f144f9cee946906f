"""The loop of rare classes: who teaches and who tests, the filter, the control, resuming, and the report."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest
import soundfile

from bioacoustics.__main__ import main
from bioacoustics.classifiers.clips import Clips, ClipsProblem
from bioacoustics.classifiers.trainer import TrainingSettings
from bioacoustics.rare.comparison import comparison, taught_each_way, ways
from bioacoustics.rare.generation import ASKED, DONE, settings_of, teach_adapter
from bioacoustics.rare.keeping import keep_rates, shuffled_labels
from bioacoustics.rare.loop import verdict
from bioacoustics.rare.sets import few_and_test
from dataset_builder.intake.entries import Entry

RATE = 16_000
PITCHES = {"low": 400, "middle": 1500, "high": 5000}


def entry(label, recording, clip="0"):
    return Entry(f"{label}-{recording}-{clip}", f"/{label}/{recording}-{clip}.wav", ("x",), label, recording=recording)


def tone(hz, rng):
    t = np.arange(RATE) / RATE
    beating = 1 + 0.5 * np.sin(2 * np.pi * rng.uniform(3, 8) * t)
    return 0.1 * beating * np.sin(2 * np.pi * hz * rng.uniform(0.95, 1.05) * t) + 0.005 * rng.standard_normal(RATE)


def tones_in(folder, count, of=None):
    """One folder a class; ``of`` swaps what is heard under a label."""
    rng = np.random.default_rng(count)
    for label, hz in PITCHES.items():
        (folder / label).mkdir(parents=True)
        for number in range(count):
            heard = (of or {}).get(label, hz)
            soundfile.write(folder / label / f"{folder.name}-{number}.wav", tone(heard, rng), RATE)
    return folder


def embedded(count, seed, classes=3, apart=3.0):
    """Embeddings of classes that lie ``apart``."""
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % classes
    rows = rng.standard_normal((count, 1, 8)).astype(np.float32)
    rows[:, 0, :classes] += apart * np.eye(classes)[labels]
    names = tuple(f"c{n}" for n in range(classes))
    recordings = np.array([f"{seed}-{n}" for n in range(count)])
    return Clips(rows, np.eye(classes, dtype=np.float32)[labels], names, recordings, ("",) * count)


def test_no_recording_teaches_and_tests():
    entries = [entry("a", f"r{n}", str(k)) for n in range(8) for k in range(2)] + [
        entry("b", f"s{n}") for n in range(9)
    ]
    few, test = few_and_test(entries, 5, seed=3)
    assert {name: len(own) for name, own in few.items()} == {"a": 5, "b": 5}
    assert {name: len(own) for name, own in test.items()} == {"a": 6, "b": 4}
    for name in few:
        assert not {e.recording for e in few[name]} & {e.recording for e in test[name]}
    assert few_and_test(entries, 5, seed=3)[0] == few
    with pytest.raises(ClipsProblem, match="recordings"):
        few_and_test(entries, 8)


def test_synthetic_clips_that_hold_the_classes_help_and_shuffled_ones_do_not():
    real, synthetic, test = embedded(6, 1, apart=1.0), embedded(120, 2, apart=1.0), embedded(90, 3, apart=1.0)
    settings = TrainingSettings(network="linear", steps=150, batch=16, rate=1e-2, smoothing=0.0)
    given = taught_each_way(real, synthetic, test, None, settings, [0, 1])
    rows = {row["way"]: row for row in comparison(test, given)}
    assert rows["real + synthetic"]["gain"]["low"] > 0
    assert rows["real + synthetic, labels shuffled"]["gain"]["value"] < rows["real + synthetic"]["gain"]["value"] - 0.05
    assert "help" in verdict({"rows": list(rows.values())})


def test_the_control_keeps_how_many_clips_each_class_has():
    clips = embedded(30, 0)
    mixed = shuffled_labels(clips, 1)
    np.testing.assert_array_equal(mixed.targets.sum(axis=0), clips.targets.sum(axis=0))
    assert (mixed.labels != clips.labels).mean() > 0.3
    assert "synthetic only" not in ways(clips, None, 0, None)


def test_networks_that_were_taught_are_read_again(tmp_path):
    real, test = embedded(12, 1), embedded(30, 2)
    settings = TrainingSettings(network="linear", steps=20, batch=8, rate=1e-2)
    first = taught_each_way(real, None, test, None, settings, [0], out=tmp_path)
    (kept,) = tmp_path.glob("*.npy")
    np.save(kept, first["real"][0] * 0)
    assert not taught_each_way(real, None, test, None, settings, [0], out=tmp_path)["real"].any()
    other = taught_each_way(real, None, test, None, replace(settings, steps=21), [0], out=tmp_path)
    assert other["real"].any()


def test_keep_rates_count_by_class():
    entries = [entry("a", "1"), entry("a", "2"), entry("b", "3")]
    rates = keep_rates(entries, [True, False, False])
    assert rates["a"] == {"generated": 2, "kept": 1, "rate": 0.5}
    assert rates["b"]["rate"] == 0


@pytest.mark.parametrize(
    ("gain", "control", "words"),
    [
        ((0.05, 0.02, 0.08), (0, -1, 1), "help"),
        ((0.01, -0.02, 0.04), (0, -1, 1), "No effect"),
        ((-0.1, -0.2, -0.05), (0, -1, 1), "harm"),
        ((0.05, 0.02, 0.08), (0.04, 0.01, 0.07), "control"),
    ],
)
def test_the_verdict_says_no_more_than_the_intervals(gain, control, words):
    named = [dict(zip(("value", "low", "high"), one, strict=True)) for one in (gain, control)]
    ways_of = ("real + synthetic", "real + synthetic, labels shuffled")
    assert words in verdict({"rows": [{"way": way, "gain": one} for way, one in zip(ways_of, named, strict=True)]})
    assert "No generated clip" in verdict({"rows": []})


@pytest.mark.parametrize(("kept", "void"), [((2, 0), True), ((1, 1), False), ((0, 0), False)])
def test_the_verdict_says_the_keep_rate_and_when_the_control_is_void(kept, void):
    gain = {"value": 0.0, "low": -0.1, "high": 0.1}
    rows = [{"way": way, "gain": gain} for way in ("real + synthetic", "real + synthetic, labels shuffled")]
    rates = {name: {"generated": 2, "kept": one} for name, one in zip("ab", kept, strict=True)}
    text = verdict({"rows": rows, "keep_rates": rates})
    assert f"kept {sum(kept)} of 4" in text
    assert "by chance it is 0.50" in text
    assert ("control is void" in text) == void


def test_the_whole_loop_on_ready_clips_refuses_those_of_the_wrong_class(tmp_path, capsys):
    real = tones_in(tmp_path / "real", 7)
    swapped = tones_in(tmp_path / "generated", 4, {"low": PITCHES["high"]})
    asked = ["rare", str(real), "--generated", str(swapped), "--steps", "3", "--seeds", "1"]
    assert main([*asked, "--out", str(tmp_path / "out")]) == 0
    result = json.loads((tmp_path / "out" / "results.json").read_text())
    assert result["keep_rates"]["low"]["kept"] == 0
    assert result["keep_rates"]["high"]["kept"] == 4
    assert len(result["rows"]) == 6
    page = (tmp_path / "out" / "report.html").read_text()
    sounds = re.findall(r'src="([^"]+)"', page)
    assert len(sounds) >= 9
    assert all((tmp_path / "out" / one).is_file() for one in sounds)
    assert result["verdict"] in page


def test_a_linear_classifier_on_another_ear_has_all_ways_too(tmp_path):
    real, made = tones_in(tmp_path / "real", 7), tones_in(tmp_path / "generated", 2)
    asked = ["rare", str(real), "--generated", str(made), "--network", "linear", "--embedder", "logmel-stats-v1"]
    assert main([*asked, "--steps", "40", "--seeds", "2", "--out", str(tmp_path / "out")]) == 0
    rows = {row["way"]: row for row in json.loads((tmp_path / "out" / "results.json").read_text())["rows"]}
    assert len(rows) == 6
    assert rows["real + augmented"]["macro_auroc"]["value"] > 0.9


def test_a_plan_that_makes_no_sense_is_refused(tmp_path):
    assert main(["rare", str(tmp_path), "--network", "linear", "--out", str(tmp_path / "a")]) == 2
    assert main(["rare", str(tmp_path), "--seeds", "0", "--out", str(tmp_path / "a")]) == 2


def test_what_was_made_of_other_recordings_is_not_taken(tmp_path):
    few = {"a": [entry("a", "1")], "b": [entry("b", "2")]}
    for name in ("adapter", "generated/a"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "generated" / "a" / "0000.flac").write_bytes(b"x")
    (tmp_path / ASKED).write_text(settings_of(few, 5, 0, None))
    (tmp_path / DONE).write_text("")
    assert teach_adapter(few, tmp_path, 5, 0, None) == tmp_path / "adapter"
    assert (tmp_path / "generated").is_dir()
    with pytest.raises(Exception, match="dataset"):
        teach_adapter(few, tmp_path, 6, 0, None)
    assert not (tmp_path / "generated").exists()
