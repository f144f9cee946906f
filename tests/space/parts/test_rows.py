"""A morph in the browser: clips that come one by one, the row that stays, and its way in sound."""

import re

import pytest
from playwright.sync_api import expect

from space.jobs import Finished, Painted
from space.parts.chart import curve_html
from space.parts.result import Front, ResultCard
from space.parts.row import Row, text_at
from space.store.clips import ClipStore
from spectrogram.recipe import Recipe
from tests.space.driving import choose_number, choose_steps, done, open_tab, status

HEARD = "() => { const audio = document.querySelector('#morph-result audio'); return audio && audio.duration > 0 }"


def ways(*values) -> list[Recipe]:
    return [Recipe("a → b", settings={"way": value, "heard_by": "an ear"}) for value in values]


def test_the_curve_tells_its_numbers_and_the_largest_step():
    drawn = curve_html(ways(0, 0.1, 0.7, 1))
    told = (
        "How far each clip has come from the first (0 %) to the last (100 %): 0 · 10 · 70 · 100 %; the largest step, "
        "60 %, leads from clip 2 to 3. Measured by an ear."
    )
    assert f'aria-label="{told}"' in drawn
    assert drawn.count("<circle") == 4


@pytest.mark.parametrize("recipes", [ways(0), [Recipe("a"), Recipe("b")], []])
def test_there_is_no_curve_where_no_way_is_told(recipes):
    assert curve_html(recipes) == ""


def test_a_clip_of_a_row_says_the_nearest_text():
    shares = {0: "a", 0.4: "b", 0.6: "b", 1: "c"}
    for share, text in shares.items():
        assert text_at(Recipe("a → b → c", settings={"prompts": ["a", "b", "c"], "share": share})) == text
    assert text_at(Recipe("rain")) == "rain"


@pytest.fixture(scope="module")
def clips(engine):
    """Three clips of a row: its ends and a clip in between, as the engine hands them over."""
    outputs = []
    engine.pipeline.morph(["rain", "bell"], 3, num_inference_steps=1, seed=1, respace=False, on_painted=outputs.append)
    return [Finished(one.images, one.audios, one.sampling_rate, one.recipes, 0.1) for one in outputs]


def test_clips_stand_in_the_order_of_the_row_whatever_the_order_they_come_in(clips, tmp_path):
    row = Row(ClipStore(tmp_path), "flac")
    first, middle, last = clips
    assert [len(row.add(Painted(clip))) for clip in (first, last, middle)] == [1, 2, 3]
    assert [clip.recipe.settings["share"] for clip in row.painted] == [0, 0.5, 1]
    assert all(clip.sound.endswith(".flac") for clip in row.painted)
    ends = Finished(first.images + last.images, None, 24000, first.recipes + last.recipes, 0.3)
    kept = row.finish(ends)
    assert kept == [row.painted[0], row.painted[2]]
    assert row.neighbour(row.painted[1], kept) in kept
    assert row.neighbour(None, kept) is None


def test_a_clip_in_front_stays_there_while_others_come_and_gives_way_only_when_it_is_gone(clips, tmp_path):
    import gradio as gr

    row, front = Row(ClipStore(tmp_path), "wav"), Front()
    for clip in clips:
        row.add(Painted(clip))
    with gr.Blocks():
        card = ResultCard("morph")
    shown = card.show_beside(row.painted[:1], front)
    assert "data-made" in shown[card.html]
    front.clip = row.painted[1]
    assert card.html not in card.show_beside(row.painted, front)
    assert card.show_beside(row.painted, front)[card.take].value == 2
    left = card.show_beside([row.painted[0], row.painted[2]], front, instead=row.painted[2])
    assert left[card.take].value == 2
    assert "data-made" not in left[card.html]


def test_the_first_clip_is_heard_before_the_last_is_made_and_stop_keeps_what_is_there(page, slow_steps):
    open_tab(page, "Morph")
    choose_number(page, "Clips", 5)
    choose_steps(page, 30, "morph")
    page.click("#morph-start")
    page.wait_for_function(HEARD)
    expect(status(page, "morph")).to_contain_text(re.compile(r"clip \d+ of at most 15 · step \d+/450"))
    expect(page.locator("#morph-result .facts")).to_contain_text("0 % of the way")
    expect(page.locator("#morph-take label").nth(1)).to_be_visible()
    page.click("#morph-stop")
    expect(status(page, "morph")).to_contain_text("Your settings and the clips so far")
    kept = int(re.search(r"\((\d+)\) are kept\.", status(page, "morph").inner_text())[1])
    assert 2 <= kept < 15
    expect(page.locator("#morph-take label")).to_have_count(kept)
    page.locator("#morph-take label").last.click()
    expect(page.locator("#morph-result .facts")).to_contain_text("100 % of the way")


def test_what_plays_goes_on_when_the_row_is_done_and_the_way_is_drawn(page, slow_steps):
    open_tab(page, "Morph")
    choose_number(page, "Clips", 3)
    page.get_by_label("Even steps in sound").uncheck()
    choose_steps(page, 8, "morph")
    page.click("#morph-start")
    page.wait_for_function(HEARD)
    page.evaluate("document.querySelector('#morph-result audio').dataset.same = 'yes'")
    done(page, "morph")
    expect(page.locator("#morph-take label")).to_have_count(3)
    assert page.evaluate("document.querySelector('#morph-result audio').dataset.same") == "yes"
    told = re.compile(r"How far each clip has come from the first \(0 %\) to the last \(100 %\): 0 · \d+ · 100 %")
    expect(page.locator("#morph-curve svg")).to_have_attribute("aria-label", told)
    assert page.evaluate("JSON.parse(localStorage.getItem('spectrogram-history')).length") == 1
    page.locator("#morph-take label").last.click()
    expect(page.locator("#morph-result .facts")).to_contain_text("100 % of the way")
    page.click("#morph-vary")
    expect(page.locator("#morph-result figcaption strong")).to_have_text("a dog barking · varied")
    expect(page.locator("#morph-take")).to_be_hidden()
