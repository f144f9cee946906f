"""`python -m benchmarks.space.screenshots docs/screenshots`: the page as people see it, in Debian's chromium.

Writes TAB-desktop, TAB-mobile and TAB-dark as PNG for each tab, or for those named with `--tabs`. Edit has one of the
page's own examples as its sound, the dark Morph is really made, Dataset shows a clip beside its decoded sound where a
dataset lies in datasets/. `--url` takes a page that is open already.
"""

import argparse
import io
import shutil
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

from benchmarks.space.served import Served

DESKTOP, MOBILE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
READY = "() => { const audio = document.querySelector('.card audio'); return audio && audio.duration > 0 }"
SEED = 3
TABS = ("Generate", "Transform", "Edit", "Morph", "Fine-tune", "Evaluate", "Dataset")
LOOKS = {"desktop": (DESKTOP, "light"), "mobile": (MOBILE, "light"), "dark": (DESKTOP, "dark")}
SOUND = Path(__file__).parents[2] / "space" / "store" / "examples"
# Enough for text and spectrograms, at a quarter of the bytes.
COLOURS = 256


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.space.screenshots", description=__doc__.split("\n\n")[0]
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--tabs", nargs="*", default=TABS, choices=TABS, metavar="TAB", help=f"of {', '.join(TABS)}")
    parser.add_argument("--looks", nargs="*", default=LOOKS, choices=LOOKS, help=f"of {', '.join(LOOKS)}")
    parser.add_argument("--url", help="a page that is open already (else one is started)")
    return parser.parse_args()


class Camera:
    """Opens pages of one served Space and writes pictures of them into a folder."""

    def __init__(self, browser, url: str, folder: Path):
        self.browser, self.url, self.folder = browser, url, folder

    def open(self, size: dict, scheme: str):
        """A page whose example can be played."""
        context = self.browser.new_context(viewport=size, color_scheme=scheme, device_scale_factor=1)
        page = context.new_page()
        page.set_default_timeout(120_000)
        page.goto(f"{self.url}?__theme={scheme}")
        page.wait_for_function(READY)
        page.wait_for_timeout(800)
        return page

    def keep(self, page, name: str):
        page.evaluate("document.activeElement.blur()")
        tall = page.evaluate("document.documentElement.scrollHeight") < 2 * page.viewport_size["height"]
        taken = Image.open(io.BytesIO(page.screenshot(full_page=tall)))
        taken.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(
            self.folder / f"{name}.png", optimize=True
        )

    def tabs(self, names, look: str):
        """Pictures of all these tabs in one page of that look."""
        page = self.open(*LOOKS[look])
        for name in names:
            self.show(page, name)
            if prepare := {"Edit": self.edit, "Dataset": self.dataset}.get(name):
                prepare(page)
            if (name, look) == ("Morph", "dark"):
                self.morph(page)
            self.keep(page, f"{name.lower().replace('-', '')}-{look}")
        page.context.close()

    @staticmethod
    def show(page, name: str):
        """Open a tab; on a small screen most of them stand in a menu."""
        tab = page.get_by_role("tab", name=name, exact=True).locator("visible=true")
        if not tab.count():
            page.locator(".overflow-menu > button").click()
            tab = page.locator(".overflow-dropdown button", has_text=name)
        tab.first.click()
        page.wait_for_timeout(1500)

    @staticmethod
    def edit(page):
        """A sound to paint on, with the middle third as its region."""
        page.locator("#edit-sound input[type=file]").first.set_input_files(next(SOUND.glob("*.flac")))
        page.wait_for_function("document.querySelector('#edit-from input').value > 0")
        page.wait_for_timeout(3000)

    @staticmethod
    def dataset(page):
        if page.get_by_label("Dataset", exact=True).first.input_value():
            page.locator("#dataset-tiles .tile").first.wait_for()
            page.locator("#dataset-tiles [data-pick]").first.click()
            page.locator("#dataset-pair audio").nth(1).wait_for()
            page.wait_for_timeout(800)

    @staticmethod
    def morph(page):
        """A morph of a locked seed, in even steps of text, when it is done."""
        page.get_by_label("Even steps in sound").uncheck()
        page.fill("#morph-seed input", str(SEED))
        page.locator("#tabs").get_by_label("Lock the seed").locator("visible=true").check()
        page.click("#morph-start")
        page.locator("#morph-status").get_by_text("Done in").wait_for(timeout=300_000)
        page.locator("#morph-take label").nth(2).click()
        page.wait_for_timeout(800)


def main() -> int:
    options = parse_arguments()
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        print("error: there is no chromium here (Debian: apt install chromium)", file=sys.stderr)
        return 5
    options.folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as driver, opened_page(options.url) as url:
        browser = driver.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        for look in options.looks:
            Camera(browser, url, options.folder).tabs(options.tabs, look)
        browser.close()
    return 0


@contextmanager
def opened_page(url: str | None):
    """The address of a page: one that is open already, or one that is started for this."""
    if url:
        yield url
        return
    with tempfile.TemporaryDirectory() as folder, Served(None, Path(folder)) as served:
        yield served.url


if __name__ == "__main__":
    sys.exit(main())
