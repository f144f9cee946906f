"""The page in a real browser: type, press, hear; errors that say what to do; small screens and the keyboard."""

import re

import httpx
import numpy as np
import pytest
import soundfile
from playwright.sync_api import expect

from spectrogram.recipe import Recipe
from tests.space.driving import LOADED, RESTORE, choose_number, choose_steps, status

expect.set_options(timeout=60_000)


def test_a_finished_example_is_there_when_the_page_opens(page):
    page.wait_for_function(LOADED)
    assert page.locator("#generate-prompt textarea").input_value() == "a <b>bell</b> & rain"
    assert page.locator(".card figcaption strong").inner_text() == "a <b>bell</b> & rain"
    assert "seed 11" in page.locator(".card .facts").inner_text()
    described = page.locator(".card .plot img").get_attribute("alt")
    assert re.fullmatch(r"Spectrogram: 5\.1 s, energy .+, .+", described)
    assert page.evaluate("document.querySelector('.card .plot img').naturalWidth") == 256


def test_typing_and_enter_make_a_sound_that_can_be_heard(page):
    choose_steps(page, 3)
    page.fill("#generate-prompt textarea", "rain in the bell")
    page.press("#generate-prompt textarea", "Enter")
    expect(status(page)).to_contain_text("Done in")
    expect(page.locator(".card figcaption strong")).to_have_text("rain in the bell")
    page.wait_for_function(LOADED)
    assert page.evaluate("document.querySelector('.card audio').duration") == pytest.approx(5.12, abs=0.01)
    facts = page.locator(".card .facts").inner_text()
    assert re.search(r"seed \d+ · made in [\d.]+ s · tiny-sd · 5\.12 s long", facts)
    with page.expect_download() as download:
        page.get_by_role("button", name="Download sound").click()
    sound, rate_hz = soundfile.read(download.value.path())
    level_db = 20 * np.log10(np.sqrt(np.mean(sound**2)))
    assert (rate_hz, len(sound)) == (24000, 122880)
    assert -80 < level_db < 0
    assert download.value.suggested_filename.endswith(".wav")


def test_the_play_line_follows_the_sound(page):
    page.wait_for_function(LOADED)
    box = page.locator(".card .plot").bounding_box()
    page.mouse.click(box["x"] + 0.5 * box["width"], box["y"] + 20)
    page.wait_for_function("() => document.querySelector('.card audio').currentTime > 2.6")
    played = page.evaluate("parseFloat(document.querySelector('.card').style.getPropertyValue('--played'))")
    assert 50 <= played <= 100


@pytest.mark.parametrize("motion", ["no-preference", "reduce"])
def test_a_minute_scrolls_along_with_the_sound(page, motion):
    page.emulate_media(reduced_motion=motion)
    choose_steps(page, 1)
    choose_number(page, "Seconds", 60)
    page.fill("#generate-prompt textarea", "rain")
    page.click("#generate-start")
    expect(page.locator(".card .facts")).to_contain_text("60.00 s long")
    page.wait_for_function(LOADED)
    widths = page.evaluate(
        "(() => { const s = document.querySelector('.strip'); return [s.scrollWidth, s.clientWidth] })()"
    )
    assert widths[0] == pytest.approx(5 * widths[1], abs=2)
    page.evaluate("(() => { const a = document.querySelector('.card audio'); a.currentTime = 30; return a.play() })()")
    page.wait_for_function("() => document.querySelector('.card audio').currentTime > 30.3")
    page.evaluate("document.querySelector('.card audio').pause()")
    line, strip = page.locator(".card .line").bounding_box(), page.locator(".card .strip").bounding_box()
    place = (line["x"] - strip["x"]) / strip["width"]
    assert place == pytest.approx(0.5, abs=0.02) if motion == "no-preference" else 0 <= place <= 1
    assert page.evaluate("document.querySelector('.card .strip').scrollLeft") > 0


def test_a_locked_seed_makes_the_same_sound_and_the_downloads_remember_it(page, tmp_path):
    choose_steps(page, 2)
    page.fill("#generate-seed input", "5")
    page.get_by_label("Lock the seed").check()
    recipes = []
    for _ in range(2):
        page.fill("#generate-prompt textarea", "rain")
        page.click("#generate-start")
        page.wait_for_function("() => document.querySelector('.card .facts').innerText.startsWith('seed 5 ')")
        expect(status(page)).to_contain_text("Done in")
        with page.expect_download() as download:
            page.get_by_role("button", name="Download picture").click()
        download.value.save_as(tmp_path / "a.png")
        recipes.append((Recipe.read(tmp_path / "a.png"), (tmp_path / "a.png").read_bytes()))
    assert recipes[0] == recipes[1]
    assert (recipes[0][0].prompt, recipes[0][0].seed) == ("rain", 5)


def test_variations_are_takes_and_a_variation_names_both_seeds(page):
    choose_steps(page, 2)
    choose_number(page, "Variations", 3)
    page.fill("#generate-prompt textarea", "bell")
    page.press("#generate-prompt textarea", "Enter")
    expect(page.locator("#generate-take")).to_be_visible()
    expect(page.locator("#generate-take label")).to_have_count(3)
    first = page.locator(".card .facts").inner_text()
    page.locator("#generate-take label").nth(2).click()
    expect(page.locator(".card .facts")).not_to_have_text(first)
    seed = int(re.search(r"seed (\d+)", page.locator(".card .facts").inner_text())[1])
    page.click("#generate-vary")
    expect(page.locator(".card .facts")).to_contain_text(f"seed {seed} varied by")


def test_stop_works_within_a_step_and_keeps_what_was_typed(page, slow_steps):
    page.wait_for_function(LOADED)
    choose_steps(page, 50)
    page.fill("#generate-prompt textarea", "a very long rain")
    page.click("#generate-start")
    expect(status(page)).to_contain_text(re.compile(r"step \d+/50"))
    page.click("#generate-stop")
    expect(status(page)).to_contain_text(re.compile(r"Stopped at step \d+/50\. Your settings are kept\."))
    assert page.locator("#generate-prompt textarea").input_value() == "a very long rain"
    expect(page.locator("#generate-start")).to_be_enabled()
    assert page.locator(".card audio").count() == 1


def test_an_empty_prompt_is_named_at_the_field_and_nothing_is_queued(page):
    page.fill("#generate-prompt textarea", "   ")
    page.click("#generate-start")
    expect(page.get_by_text("Write what you want to hear, for example")).to_be_visible()
    expect(page.locator("#generate-start")).to_be_enabled()


def test_where_a_long_text_is_parted_is_shown(page):
    choose_steps(page, 1)
    page.fill("#generate-prompt textarea", "rain " * 76 + "the bell")
    page.click("#generate-start")
    expect(status(page)).to_contain_text(
        "A long text is read in two or more pieces; the second begins: “rain the bell”."
    )


def test_typed_markup_stays_text(page):
    choose_steps(page, 1)
    page.fill("#generate-prompt textarea", "<img src=x onerror=\"document.title='broken'\">")
    page.click("#generate-start")
    expect(page.locator(".card figcaption strong")).to_contain_text("<img src=x")
    assert page.title() != "broken"


def test_a_file_of_ours_restores_its_settings(page, example):
    page.fill("#generate-prompt textarea", "something else")
    page.locator(RESTORE).set_input_files(example)
    expect(status(page)).to_contain_text("Settings restored")
    assert page.locator("#generate-prompt textarea").input_value() == "a <b>bell</b> & rain"
    assert page.locator("#generate-seed input").input_value() == "11"
    assert page.get_by_label("Lock the seed").is_checked()


def test_a_strange_file_is_named_and_nothing_is_lost(page, tmp_path):
    (tmp_path / "noise.json").write_text("[1]")
    page.fill("#generate-prompt textarea", "kept")
    page.locator(RESTORE).set_input_files(tmp_path / "noise.json")
    expect(status(page)).to_contain_text("recipe")
    assert page.locator("#generate-prompt textarea").input_value() == "kept"


def test_a_small_screen_has_one_column_without_sideways_scrolling(page):
    page.set_viewport_size({"width": 390, "height": 844})
    widths = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert widths[0] <= widths[1]
    button, card = page.locator("#generate-start").bounding_box(), page.locator(".card").bounding_box()
    assert button["y"] + button["height"] < 844
    assert button["y"] < card["y"] < page.locator("#generate-seed").bounding_box()["y"]


def test_the_first_screen_speaks_no_jargon_and_fetches_nothing_from_outside(browser, served):
    opened = browser.new_page()
    addresses = []
    opened.on("request", lambda request: addresses.append(request.url))
    opened.goto(served.url)
    opened.wait_for_selector("#generate-prompt textarea")
    opened.wait_for_function(LOADED)
    for name in ("Generate", "Transform", "Edit", "Morph"):
        opened.get_by_role("tab", name=name, exact=True).click()
        expect(opened.locator(f"#{name.lower()}-start")).to_be_visible()
        visible = opened.locator("body").inner_text().lower()
        assert not [word for word in ("latent", "cfg", "denois", "guidance scale") if word in visible]
    assert opened.locator("#transform-more").locator("xpath=..").locator(".strength").get_attribute("title")
    opened.close()
    assert not [url for url in addresses if not url.startswith((served.url, "data:", "blob:"))]


def test_every_field_has_a_name_for_screen_readers(page):
    page.locator("#generate-more button").first.click()
    nameless = page.evaluate(
        """() => [...document.querySelectorAll('input, textarea, select, button, audio')]
        .filter((field) => field.offsetParent && !field.labels?.length && !field.ariaLabel && !field.title
                           && !field.closest('label') && !field.textContent?.trim())
        .map((field) => field.outerHTML.slice(0, 120))"""
    )
    assert nameless == []


def test_the_place_in_the_queue_is_told_while_others_work(page, served, slow_steps):
    data = ["bell", 1.0, "", 1, 40, 3.0, "none", 1.0]
    httpx.post(f"{served.url}gradio_api/call/generate", json={"data": data})
    page.click("#generate-start")
    expect(page.locator("#generate-status")).to_contain_text(re.compile(r"queue: \d+/\d+"))
    expect(status(page)).to_contain_text("Done in")
