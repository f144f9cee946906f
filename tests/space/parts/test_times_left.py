"""How long something still takes is said wherever something takes long, from the pace of this machine."""

import time

import pytest

from space.parts.status import count_html
from space.tabs.finetune_views import progress_html
from space.teaching.runs import STAGE, RunState


def test_work_on_files_tells_the_time_left_from_the_first_file_on():
    begun_s = time.monotonic() - 10
    assert "sound 5/15 · 20 s left" in count_html("sound", 5, 15, begun_s)
    assert "left" not in count_html("sound", 0, 15, begun_s)
    assert "left" not in count_html("sound", 15, 15, begun_s)
    assert "clip 0/0" in count_html("clip", 0, 0, begun_s)


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("replay 12/70 1 min left", ("replay 12/70", "1 min")),
        ("training 0/300 pass 2 of 2, block 3 of 9, at work for 9 s, 2.5 h left", ("training 0/300", "2.5 h")),
        ("caching latents 3/40", ("caching latents 3/40", "")),
    ],
)
def test_the_trainers_own_word_on_the_time_left_is_read(line, found):
    assert STAGE.findall(f"something else\n{line}\n")[-1] == found


def test_before_the_first_step_the_page_says_what_the_trainer_says():
    state = RunState("owl", "running", total=300, stage="replay 12/70", told_left="1 min")
    assert "12/70 · 1 min left" in progress_html(state)
    assert "step 3/300 · 40 s left" in progress_html(RunState("owl", "running", 3, 300, seconds_left=40.0))
