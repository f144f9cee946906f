"""The page on the random model, served on loopback once for all tests of this folder."""

import json
import os
import shutil
import time
from types import SimpleNamespace

import pytest

from space.store.example_clips import RECIPES, make_examples
from tests.tiny_sd import build_tiny_lora, build_tiny_sd

CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def models(tmp_path_factory):
    """Folder with a random base, an adapter folder `runs` that holds one adapter, and two examples."""
    folder = tmp_path_factory.mktemp("space")
    build_tiny_sd(folder / "tiny-sd")
    build_tiny_lora(folder / "tiny-sd", folder / "runs" / "rain")
    return folder


@pytest.fixture(scope="session")
def engine(models):
    from space.engine.engine import Engine

    return Engine(models / "tiny-sd", models / "runs", device="cpu")


@pytest.fixture(scope="session")
def example(models, engine):
    """The finished clip that the page opens with; a second example lies beside it, as the shipped ones do."""
    folder = models / "examples"
    folder.mkdir()
    shared = {"steps": 2, "guidance": 3.0}
    rows = [
        {"name": "bell", "prompt": "a <b>bell</b> & rain", "seed": 11, **shared},
        {"name": "rain", "prompt": "rain", "seed": 12, **shared},
    ]
    (folder / RECIPES).write_text(json.dumps(rows), encoding="utf-8")
    first, _ = make_examples(engine.pipeline, folder)
    return first


@pytest.fixture(scope="session")
def served(models, engine, example):
    """The served page: `url`, `store`, `places` and the gradio `page`."""
    from space import interface
    from space.store.clips import ClipStore
    from space.store.places import Places

    store = ClipStore(models / "clips")
    places = Places(engine.adapters_folder, models / "datasets")
    page = interface.build_interface(engine, store, places, examples=example.parent)
    settings = interface.launch_settings(store) | {"prevent_thread_lock": True, "quiet": True}
    _, url, _ = page.launch(**settings)
    yield SimpleNamespace(url=url, store=store, page=page, places=places)
    page.close()


@pytest.fixture(scope="session")
def browser():
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("no chromium on this machine (Debian: apt install chromium)")
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    # A step of the page takes long on a machine that does much else.
    playwright.expect.set_options(timeout=60_000)
    # Playwright's own event loop must not meet the one of other tests: it lives in this fixture only.
    with playwright.sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=program, args=CHROMIUM_ARGUMENTS)
        yield opened
        opened.close()


@pytest.fixture
def slow_steps(monkeypatch):
    """Each step takes a tenth of a second longer, so that Stop can be pressed in between on any machine."""
    from space.engine.watch import Watch

    quick = Watch.__call__

    def slow(self, *given):
        time.sleep(0.1)
        return quick(self, *given)

    monkeypatch.setattr(Watch, "__call__", slow)


@pytest.fixture(autouse=True)
def without_network(monkeypatch):
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    assert os.environ["HF_HUB_OFFLINE"] == "1"


@pytest.fixture
def page(browser, served):
    context = browser.new_context(viewport={"width": 1280, "height": 900}, accept_downloads=True)
    opened = context.new_page()
    opened.set_default_timeout(60_000)
    opened.goto(served.url)
    opened.wait_for_selector("#generate-prompt textarea")
    yield opened
    context.close()
