"""The ways of teaching in a real browser with the real trainer: stopped, resumed after a reload, used, crashed."""

import re

import numpy as np
import pytest
import soundfile
from playwright.sync_api import expect

from space.store.uploads import collect
from space.teaching.checking import check_rows
from space.teaching.methods import METHODS
from tests.space.driving import done, status


@pytest.fixture(scope="module")
def word_owls(served, tmp_path_factory):
    """A checked set of twelve noises, as steps 1 and 2 of the page leave it."""
    folder = tmp_path_factory.mktemp("word-owls")
    files = []
    for i in range(12):
        noise = np.random.default_rng(i).normal(0, 0.1, 48000) * (np.arange(48000) % 12000 < 4000)
        soundfile.write(folder / f"an_owl_{i}.wav", noise, 24000)
        files.append(str(folder / f"an_owl_{i}.wav"))
    rows = collect(files, served.places.upload("word-owls")).rows
    *_, verdicts = check_rows(rows, served.places.upload("word-owls"), served.places.dataset("word-owls"), "mini")
    assert not any(verdict.reason for verdict in verdicts)
    return "word-owls"


@pytest.fixture
def tab(page, word_owls):
    open_finetune(page)
    page.fill("#finetune-name textarea, #finetune-name input", word_owls)
    return page


def open_finetune(page):
    """The tab, once the page has told it what is trained already."""
    page.get_by_role("tab", name="Fine-tune", exact=True).click()
    expect(page.locator("#finetune-estimate")).to_contain_text("min")


def choose(page, method: str, length: str = "Quick"):
    page.locator(f"#finetune-method input[value={method}]").check()
    expect(page.locator("#finetune-length")).to_contain_text(METHODS[method].lengths_told)
    page.locator("#finetune-length").get_by_role("radio", name=length).check()


def progress(page):
    return page.locator("#finetune-progress")


def test_every_method_shows_what_it_means_what_it_asks_and_its_minutes(tab):
    page = tab
    for offer in METHODS.values():
        expect(page.locator("#finetune-method")).to_contain_text(f"{offer.method.label}: {offer.method.meaning}")
    choose(page, "aesthetic")
    expect(page.locator("#finetune-trigger")).to_be_hidden()
    expect(page.locator("#finetune-length label")).to_have_count(2)
    expect(page.locator("#finetune-estimate")).to_contain_text("About 1 min")
    choose(page, "textual_inversion", "Standard")
    expect(page.locator("#finetune-trigger")).to_be_visible()
    expect(page.locator("#finetune-kind")).to_be_hidden()
    expect(page.locator("#finetune-estimate")).to_contain_text("150 steps")
    choose(page, "dreambooth")
    expect(page.locator("#finetune-kind")).to_be_visible()
    page.click("#finetune-start")
    expect(progress(page)).to_contain_text("what kind of sound")
    page.fill("#finetune-name textarea, #finetune-name input", "nobody")
    choose(page, "lora")
    page.click("#finetune-start")
    expect(progress(page)).to_contain_text("The set nobody has not been checked")


@pytest.mark.timeout(900)
def test_a_run_is_stopped_found_again_after_a_reload_resumed_and_used(tab, monkeypatch):
    page = tab
    monkeypatch.setitem(METHODS["textual_inversion"].lengths, "Quick", {"steps": 400})
    monkeypatch.setattr("space.teaching.methods.SAMPLE_EVERY", 1000)
    choose(page, "textual_inversion")
    page.click("#finetune-start")
    # It rehearses first.
    expect(progress(page)).to_contain_text(re.compile(r"step \d+/400"), timeout=300_000)
    page.click("#finetune-stop")
    expect(progress(page)).to_contain_text("word-owls-word was stopped at step", timeout=150_000)
    page.reload()
    open_finetune(page)
    expect(page.locator("#finetune-name textarea, #finetune-name input")).to_have_value("word-owls")
    expect(page.locator("#finetune-method input[value=textual_inversion]")).to_be_checked()
    expect(page.locator("#finetune-run input")).to_have_value("word-owls-word")
    expect(progress(page)).to_contain_text("was stopped at step")
    page.click("#finetune-resume")
    expect(progress(page)).to_contain_text("word-owls-word is ready, after 400 steps", timeout=150_000)
    expect(page.locator("#finetune-samples audio")).to_have_count(2 * page.locator("#finetune-samples li").count())
    page.click("#finetune-use")
    expect(page.locator("#generate-prompt textarea")).to_have_value(re.compile("<word-owls>"))
    expect(page.locator("#generate-adapter input")).to_have_value("word-owls-word (the word <word-owls>)")
    expect(page.locator("#generate-more")).to_contain_text("a word has no strength")
    page.click("#generate-start")
    done(page, "generate")
    expect(page.locator("#generate-result .facts")).to_contain_text("+ word-owls-word")
    page.fill("#generate-prompt textarea", "rain")
    page.click("#generate-start")
    expect(status(page)).to_contain_text("does not have the word <word-owls>")


def test_a_run_that_crashes_shows_its_last_words_and_can_be_resumed(tab):
    """The random base has no ear, so aesthetic gradients cannot work with it."""
    page = tab
    choose(page, "aesthetic")
    page.click("#finetune-start")
    expect(progress(page)).to_contain_text("ended early", timeout=150_000)
    expect(page.locator("#finetune-log")).to_contain_text(re.compile("ear|CLIP|clip"))
    expect(page.locator("#finetune-resume")).to_be_enabled()
