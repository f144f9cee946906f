"""`python -m benchmarks.space.screenshots docs/screenshots`: the page as people see it, in Debian's chromium.

Writes generate-desktop, generate-mobile, generate-dark and morph-dark as PNG; the morph is really made. `--tabs` adds a
desktop picture of further tabs as they open; of Dataset, where one lies in datasets/, with a clip beside its decoded
sound.
"""

import argparse
import io
import shutil
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

from benchmarks.space.served import Served

DESKTOP, MOBILE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
READY = "() => { const audio = document.querySelector('.card audio'); return audio && audio.duration > 0 }"
SEED = 3
# Enough for text and spectrograms, at a quarter of the bytes.
COLOURS = 256


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.space.screenshots", description=__doc__.split("\n\n")[0]
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--tabs", nargs="*", default=[], metavar="TAB", help='for example "Transform" "Edit"')
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

    def generate(self):
        for name, size, scheme in (
            ("desktop", DESKTOP, "light"),
            ("mobile", MOBILE, "light"),
            ("dark", DESKTOP, "dark"),
        ):
            page = self.open(size, scheme)
            self.keep(page, f"generate-{name}")
            page.context.close()

    def morph(self):
        """A morph of a locked seed when it is done."""
        page = self.open(DESKTOP, "dark")
        page.get_by_role("tab", name="Morph", exact=True).click()
        page.fill("#morph-seed input", str(SEED))
        page.locator("#tabs").get_by_label("Lock the seed").locator("visible=true").check()
        page.click("#morph-start")
        page.locator("#morph-status").get_by_text("Done in").wait_for()
        page.locator("#morph-take label").nth(2).click()
        page.wait_for_timeout(800)
        self.keep(page, "morph-dark")
        page.context.close()

    def tab(self, name: str):
        page = self.open(DESKTOP, "light")
        page.get_by_role("tab", name=name, exact=True).click()
        page.wait_for_timeout(1500)
        if name == "Dataset" and page.locator("#dataset-tiles .tile").count():
            page.locator("#dataset-tiles [data-pick]").first.click()
            page.locator("#dataset-pair audio").nth(1).wait_for()
            page.wait_for_timeout(800)
        self.keep(page, f"{name.lower().replace('-', '')}-desktop")
        page.context.close()


def main() -> int:
    options = parse_arguments()
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        print("error: there is no chromium here (Debian: apt install chromium)", file=sys.stderr)
        return 5
    options.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, Served(None, Path(folder)) as served, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        camera = Camera(browser, served.url, options.folder)
        camera.generate()
        camera.morph()
        for name in options.tabs:
            camera.tab(name)
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
