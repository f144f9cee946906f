"""Transform, Edit and Morph in a real browser: the way through each, and what goes wrong said in words."""

import numpy as np
import pytest
import soundfile
from playwright.sync_api import expect

from tests.space.driving import LOADED, choose_number, choose_steps, done, give_sound, open_tab, paint, status


@pytest.fixture(scope="module")
def tone(tmp_path_factory):
    """Three seconds of a falling tone at 24 kHz."""
    path = tmp_path_factory.mktemp("sounds") / "tone.wav"
    time_s = np.arange(3 * 24000) / 24000
    soundfile.write(path, 0.3 * np.sin(2 * np.pi * (1200 - 150 * time_s) * time_s), 24000)
    return path


@pytest.fixture(scope="module")
def silence(tmp_path_factory):
    path = tmp_path_factory.mktemp("sounds") / "silence.wav"
    soundfile.write(path, np.zeros(24000), 24000)
    return path


def facts(page, tab):
    return page.locator(f"#{tab}-result .facts")


def test_a_result_goes_to_transform_with_its_text_and_seed_and_becomes_something_else(page):
    page.wait_for_function(LOADED)
    page.click("#generate-use-in-transform")
    expect(page.locator("#transform-prompt textarea")).to_have_value("a <b>bell</b> & rain")
    expect(page.locator("#transform-seed input")).to_have_value("11")
    choose_steps(page, 4, "transform")
    page.fill("#transform-prompt textarea", "rain")
    page.get_by_role("radio", name="Light").check()
    expect(page.get_by_label("range slider for Strength", exact=False).first).to_have_value("0.25")
    page.click("#transform-start")
    done(page, "transform")
    expect(facts(page, "transform")).to_contain_text("seed 11")
    expect(facts(page, "transform")).to_contain_text("5.12 s long")


def test_transform_names_a_missing_and_a_silent_sound_and_keeps_the_text(page, silence):
    open_tab(page, "Transform")
    page.fill("#transform-prompt textarea", "rain")
    page.click("#transform-start")
    expect(page.get_by_text("Upload a sound, record one").first).to_be_visible()
    give_sound(page, "transform", silence)
    page.click("#transform-start")
    expect(status(page, "transform")).to_contain_text("The sound is silent")
    assert page.locator("#transform-prompt textarea").input_value() == "rain"


def test_stop_ends_a_transformation(page, tone, slow_steps):
    open_tab(page, "Transform")
    give_sound(page, "transform", tone)
    choose_steps(page, 50, "transform")
    page.fill("#transform-prompt textarea", "rain")
    page.click("#transform-start")
    expect(status(page, "transform")).to_contain_text("/25")
    page.click("#transform-stop")
    expect(status(page, "transform")).to_contain_text("Stopped at step")


def test_a_region_is_painted_on_the_spectrogram_or_typed_and_only_it_changes(page, tone):
    open_tab(page, "Edit")
    give_sound(page, "edit", tone)
    expect(page.locator("#edit-from input")).to_have_value("1")
    expect(page.locator("#edit-to input")).to_have_value("2")
    expect(page.locator("#edit-canvas canvas").first).to_be_visible()
    paint(page, (0.5, 0.5), (0.6, 0.55))
    start_s, end_s = (float(page.locator(f"#edit-{name} input").input_value()) for name in ("from", "to"))
    assert 0.5 < start_s < end_s < 2.5
    for name, value in (("from", "1"), ("to", "9"), ("low", ""), ("high", "")):
        page.fill(f"#edit-{name} input", value)
    page.fill("#edit-prompt textarea", "rain")
    choose_steps(page, 3, "edit")
    page.click("#edit-start")
    done(page, "edit")
    expect(status(page, "edit")).to_contain_text("The region was cut to the sound: 1.00 to 3.00 s.")
    with page.expect_download() as download:
        page.locator("#edit-downloads").get_by_role("button", name="Download sound").click()
    heard, original = soundfile.read(download.value.path())[0], soundfile.read(tone)[0]
    assert np.abs(heard[:24000] - original[:24000]).max() < 1e-4
    assert np.abs(heard[26000:] - original[26000:]).max() > 0.01


def test_a_region_the_wrong_way_round_is_named(page, tone):
    open_tab(page, "Edit")
    give_sound(page, "edit", tone)
    expect(page.locator("#edit-from input")).to_have_value("1")
    page.fill("#edit-from input", "2.5")
    page.fill("#edit-prompt textarea", "rain")
    page.click("#edit-start")
    expect(status(page, "edit")).to_contain_text("(expected From before To). Exchange them")


@pytest.mark.parametrize(("action", "length"), [("Extend", "6.00 s long"), ("Loop", "3.00 s long")])
def test_a_sound_is_extended_or_made_to_loop(page, tone, action, length):
    open_tab(page, "Edit")
    page.get_by_role("radio", name=action).check()
    give_sound(page, "edit", tone)
    page.fill("#edit-prompt textarea", "rain")
    choose_steps(page, 2, "edit")
    page.click("#edit-start")
    done(page, "edit")
    expect(facts(page, "edit")).to_contain_text(length)


def test_a_timeline_needs_no_sound_and_names_a_wrong_line(page):
    open_tab(page, "Edit")
    page.get_by_role("radio", name="Timeline").check()
    expect(page.locator("#edit-sound")).to_be_hidden()
    choose_steps(page, 2, "edit")
    page.fill("#edit-events textarea", "nonsense")
    page.click("#edit-start")
    expect(status(page, "edit")).to_contain_text("'nonsense' is unreadable")
    page.fill("#edit-events textarea", "0-2 rain\n1.5-4 bell")
    page.click("#edit-start")
    done(page, "edit")
    expect(facts(page, "edit")).to_contain_text("4.00 s long")


def test_a_morph_gives_a_row_of_clips_and_refuses_an_empty_end(page):
    open_tab(page, "Morph")
    page.fill("#morph-last textarea", "")
    page.click("#morph-start")
    expect(page.get_by_text("Write where it leads.")).to_be_visible()
    page.fill("#morph-last textarea", "bell")
    choose_number(page, "Clips", 3)
    choose_steps(page, 2, "morph")
    page.click("#morph-start")
    done(page, "morph")
    expect(page.locator("#morph-take label")).to_have_count(3)
    expect(page.locator("#morph-result figcaption strong")).to_have_text("rain falling → bell")


def test_what_was_made_is_in_this_browsers_history_and_comes_back(page):
    choose_steps(page, 1)
    page.fill("#generate-prompt textarea", "bell <i>one</i>")
    page.click("#generate-start")
    done(page, "generate")
    page.click("#history summary")
    expect(page.locator("#history li")).to_have_count(1)
    page.reload()
    page.click("#history summary")
    expect(page.locator("#history li strong")).to_have_text("bell <i>one</i>")
    page.locator("#history li button").click()
    expect(page.locator("#generate-prompt textarea")).to_have_value("bell <i>one</i>")
    expect(status(page)).to_contain_text("Settings restored")
    page.get_by_role("button", name="Forget all").click()
    expect(page.locator("#history li")).to_have_count(0)


def test_a_link_opens_the_page_with_its_recipe(page, served):
    page.wait_for_function(LOADED)
    link = page.locator("#generate-result a.link").get_attribute("href")
    page.goto(served.url + link)
    expect(status(page)).to_contain_text("Settings restored")
    expect(page.locator("#generate-seed input")).to_have_value("11")
    page.goto(served.url + "?recipe=%00nonsense")
    expect(status(page)).to_contain_text("The link holds no recipe")


def test_a_file_of_ours_dropped_anywhere_restores_its_recipe(page, example):
    page.wait_for_function(LOADED)
    page.fill("#generate-prompt textarea", "something else")
    data = list(example.read_bytes())
    page.evaluate(
        """(data) => {
          const files = new DataTransfer();
          files.items.add(new File([new Uint8Array(data)], "bell.flac", { type: "audio/flac" }));
          document.querySelector("#title").dispatchEvent(
            new DragEvent("drop", { dataTransfer: files, bubbles: true, cancelable: true }));
        }""",
        data,
    )
    expect(status(page)).to_contain_text("Settings restored")
    expect(page.locator("#generate-prompt textarea")).to_have_value("a <b>bell</b> & rain")
