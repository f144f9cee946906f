"""The one way in: what a request may hold, who is counted, and whose work is given up."""

import threading
import time
from types import SimpleNamespace

import pytest

from space.engine.front_door import FrontDoor, check, sampling, stopped_when
from space.engine.limits import RateLimit
from space.jobs import Failed, Finished, Request
from space.store.clips import ClipStore
from spectrogram.problems import UsageProblem

PAGE = SimpleNamespace(session_hash="one", headers={}, client=SimpleNamespace(host="10.0.0.1"))


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"prompt": ""}, "The prompt is empty"),
        ({"prompt": "x" * 1001}, "The prompt is too long"),
        ({"guidance": float("nan")}, "guidance is nan"),
        ({"guidance": float("inf")}, "guidance is inf"),
        ({"adapter_scale": float("-inf")}, "adapter scale is -inf"),
        ({"seconds": 1e9}, "seconds is 1000000000.0"),
        ({"steps": 0}, "steps is 0"),
        ({"seed": 2**80}, "seed is"),
        ({"seed": 10**400}, "seed is 1000"),
        ({"verb": "inpaint", "options": {"start_s": float("nan"), "end_s": 1.0}}, "start s is nan"),
        ({"verb": "extend", "options": {"seconds": float("nan"), "side": "left"}}, "seconds is nan"),
    ],
)
def test_what_no_request_may_hold_is_named(changes, told):
    with pytest.raises(UsageProblem, match=told):
        check(Request(**{"prompt": "rain"} | changes))


def test_a_row_of_texts_may_be_as_long_as_its_texts():
    texts = ["x" * 900, "y" * 900]
    check(Request(" → ".join(texts), verb="morph", options={"prompts": texts, "steps": 2}))


def test_a_form_without_a_seed_draws_one_and_the_word_none_is_no_adapter():
    one, other = (sampling(-1, " a\x00b ", 2.0, 3.0, "none", 1.0) for _ in range(2))
    assert one["seed"] != other["seed"]
    assert (one["adapter"], one["negative_prompt"]) == (None, "a b")
    assert sampling(7, None, 2, 3.0, "rain", 1.0)["seed"] == 7


def test_fields_that_were_emptied_mean_the_usual(engine):
    given = sampling(7, None, None, None, None, None)
    assert (given["steps"], given["guidance"], given["adapter_scale"]) == (None, None, 1.0)
    check(Request("rain", **given))


def test_page_and_programs_are_counted_together(engine, tmp_path):
    door = FrontDoor(engine, ClipStore(tmp_path), RateLimit(1))
    *_, made = door.submit(Request("rain", steps=1, seed=1, guidance=3.0), PAGE)
    assert isinstance(made, Finished)
    (refused,) = door.submit(Request("rain", steps=1, seed=1, guidance=3.0), PAGE)
    assert isinstance(refused, Failed)
    assert "Many requests came from here" in refused.reason
    with pytest.raises(UsageProblem, match="Wait"):
        door.admit(PAGE)


def test_a_refused_request_is_not_counted(engine, tmp_path):
    door = FrontDoor(engine, ClipStore(tmp_path), RateLimit(1))
    (refused,) = door.submit(Request("rain", guidance=float("nan")), PAGE)
    assert isinstance(refused, Failed)
    door.admit(PAGE)


def test_work_is_stopped_when_its_client_leaves(tmp_path):
    gone, stop_file = threading.Event(), tmp_path / "stop"
    with stopped_when(gone.is_set, stop_file):
        time.sleep(0.7)
        assert not stop_file.exists()
        gone.set()
        deadline = time.monotonic() + 20
        while not stop_file.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
    assert stop_file.exists()


def test_a_wiped_folder_is_made_anew(engine, tmp_path):
    import shutil

    door = FrontDoor(engine, ClipStore(tmp_path / "clips"), RateLimit(None))
    shutil.rmtree(door.store.folder)
    *_, made = door.submit(Request("rain", steps=1, seed=1, guidance=3.0), PAGE)
    assert door.store.keep(made)
