"""What people see and hear said: axes, colours, words."""

import numpy as np
import pytest
from PIL import Image

from space.jobs import Step
from space.parts.card import facts
from space.parts.status import status_html, step_html
from space.store.clips import Clip
from space.store.describe import describe_picture
from space.store.views import colour_picture, colours, frequency_ticks, time_ticks
from spectrogram.codec import SpectrogramCodec
from spectrogram.params import SpectrogramParams
from spectrogram.recipe import Recipe

MINI = SpectrogramParams.preset("mini")
TIME_S = np.arange(MINI.clip_samples) / MINI.sample_rate_hz


def described(audio) -> str:
    image = SpectrogramCodec(MINI).encode(audio[None].astype(np.float32), MINI.sample_rate_hz)
    return describe_picture(image, MINI, MINI.clip_seconds)


def test_a_steady_tone_is_described_by_its_frequency():
    assert described(0.3 * np.sin(2 * np.pi * 2000 * TIME_S)) == "5.1 s, energy 2.0 kHz–2.0 kHz, a steady sound"


def test_two_bursts_are_counted():
    noise = np.random.default_rng(0).normal(0, 0.1, len(TIME_S))
    loud = ((TIME_S > 1) & (TIME_S < 1.4)) | ((TIME_S > 3) & (TIME_S < 3.5))
    assert described(noise * loud).endswith("two bursts")


def test_silence_is_called_silent():
    assert described(np.zeros(len(TIME_S))) == "5.1 s, silent"


def test_a_tick_stands_where_the_codec_paints_that_frequency():
    places = {label: height for height, label in frequency_ticks(MINI)}
    image = SpectrogramCodec(MINI).encode(0.5 * np.sin(2 * np.pi * 4000 * TIME_S)[None].astype(np.float32), 24000)
    row = np.asarray(image.convert("L"))[:, 100].argmax()
    assert places["4 kHz"] == pytest.approx(1 - (row + 0.5) / MINI.height, abs=1.5 / MINI.height)


@pytest.mark.parametrize(("seconds", "last"), [(1.0, "0.8 s"), (5.12, "5 s"), (30.0, "25 s"), (0.5, "0.4 s")])
def test_times_are_round_and_never_crowded(seconds, last):
    ticks = time_ticks(seconds)
    assert ticks[-1][1] == last
    assert 3 <= len(ticks) <= 9
    assert all(share == pytest.approx(float(label.split()[0]) / seconds) for share, label in ticks)


def test_colours_read_in_grey():
    brightness = colours().astype(float) @ [0.2126, 0.7152, 0.0722]
    assert (np.diff(brightness) >= -0.6).all()
    assert brightness[0] < 15
    assert brightness[-1] > 220


def test_the_view_shows_only_the_seconds_that_sound():
    assert colour_picture(Image.new("RGB", (256, 128)), 100).size == (100, 128)


def test_the_facts_under_a_card_name_everything_that_made_it():
    recipe = Recipe("rain", seed=3, model="base", adapter="roof", adapter_scale=0.5, settings={"variation_seed": 9})
    clip = Clip("a.wav", "a.png", "v.png", "r.json", recipe, 5.12, 2.04, "")
    assert facts(clip) == ["seed 3 varied by 9", "made in 2.0 s", "base + roof × 0.5", "5.12 s long"]


def test_progress_is_text_and_a_bar():
    assert "step 12/25 · 3 s left" in step_html(Step(12, 25, 3.2))
    assert "picture → sound" in step_html(Step(25, 25, 0.0))
    assert "clip 3/5 · step 45/100" in step_html(Step(45, 100, clips=5))
    bounded = step_html(Step(45, 300, 8, clips=15, at_most=True))
    assert "clip 3 of at most 15 · step 45/300 · at most 8 s left" in bounded
    assert 'value="0.480"' in step_html(Step(12, 25, 3.2))


def test_status_text_is_escaped_and_problems_are_alerts():
    told = status_html("<b>", ("<i>",), problem=True)
    assert "&lt;b&gt;" in told
    assert "&lt;i&gt;" in told
    assert 'role="alert"' in told
