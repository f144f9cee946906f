"""The road of a sound designer, with nothing but the page: a known sound, its variations, an edit, a loop, a morph."""

import re

import numpy as np
import pytest
import soundfile
from playwright.sync_api import expect

from tests.space.driving import LOADED, choose_number, choose_steps, done, give_sound, open_tab, status


@pytest.fixture(scope="module")
def kitchen(tmp_path_factory):
    path = tmp_path_factory.mktemp("designer") / "kitchen door.wav"
    soundfile.write(path, np.random.default_rng(0).normal(0, 0.1, 3 * 24000), 24000)
    return path


def title(page, tab: str):
    return page.locator(f"#{tab}-result figcaption strong")


@pytest.mark.timeout(900)
def test_from_a_text_to_an_edited_loop_and_a_morph_in_one_file(page, kitchen):
    # A text, in variations: one word for them wherever they are met.
    page.wait_for_function(LOADED)
    choose_steps(page, 2)
    choose_number(page, "Variations", 2)
    page.fill("#generate-prompt textarea", "rain on a roof")
    page.click("#generate-start")
    done(page, "generate")
    expect(page.locator("#generate-take")).to_contain_text("Variation")
    expect(title(page, "generate")).to_have_text("rain on a roof")
    # Their own recording, of which a part is changed: the numbers are seen as a box, the title names both.
    open_tab(page, "Edit")
    give_sound(page, "edit", kitchen)
    expect(page.locator("#edit-from input")).to_have_value("1")
    page.fill("#edit-to input", "1.5")
    page.fill("#edit-prompt textarea", "rain")
    choose_steps(page, 2, "edit")
    page.click("#edit-start")
    done(page, "edit")
    expect(title(page, "edit")).to_have_text("kitchen door · rain from 1 to 1.5 s")
    expect(page.locator("#edit-work")).to_be_hidden()
    # The result becomes a loop; each edit has a button of its own and forgets what was said of another.
    page.click("#edit-use-in-edit")
    page.get_by_role("radio", name="Loop").check()
    expect(page.locator("#edit-start")).to_have_text("Make it loop")
    expect(page.get_by_label("What is heard where the ends meet?")).to_be_visible()
    expect(page.locator("#edit-canvas")).to_be_hidden()
    page.click("#edit-start")
    done(page, "edit")
    expect(title(page, "edit")).to_contain_text("as a loop, rain where the ends meet")
    expect(title(page, "edit")).to_contain_text("kitchen door · rain from 1 to 1.5 s")
    # A morph is heard and downloaded as one sound.
    open_tab(page, "Morph")
    choose_number(page, "Clips", 3)
    page.get_by_label("Even steps in sound").uncheck()
    choose_steps(page, 2, "morph")
    page.click("#morph-start")
    done(page, "morph")
    expect(page.locator("#morph-curve audio")).to_have_attribute("aria-label", "Player: all clips as one sound")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download all as one sound").click()
    sound, rate_hz = soundfile.read(download.value.path())
    assert re.fullmatch(r"morph-\d+\.wav", download.value.suggested_filename)
    assert len(sound) / rate_hz == pytest.approx(3 * 5.12 - 2 * 0.25, abs=0.02)


def test_an_upload_is_answered_at_once_and_the_answer_goes_with_its_cause(page, kitchen, tmp_path):
    (tmp_path / "list.wav").write_text("milk and bread")
    open_tab(page, "Transform")
    page.locator("#transform-sound input[type=file]").first.set_input_files(tmp_path / "list.wav")
    expect(status(page, "transform")).to_contain_text("The file cannot be read as sound (expected WAV")
    page.locator("#transform-sound").get_by_label("Clear").first.click()
    expect(status(page, "transform")).not_to_contain_text("cannot be read")
    give_sound(page, "transform", kitchen)
    expect(status(page, "transform")).to_have_text("3.00 s of sound.")
    open_tab(page, "Edit")
    page.locator("#edit-sound input[type=file]").first.set_input_files(tmp_path / "list.wav")
    expect(status(page, "edit")).to_contain_text("The file cannot be read as sound")
    page.locator("#edit-sound").get_by_label("Clear").first.click()
    expect(status(page, "edit")).to_contain_text("Upload a sound, record one")
