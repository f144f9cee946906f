"""How the browser tests press, type and wait; nothing here sleeps for a guessed time."""

import re

from playwright.sync_api import expect

LOADED = "() => { const audio = document.querySelector('.card audio'); return audio && audio.duration > 0 }"
RESTORE = "input[data-testid^='Restore from a file']"


def open_tab(page, name: str):
    page.get_by_role("tab", name=name, exact=True).click()
    expect(page.locator(f"#{name.lower().replace('-', '')}-start")).to_be_visible()


def choose_number(page, label: str, value, within: str = "body"):
    """Type into a slider's number until the slider itself shows it.

    gradio fills a fold while it opens and may set the field back: the slider shows the value that will be sent.
    """
    scope = page.locator(within)
    field = scope.get_by_label(re.compile(f"number input for {label}", re.IGNORECASE)).first
    slider = scope.get_by_label(re.compile(f"range slider for {label}", re.IGNORECASE)).first
    expect(slider).to_be_visible()
    for _ in range(20):
        field.fill(str(value))
        field.press("Tab")
        page.wait_for_timeout(250)
        if float(slider.input_value()) == float(value):
            break
    assert float(slider.input_value()) == float(value)


def choose_steps(page, steps: int, tab: str = "generate"):
    page.locator(f"#{tab}-more button").first.click()
    choose_number(page, "Steps", steps, f"#{tab}-more")


def status(page, tab: str = "generate"):
    return page.locator(f"#{tab}-status .status")


def give_sound(page, tab: str, path):
    """Upload a sound into a tab's own field and wait until the page has taken it."""
    page.locator(f"#{tab}-sound input[type=file]").first.set_input_files(path)
    expect(page.locator(f"#{tab}-sound [data-testid^='waveform']").first).to_be_visible()


def done(page, tab: str):
    expect(status(page, tab)).to_contain_text("Done in")
