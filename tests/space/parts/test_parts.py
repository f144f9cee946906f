"""Parts of the page by themselves: links, limits, regions, refusals, sources."""

import numpy as np
import pytest
import soundfile

from space.engine.gpu_refusal import events_or_refusal, explain_refusal
from space.engine.limits import RateLimit
from space.jobs import Failed, Request
from space.parts.links import from_link, to_link
from space.parts.regions import clamp_region, hertz_at
from space.parts.sources import take_sound
from space.store.clips import ClipStore
from spectrogram.codec.mel import warp
from spectrogram.params import SpectrogramParams
from spectrogram.problems import Problem, SoundProblem, UsageProblem
from spectrogram.recipe import Recipe
from spectrogram.verbs.mask import mask_to_text

MINI = SpectrogramParams.preset("mini")


def test_a_link_holds_what_a_person_chose():
    recipe = Recipe("ein Käuzchen → “uhu”", seed=3, steps=9, verb="transform", settings={"strength": 0.4})
    assert from_link(to_link(recipe, 5.12)) == (recipe, 5.12)


def test_a_mask_that_is_too_large_for_a_link_is_named_in_it_and_a_small_one_is_there():
    noise = np.random.default_rng(0).random((128, 1500)) > 0.5
    small = Recipe("a", verb="inpaint", settings={"mask": mask_to_text(noise[:, :60]), "strength": 1.0})
    assert from_link(to_link(small, 1.0))[0] == small
    large = small.replace(settings=small.settings | {"mask": mask_to_text(noise)})
    assert from_link(to_link(large, 30.0))[0].settings == {"mask": True, "strength": 1.0}


@pytest.mark.parametrize("text", ["", "???", "W10", "x" * 9000, "bnVsbA", "eyJzZWVkIjoxfQ"])
def test_a_link_of_a_stranger_is_refused(text):
    with pytest.raises(Problem):
        from_link(text)


def test_a_session_waits_when_it_has_asked_too_often_and_others_do_not():
    now = [0.0]
    limit = RateLimit(2, window_s=100, clock=lambda: now[0])
    assert [limit.wait_s("a", "1.2.3.4") for _ in range(3)] == [0, 0, 100]
    assert limit.wait_s("b", "1.2.3.4") == 0
    now[0] = 60
    assert limit.wait_s("a", "1.2.3.4") == 40
    now[0] = 100
    assert limit.wait_s("a", "1.2.3.4") == 0


def test_new_session_names_do_not_get_round_the_limit_of_an_address():
    limit = RateLimit(2, window_s=100, clock=lambda: 0.0)
    waits = [limit.wait_s(f"session {i}", "1.2.3.4") for i in range(11)]
    assert waits == [0.0] * 10 + [100.0]


def test_the_limit_forgets_visitors_so_that_memory_stays_small():
    now = [0.0]
    limit = RateLimit(2, window_s=1, clock=lambda: now[0])
    for i in range(100):
        now[0] = float(i)
        limit.wait_s(f"session {i}", f"address {i}")
    assert len(limit.seen) <= 4


def test_a_height_is_the_frequency_that_the_codec_paints_there():
    low, high = (float(value) for value in warp(MINI, [MINI.low_hz, MINI.high_hz]))
    for hertz in (200.0, 1000.0, 6000.0):
        assert hertz_at((float(warp(MINI, hertz)) - low) / (high - low), MINI) == pytest.approx(hertz, rel=0.01)


def test_a_region_beyond_the_sound_is_cut_and_said():
    assert clamp_region(1.0, 9.0, 0, 0, 3.0) == (
        (1.0, 3.0, None, None),
        ("The region was cut to the sound: 1.00 to 3.00 s.",),
    )


@pytest.mark.parametrize(
    "region", [(2, 1, None, None), (None, 1, None, None), (5, 6, None, None), (0, 1, 900, 200), (1, 1, None, None)]
)
def test_a_region_that_cannot_be_meant_is_refused(region):
    with pytest.raises(UsageProblem):
        clamp_region(*region, 3.0)


@pytest.mark.parametrize(
    ("message", "told"),
    [
        (
            "your free ZeroGPU quota (90s requested vs. 12s left). Try again in 0:05:12. ",
            "wait 312 s",
        ),
        (
            "your ZeroGPU quota (60s requested vs. 0s left). Try again in 1 day, 1:00:00.",
            "wait 90000 s",
        ),
        ("No GPU was available after 60s", "wait 60 s"),
        ("The requested GPU duration (400s) is larger than the maximum allowed", "fewer steps"),
        ("Space app has reached its GPU limit. Try re-running", "wait 60 s"),
        ("GPU task aborted", "GPU task aborted"),
    ],
)
def test_what_zerogpu_refuses_is_said_in_seconds_and_with_a_way_out(message, told):
    assert told in explain_refusal(message)
    assert "duplicate this Space" in explain_refusal(message)


def test_errors_of_the_scheduler_are_events():
    import gradio as gr
    import httpx

    def refused(error):
        yield "step"
        raise error

    quota = list(events_or_refusal(refused(gr.Error("No GPU was available", print_exception=False))))
    assert quota[0] == "step"
    assert isinstance(quota[1], Failed)
    assert "does not answer" in list(events_or_refusal(refused(httpx.ConnectError("no"))))[-1].reason


def test_a_long_sound_is_trimmed_and_said_a_short_one_is_used_as_it_is(tmp_path):
    store = ClipStore(tmp_path / "clips")
    noise = np.random.default_rng(0).normal(0, 0.1, 40 * 8000)
    soundfile.write(tmp_path / "long.wav", noise, 8000)
    soundfile.write(tmp_path / "short.wav", noise[:8000], 8000)
    path, seconds, notes = take_sound(str(tmp_path / "long.wav"), store)
    assert (seconds, soundfile.info(path).duration) == (30.0, 30.0)
    assert "first 30 s were used" in notes[0]
    assert take_sound(str(tmp_path / "short.wav"), store) == (str(tmp_path / "short.wav"), 1.0, ())


def test_sounds_that_cannot_be_used_are_refused_without_naming_the_servers_paths(tmp_path):
    store = ClipStore(tmp_path / "clips")
    (tmp_path / "text.wav").write_text("no sound")
    with pytest.raises(SoundProblem, match="WAV, FLAC, OGG, MP3") as error:
        take_sound(str(tmp_path / "text.wav"), store)
    assert str(tmp_path) not in str(error.value)
    with pytest.raises(SoundProblem, match="There is no sound"):
        take_sound(None, store)


def test_the_steps_of_a_verb_are_those_that_it_walks():
    assert Request("a", steps=20, verb="transform", options={"strength": 0.25}).total_steps(25) == 5
    even_in_text = Request("a", verb="morph", options={"prompts": ["a", "b"], "steps": 3, "respace": False})
    even_in_sound = Request("a", verb="morph", options={"prompts": ["a", "b"], "steps": 3})
    assert (even_in_text.total_steps(20), even_in_text.searches) == (60, False)
    assert (even_in_sound.total_steps(20), even_in_sound.searches) == (180, True)
    assert Request("a", verb="loop").total_steps(20) == 20


def test_every_edit_has_words_of_its_own():
    from space.tabs.edit import MODES

    assert len({mode.button for mode in MODES.values()}) == len({mode.asks for mode in MODES.values()}) == len(MODES)
