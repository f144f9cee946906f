"""A rehearsal goes through every stage and says what the run will take; life signs come while a step is long."""

import json
import time

import pytest

from training import __main__ as command
from training.loop.draws import Draws
from training.progress import Bars
from training.rehearsal import GIB, Rehearsal, Stage
from training.stages import Pace, duration

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
