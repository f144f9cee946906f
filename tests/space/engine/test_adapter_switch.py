"""LoRAs, words and aesthetics in one folder: found, used, put away, and never heard by the next visitor."""

import json

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from space.engine.adapter_switch import AESTHETIC, WORD, adapter_of
from space.engine.engine import Engine, estimate_seconds
from space.jobs import READING, Failed, Finished, Request, Stopped
from space.parts.card import facts
from space.store.clips import Clip
from tests.tiny_sd import build_tiny_lora

TEXT = "rain and <owl>"


@pytest.fixture(scope="module")
def adapters(tmp_path_factory):
    """A folder of three adapters for the embedded base: a random LoRA and word, an aesthetic of its own ear."""
    from spectrogram.adapters.aesthetic import Aesthetic
    from spectrogram.bases import EMBEDDED
    from spectrogram.ears.ear import Ear

    folder = tmp_path_factory.mktemp("adapters")
    build_tiny_lora(EMBEDDED, folder / "roof")
    for name in ("owl-word", "night-aesthetic"):
        (folder / name).mkdir()
    width = json.loads((EMBEDDED / "text_encoder/config.json").read_text())["hidden_size"]
    vectors = torch.randn(4, width, generator=torch.Generator().manual_seed(0))
    save_file({"<owl>": vectors}, folder / "owl-word" / WORD, metadata={"token": "<owl>"})
    pictures = [np.random.default_rng(i).integers(0, 120, (128, 256), dtype=np.uint8) for i in range(3)]
    Aesthetic.of(pictures, Ear.load(), "night").save(folder / "night-aesthetic" / AESTHETIC)
    return folder


@pytest.fixture(scope="module")
def embedded(adapters):
    return Engine(None, adapters, device="cpu")


@pytest.fixture
def make(embedded, tmp_path):
    def last(adapter=None, prompt=TEXT, **settings):
        (tmp_path / "stop").unlink(missing_ok=True)
        request = Request(prompt, steps=2, seed=1, adapter=adapter, **settings)
        return list(embedded.work(request, tmp_path / "stop"))[-1]

    return last


def test_all_kinds_are_found_and_named_for_people(embedded):
    labels = {name: taught.label for name, taught in embedded.switch.all().items()}
    assert labels == {
        "night-aesthetic": "night-aesthetic (aesthetic)",
        "owl-word": "owl-word (the word <owl>)",
        "roof": "roof",
    }


def test_nobody_hears_what_the_last_visitor_chose(make):
    """Every order of two kinds, and the base alone between and after them."""
    plain = make().audios
    heard = {name: make(name).audios for name in ("roof", "owl-word", "night-aesthetic")}
    for first in heard:
        assert np.abs(heard[first] - plain).max() > 0
        for second in heard:
            make(first)
            np.testing.assert_array_equal(make(second).audios, heard[second])
        np.testing.assert_array_equal(make().audios, plain)


def test_a_lora_and_an_aesthetic_have_a_strength_and_nought_of_it_is_the_base(make):
    plain = make().audios
    for name in ("roof", "night-aesthetic"):
        np.testing.assert_array_equal(make(name, adapter_scale=0.0).audios, plain)
        assert np.abs(make(name, adapter_scale=0.5).audios - make(name, adapter_scale=1.0).audios).max() > 0


def test_a_recipe_and_a_card_name_what_was_used(make):
    made = {name: make(name, adapter_scale=0.5).recipes[0] for name in ("roof", "owl-word", "night-aesthetic")}
    assert {name: adapter_of(recipe) for name, recipe in made.items()} == {
        "roof": ("roof", 0.5),
        "owl-word": ("owl-word", None),
        "night-aesthetic": ("night-aesthetic", 0.5),
    }
    assert made["owl-word"].settings["words"] == "<owl>"
    clip = Clip("a.wav", "a.png", "v.png", "r.json", made["owl-word"], 5.12, 2.04, "")
    assert "base_model + owl-word" in facts(clip)


def test_a_text_without_the_word_is_told_that_nothing_changed(make):
    assert "does not have the word <owl>" in make("owl-word", prompt="rain").notes[0]
    assert make("owl-word").notes == ()


def test_reading_for_an_aesthetic_is_told_and_stopped_like_steps(embedded, tmp_path):
    request = Request(TEXT, steps=2, seed=1, adapter="night-aesthetic")
    work = embedded.work(request, tmp_path / "stop")
    told = [event for event in (next(work) for _ in range(4)) if event.stage == READING]
    assert (told[0].done, told[0].total) == (1, 10)
    (tmp_path / "stop").touch()
    assert isinstance(list(work)[-1], Stopped)
    (tmp_path / "stop").unlink()
    assert isinstance(list(embedded.work(Request(TEXT, steps=1), tmp_path / "stop"))[-1], Finished)


def test_zerogpu_is_asked_for_the_time_of_reading(embedded, tmp_path):
    plain, read = Request("a", steps=4), Request("a", steps=4, adapter="night-aesthetic")
    assert embedded.estimate(plain, tmp_path) == estimate_seconds(plain, tmp_path)
    assert embedded.estimate(read, tmp_path) > estimate_seconds(read, tmp_path)


@pytest.mark.parametrize("kind", [WORD, AESTHETIC])
def test_a_broken_file_is_refused_and_the_next_request_works(make, adapters, kind):
    folder = adapters / "broken"
    folder.mkdir()
    (folder / kind).write_bytes(b"\x80\x04 not tensors")
    try:
        failed = make("broken")
        assert isinstance(failed, Failed)
        assert "pickle" in failed.reason
        assert isinstance(make(), Finished)
    finally:
        (folder / kind).unlink()
        folder.rmdir()
