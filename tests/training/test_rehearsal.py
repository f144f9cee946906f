"""A rehearsal goes through every stage and says what the run will take; life signs come while a step is long."""

import json
import os
import signal
import time
import weakref

import pytest

from training import __main__ as command
from training import rehearsal, run
from training.loop.draws import Draws
from training.measuring import Cost, Measuring
from training.progress import Bars
from training.rehearsal import GIB, Rehearsal, Stage
from training.stages import Pace, Stages, duration

STAGES = ("loading", "caching", "replay", "building", "validation", "training step", "checkpoint", "samples", "saving",
          "resume")  # fmt: skip


def test_a_rehearsal_goes_through_every_stage_and_leaves_nothing_behind(owls, tiny_base, tmp_path, capsys):
    line = [
        str(owls),
        "--out",
        str(tmp_path / "runs" / "owl"),
        "--base",
        str(tiny_base),
        "--precision",
        "no",
        "--batch",
        "4",
    ]
    line += ["--replay", "0.25", "--accumulate", "2", "--steps", "600", "--rehearse", "--price", "2"]
    assert command.main(line) == 0
    told = capsys.readouterr().out
    lines = {text.rpartition("  ")[0][:16].strip(): text.split() for text in told.splitlines()}
    for stage in STAGES:
        assert float(lines[stage][-3 if lines[stage][-1] in ("s", "min", "h") else -2]) >= 0, stage
    assert "expected:" in told
    assert " at 2 an hour" in told
    assert told.splitlines()[-1].startswith("this will fit: ")
    assert [path.name for path in (tmp_path / "runs").iterdir()] == [".cache"]
    (learned,) = (tmp_path / "runs" / ".cache").iterdir()
    paces = json.loads(learned.read_text())
    assert {key.partition("|")[0] for key in paces} == {"caching latents", "replay", "training"}


def test_what_does_not_fit_names_the_flag_that_makes_it_fit():
    stages = [Stage("loading", 1.0, 3 * GIB, 1.0), Stage("training step", 2.0, 7 * GIB, 7200.0)]
    found = Rehearsal(stages, 1 * GIB, 4 * GIB, "try --vram 4")
    assert not found.fits
    assert found.report(1.5).splitlines()[-2:] == [
        "expected: 2.0 h (2.00 h, 3.00 at 1.5 an hour)",
        "this will not fit: 6.00 of 4.00 GiB of memory beside 1.00 GiB of the process; try --vram 4",
    ]
    assert Rehearsal(stages, 1 * GIB, 8 * GIB, "").fits


def test_a_long_step_shows_life_and_the_time_left(capsys):
    with Bars(quiet_s=0.2) as bars:
        bars.update("training", 0, 4, "pass 1 of 2")
        time.sleep(0.3)
        bars.update("training", 0, 4, "pass 2 of 2, block 3 of 9", 0.5)
        time.sleep(1.0)
    lines = capsys.readouterr().out.splitlines()
    alive = [line for line in lines if "at work for" in line]
    assert len(alive) >= 2
    assert "training 0/4 pass 2 of 2, block 3 of 9, at work for" in alive[-1]
    assert alive[-1].endswith("s left")
    assert not any("1,000 steps" in line for line in lines)


def test_the_pace_of_the_last_run_here_is_known_before_the_first_step(tmp_path):
    first = Pace()
    first.learned(tmp_path / "pace.json", "sd15|lora")
    first.left_s("training", 0, 2)
    time.sleep(0.05)
    first.finish("training", 1)
    again = Pace()
    again.learned(tmp_path / "pace.json", "sd15|lora")
    assert 0.5 <= again.left_s("training", 0, 10) <= 5
    other = Pace()
    other.learned(tmp_path / "pace.json", "sd15|full")
    assert other.left_s("training", 0, 10) is None
    (tmp_path / "pace.json").write_text("[1]")
    other.learned(tmp_path / "pace.json", "sd15|lora")
    assert other.left_s("caching", 0, 10) is None


@pytest.mark.parametrize(("seconds", "told"), [(4, "4 s"), (600, "10 min"), (9000, "2.5 h")])
def test_durations_are_said_in_words(seconds, told):
    assert duration(seconds) == told


def test_one_clip_at_a_time_still_replays_its_share():
    draws = Draws(range(10), range(100, 140), 1, 0.25, seed=1)
    seen = [int(draws.batch(number)[0]) for number in range(40)]
    assert sum(clip >= 100 for clip in seen) == 10
    assert sorted(clip for clip in seen if clip < 100) == sorted([*range(10)] * 3)


def test_a_run_that_rehearses_first_goes_on_when_it_fits_and_says_the_first_steps_seconds(
    owls, tiny_base, tmp_path, capsys
):
    out = tmp_path / "runs" / "owl"
    line = [str(owls), "--out", str(out), "--base", str(tiny_base), "--batch", "2", "--samples", "0", "--steps", "2"]
    assert command.main([*line, "--rehearse-first"]) == 0
    told = capsys.readouterr().out
    said = [told.index(f"\n{text}") for text in ("rehearsal: ", "this will fit: ", "training 0/2 a step takes about")]
    assert said == sorted(said)
    assert (out / "pytorch_lora_weights.safetensors").is_file()
    assert command.main([*line, "--rehearse-first"]) == 0
    assert "rehearsal: " not in capsys.readouterr().out


def test_what_does_not_fit_is_not_begun(owls, tiny_base, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(rehearsal, "limit_bytes", lambda settings, own: 1)
    out = tmp_path / "runs" / "owl"
    line = [str(owls), "--out", str(out), "--base", str(tiny_base), "--batch", "2", "--samples", "0", "--steps", "2"]
    assert command.main([*line, "--rehearse-first"]) == 5
    assert "this will not fit" in capsys.readouterr().out
    assert not out.exists()


def test_steps_that_would_take_minutes_are_cut_short_and_counted_as_whole_ones(
    owls, tiny_base, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(rehearsal, "PATIENCE_S", 0.0)
    line = [str(owls), "--out", str(tmp_path / "r" / "a"), "--base", str(tiny_base), "--batch", "1", "--samples", "0"]
    assert command.main([*line, "--accumulate", "8", "--steps", "1000", "--rehearse"]) == 0
    told = capsys.readouterr().out
    assert "training step: a few of its 8 passes were taken" in told
    (row,) = (text.split() for text in told.splitlines() if text.startswith("training step  "))
    seconds, whole = float(row[2]), row[4:]
    minutes = float(whole[0]) * {"s": 1 / 60, "min": 1, "h": 60}[whole[1]]
    # The seconds are told to a tenth, the whole in minutes.
    assert minutes == pytest.approx(seconds * 8 * 1000 / 60, abs=0.05 * 8 * 1000 / 60 + 1)


def test_a_signal_ends_a_rehearsal_and_leaves_nothing(owls, tiny_base, tmp_path, monkeypatch):
    monkeypatch.setattr(rehearsal.RehearsedRun, "_train", lambda run: os.kill(os.getpid(), signal.SIGTERM))
    line = [str(owls), "--out", str(tmp_path / "runs" / "a"), "--base", str(tiny_base), "--steps", "5"]
    assert command.main([*line, "--rehearse"]) == 130
    assert list((tmp_path / "runs").iterdir()) == []


def test_only_denoising_takes_longer_with_more_steps_and_loading_does_not():
    told = Measuring(Stages())
    told.costs["samples"] = Cost(1, 10.0)
    told.denoising["listening"] = [1.0, 1.2]
    # Three steps were taken, of 1 s each; what was done besides took 7 s.
    assert rehearsal.painted("samples", "listening", 25, told) * 10 == pytest.approx(7 + 25)
    assert rehearsal.painted("replay", "replay", 25, told) == 1.0


def test_single_denoising_steps_are_timed_within_a_clip_alone():
    told = Measuring(Stages())
    one, two = "denoising step 1", "denoising step 2"
    heard = [("listening", note) for note in ("", one, two, "", one)]
    for stage, note in (*heard, ("replay", two)):
        told.update(stage, 0, 2, note)
    assert {stage: len(steps) for stage, steps in told.denoising.items()} == {"listening": 1}


@pytest.mark.parametrize("flags", [["--rehearse"], []])
def test_what_was_trained_leaves_memory_before_the_result_is_used(owls, tiny_base, tmp_path, monkeypatch, flags):
    """It is exported and heard from its files: beside the trained UNet neither would fit at real size."""
    built, opened, exported = run.Run._build, run.Run._taught_pipeline, run.kohya
    trained, left, used = [], [], []

    def build(a_run):
        built(a_run)
        trained.append(weakref.ref(a_run.base.unet))

    def looked_at(what, original):
        def do(*given):
            used.append(what)
            left.extend(unet() is not None for unet in trained)
            return original(*given)

        return do

    taught_pipeline = looked_at("heard", opened)
    monkeypatch.setattr(run, "kohya", looked_at("exported", exported))
    monkeypatch.setattr(run.Run, "_build", build)
    monkeypatch.setattr(run.Run, "_taught_pipeline", taught_pipeline)
    line = [
        str(owls),
        "--out",
        str(tmp_path / "runs" / "a"),
        "--base",
        str(tiny_base),
        "--batch",
        "1",
        "--samples",
        "1",
    ]
    assert command.main([*line, "--steps", "1", *flags]) == 0
    assert used == ["exported", "heard"]
    assert left
    assert not any(left)
