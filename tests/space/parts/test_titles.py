"""What a result is called: the sound that it began with, and what was changed in it."""

import numpy as np
import pytest
import soundfile

from space.jobs import Request
from space.parts.card import card_html
from space.parts.titles import name_of_sound, title_of
from space.parts.work import work_html
from space.store.clips import ClipStore
from space.store.joining import crossfaded, join
from spectrogram.recipe import Recipe


@pytest.mark.parametrize(
    ("verb", "settings", "title"),
    [
        ("generate", {}, "rain"),
        ("transform", {}, "rain"),
        ("transform", {"source": "kitchen"}, "kitchen → rain"),
        ("transform", {"source": "kitchen", "varied": True}, "kitchen · varied"),
        ("inpaint", {"source": "kitchen", "start_s": 1, "end_s": 2.345}, "kitchen · rain from 1 to 2.35 s"),
        ("inpaint", {"source": "kitchen", "start_s": "x"}, "kitchen · rain"),
        ("extend", {"source": "kitchen", "seconds": 3.0, "side": "left"}, "kitchen · 3 s more before it: rain"),
        ("loop", {"source": "kitchen"}, "kitchen · as a loop, rain where the ends meet"),
        ("transform", {"source": 7}, "rain"),
    ],
)
def test_a_title_names_the_source_and_the_change(verb, settings, title):
    assert title_of(Recipe("rain", verb=verb, settings=settings)) == title


@pytest.fixture(scope="module")
def transformed(engine, tmp_path_factory):
    """A clip of the page that began with a person's file."""
    folder = tmp_path_factory.mktemp("source")
    path = folder / "my kitchen.wav"
    soundfile.write(path, np.random.default_rng(0).normal(0, 0.1, 3 * 24000), 24000)
    request = Request("rain", steps=2, seed=1, verb="transform", sound=str(path), source=name_of_sound(str(path)))
    *_, last = engine.work(request, folder / "stop")
    (clip,) = ClipStore(folder / "clips").keep(last)
    return clip


def test_a_file_keeps_its_name_through_one_change_and_the_next(transformed):
    assert 'data-title="my kitchen → rain"' in card_html(transformed)
    assert name_of_sound(transformed.sound) == "my kitchen → rain"
    assert "my kitchen → rain" not in transformed.sound


def test_the_card_in_work_names_what_will_be_there():
    request = Request("rain", verb="extend", source="kitchen", options={"seconds": 2.0, "side": "right"})
    assert "kitchen · 2 s more after it: rain" in work_html(request, "")
    assert "<b>" not in work_html(Request("<b>rain</b>"), "")


def test_the_clips_of_a_morph_become_one_sound_that_makes_the_row_again(engine, tmp_path):
    request = Request(
        "rain → bell",
        verb="morph",
        seed=1,
        options={"prompts": ["rain", "bell"], "steps": 3, "respace": False},
        steps=1,
    )
    *_, last = engine.work(request, tmp_path / "stop")
    store = ClipStore(tmp_path / "clips")
    clips = store.keep(last, "flac")
    whole = join(clips, store)
    rate_hz = soundfile.info(whole).samplerate
    assert soundfile.info(whole).duration == pytest.approx(sum(clip.seconds for clip in clips) - 2 * 0.25, abs=0.01)
    assert (whole.suffix, rate_hz) == (".flac", 24000)
    first, _ = soundfile.read(clips[0].sound)
    np.testing.assert_allclose(soundfile.read(whole)[0][:24000], first[:24000], atol=1e-4)
    recipe = Recipe.read(whole)
    assert (recipe.verb, recipe.settings["prompts"]) == ("morph", ["rain", "bell"])
    assert "share" not in recipe.settings


def test_a_crossfade_of_noise_keeps_its_level():
    one, two = (np.random.default_rng(seed).normal(0, 0.1, (1, 48000)) for seed in range(2))
    both = crossfaded(one, two, 12000)
    assert both.shape == (1, 84000)
    assert np.std(both[:, 36000:48000]) == pytest.approx(0.1, rel=0.03)
