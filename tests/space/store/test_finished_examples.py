"""The examples that come with the page: their files are what their recipes say, and a click shows them at once."""

import json

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from space.store.example_clips import FOLDER, RECIPES, load_examples, make_examples, read_examples, tiles_html
from spectrogram.problems import Problem
from spectrogram.recipe import Recipe
from tests.space.driving import LOADED, status

LIGHT_BYTES = 1_500_000


def test_recipes_and_files_agree():
    examples = read_examples()
    files = {path.name for path in FOLDER.iterdir()}
    assert len(examples) == 8
    assert files == {RECIPES, *(f"{example.name}{end}" for example in examples for end in (".flac", ".png"))}
    for example in examples:
        for end in (".flac", ".png"):
            recipe = Recipe.read(FOLDER / f"{example.name}{end}")
            made = (recipe.prompt, recipe.seed, recipe.steps, recipe.guidance, recipe.model)
            assert made == (example.prompt, example.seed, example.steps, example.guidance, "base_model")
    assert sum((FOLDER / name).stat().st_size for name in files) < LIGHT_BYTES


def test_the_shipped_weights_paint_the_example_in_front(tmp_path):
    """After new weights the files are old: `python -m space examples` makes them anew."""
    from spectrogram.models import load_pipeline

    row = json.loads((FOLDER / RECIPES).read_text(encoding="utf-8"))[0]
    (tmp_path / RECIPES).write_text(json.dumps([row]), encoding="utf-8")
    pipeline = load_pipeline(None, "cpu")
    pipeline.set_progress_bar_config(disable=True)
    (made,) = make_examples(pipeline, tmp_path)
    shipped, anew = (
        np.asarray(Image.open(folder / made.with_suffix(".png").name).convert("L"), dtype=float)
        for folder in (FOLDER, tmp_path)
    )
    assert np.abs(shipped - anew).mean() < 2


def test_thumbnails_travel_in_the_page_and_are_small(tmp_path):
    clips = load_examples(tmp_path / "served")
    tiles = tiles_html(clips)
    assert tiles.count("data-example=") == len(clips) == 8
    assert len(tiles) < 40_000


def test_an_example_whose_files_are_missing_is_left_out_and_a_broken_list_is_named(tmp_path):
    (tmp_path / RECIPES).write_text('[{"name": "a", "prompt": "rain", "seed": 1, "steps": 2, "guidance": 3}]')
    assert load_examples(tmp_path / "served", tmp_path) == []
    (tmp_path / RECIPES).write_text('[{"prompt": "rain"}]')
    with pytest.raises(Problem, match="a list of objects with name, prompt, seed, steps, guidance"):
        read_examples(tmp_path)


def test_a_tile_shows_the_finished_clip_without_the_model(page, engine, monkeypatch):
    asked = []
    monkeypatch.setattr(engine, "work", lambda *given: asked.append(given) or iter(()))
    page.wait_for_function(LOADED)
    page.get_by_role("button", name="rain", exact=True).click()
    expect(page.locator("#generate-result figcaption strong")).to_have_text("rain")
    expect(page.locator("#generate-result .facts")).to_contain_text("seed 12")
    expect(page.locator("#generate-prompt textarea")).to_have_value("rain")
    expect(page.locator("#generate-seed input")).to_have_value("12")
    expect(status(page)).to_contain_text("A finished example")
    assert not page.get_by_label("Lock the seed").is_checked()
    page.wait_for_function(LOADED)
    with page.expect_download() as download:
        page.locator("#generate-downloads").get_by_role("button", name="Download sound").click()
    download.value.save_as(example := download.value.path().with_suffix(".flac"))
    assert Recipe.read(example).seed == 12
    assert asked == []
    assert page.evaluate("localStorage.getItem('spectrogram-history')") is None


def test_only_the_example_in_front_is_fetched_when_the_page_opens(browser, served):
    opened = browser.new_page()
    fetched = []
    opened.on("request", lambda request: fetched.append(request.url))
    opened.goto(served.url)
    opened.wait_for_function(LOADED)
    opened.close()
    names = [url.rsplit("/", 1)[1] for url in fetched if "gradio_api/file=" in url]
    assert {name for name in names if name.startswith(("bell", "rain"))} == {"bell.flac", "bell-view.png"}
