"""Painting on the Edit tab in a real browser: strokes as they are, numbers instead, and both out of a recipe."""

import numpy as np
import pytest
import soundfile
from playwright.sync_api import expect

from tests.space.driving import RESTORE, choose_steps, done, give_sound, open_tab, paint, status

RATE_HZ, SECONDS = 24000, 4
# On a quick model the marked picture is gone before anybody asks for it.
REMEMBER_MARKED = """() => new MutationObserver(() => {
  window.marked ||= !!document.querySelector("#edit-work img.preview[alt='The region that is painted anew']");
}).observe(document.querySelector("#tabs"), { childList: true, subtree: true })"""


@pytest.fixture(scope="module")
def noise(tmp_path_factory):
    path = tmp_path_factory.mktemp("noise") / "noise.wav"
    soundfile.write(path, np.random.default_rng(0).normal(0, 0.1, SECONDS * RATE_HZ), RATE_HZ)
    return path


@pytest.fixture
def edit(page, noise):
    open_tab(page, "Edit")
    give_sound(page, "edit", noise)
    expect(page.locator("#edit-from input")).to_have_value("1.33")
    expect(page.locator("#edit-canvas canvas").first).to_be_visible()
    page.fill("#edit-prompt textarea", "rain")
    choose_steps(page, 2, "edit")
    return page


def number(page, name: str) -> float | None:
    text = page.locator(f"#edit-{name} input").input_value()
    return float(text) if text else None


def heard(page) -> np.ndarray:
    with page.expect_download() as download:
        page.locator("#edit-downloads").get_by_role("button", name="Download sound").click()
    return soundfile.read(download.value.path())[0]


def changed_share(after, before, times_s, band_hz) -> float:
    """Energy of the change over that of the sound, within times and frequencies."""
    part = slice(*(round(time_s * RATE_HZ) for time_s in times_s))

    def energy(audio):
        spectrum = np.abs(np.fft.rfft(audio[part] * np.hanning(len(audio[part])))) ** 2
        frequency_hz = np.fft.rfftfreq(len(audio[part]), 1 / RATE_HZ)
        return spectrum[(frequency_hz >= band_hz[0]) & (frequency_hz < band_hz[1])].sum()

    return float(energy(after - before) / energy(before))


def test_an_l_is_painted_as_an_l_and_its_inner_corner_is_left_alone(edit, noise):
    page = edit
    paint(page, (0.3, 0.2), (0.3, 0.85), (0.75, 0.85))
    assert 0.9 < number(page, "from") < 1.4
    assert 2.7 < number(page, "to") < 3.3
    page.evaluate(REMEMBER_MARKED)
    page.click("#edit-start")
    done(page, "edit")
    assert page.evaluate("window.marked")
    after, before = heard(page), soundfile.read(noise)[0]
    assert np.abs(after - before)[: round(0.8 * RATE_HZ)].max() < 1e-4
    assert changed_share(after, before, (1.15, 1.25), (1000, 4000)) > 1e-2
    assert changed_share(after, before, (1.9, 2.6), (200, 600)) > 1e-2
    assert changed_share(after, before, (1.9, 2.6), (2500, 8000)) < 1e-5


def test_typed_numbers_take_the_strokes_away_and_nothing_at_all_is_named(edit, noise):
    page = edit
    paint(page, (0.2, 0.3), (0.8, 0.7))
    for name, value in (("from", "2"), ("to", "3"), ("low", ""), ("high", "")):
        page.fill(f"#edit-{name} input", value)
    page.click("#edit-start")
    done(page, "edit")
    after, before = heard(page), soundfile.read(noise)[0]
    assert np.abs(after - before)[: 2 * RATE_HZ].max() < 1e-4
    assert changed_share(after, before, (2.3, 2.7), (200, 8000)) > 1e-2
    for name in ("from", "to"):
        page.fill(f"#edit-{name} input", "")
    page.click("#edit-start")
    expect(status(page, "edit")).to_contain_text("Nothing is painted")


def test_a_result_brings_its_strokes_back(edit, noise, tmp_path):
    page = edit
    paint(page, (0.3, 0.4), (0.6, 0.6))
    region = [number(page, name) for name in ("from", "to", "low", "high")]
    page.click("#edit-start")
    done(page, "edit")
    with page.expect_download() as download:
        page.locator("#edit-downloads").get_by_role("button", name="Download sound").click()
    first, path = download.value, tmp_path / "result.wav"
    first.save_as(path)
    page.reload()
    page.locator(RESTORE).set_input_files(path)
    expect(status(page, "edit")).to_contain_text("Settings restored")
    give_sound(page, "edit", noise)
    expect(page.locator("#edit-canvas canvas").first).to_be_visible()
    assert [number(page, name) for name in ("from", "to", "low", "high")] == region
    page.click("#edit-start")
    done(page, "edit")
    np.testing.assert_array_equal(heard(page), soundfile.read(path)[0])
