"""How the browser tests press, type and wait; nothing here sleeps for a guessed time."""

import re

from playwright.sync_api import TimeoutError, expect

from space.parts.regions import CANVAS

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


def paint(page, *points):
    """A stroke on the Edit tab from point to point, each as shares (x, y) of the picture, y from the top.

    A canvas that is still being set up, or that moves because the page above it grows, takes no stroke: it is drawn
    again until the page has read it.
    """
    read = page.locator("#edit-status .status").get_by_text("Painted within")
    for _ in range(4):
        _draw(page, points)
        try:
            read.wait_for(timeout=20_000)
            return
        except TimeoutError:
            continue
    expect(read).to_be_visible()


def _draw(page, points):
    page.locator("#edit-canvas").scroll_into_view_if_needed()
    zoom = page.locator("#edit-canvas").get_by_text(re.compile(r"^\d+%$")).inner_text()
    width, height = (side * float(zoom.rstrip("%")) / 100 for side in CANVAS)
    box = page.locator("#edit-canvas canvas").first.bounding_box()
    # The picture lies in the middle of the canvas.
    left, top = box["x"] + (box["width"] - width) / 2, box["y"] + (box["height"] - height) / 2
    places = [(left + x * width, top + y * height) for x, y in points]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place, steps=8)
    page.mouse.up()
