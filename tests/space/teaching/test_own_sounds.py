"""Fine-tune, Dataset and Evaluate in a real browser: from files to a model of one's own, with the real trainer."""

import re

import numpy as np
import pytest
import soundfile
from playwright.sync_api import expect

from space.teaching.methods import METHODS
from tests.space.driving import LOADED, open_tab

OWLS = 6


@pytest.fixture(scope="module")
def owls(tmp_path_factory):
    """Six noises and a silence with a table of captions."""
    folder = tmp_path_factory.mktemp("owls")
    rows = ["file_name,caption,label,licence"]
    for i in range(OWLS):
        noise = np.random.default_rng(i).normal(0, 0.1, 2 * 24000) * (np.arange(2 * 24000) % 12000 < 4000)
        soundfile.write(folder / f"owl{i}.wav", noise, 24000)
        rows.append(f"owl{i}.wav,an owl number {i},owl,CC0")
    soundfile.write(folder / "quiet.wav", np.zeros(24000 * 2), 24000)
    rows.append("quiet.wav,nothing,none,CC0")
    (folder / "captions.csv").write_text("\n".join(rows))
    return folder


@pytest.mark.timeout(900)
def test_files_become_a_dataset_an_adapter_and_a_sound(page, owls, served, monkeypatch):
    monkeypatch.setitem(METHODS["lora"].lengths, "Quick", {"steps": 6})
    page.get_by_role("tab", name="Fine-tune").click()
    expect(page.locator("#finetune-estimate")).to_contain_text("min")
    page.locator("#finetune-method input[value=lora]").check()
    page.fill("#finetune-name textarea, #finetune-name input", "test-owls")
    page.locator("#finetune-files input[type=file]").set_input_files(sorted(owls.iterdir()))
    expect(page.locator("#finetune-said")).to_contain_text(f"{OWLS + 1} sounds")
    expect(page.get_by_text("an owl number 3").first).to_be_visible()
    page.click("#finetune-check")
    expect(page.locator("#finetune-checked")).to_contain_text(f"Kept {OWLS} of {OWLS + 1}.")
    expect(page.locator("#finetune-verdicts .dropped")).to_contain_text("silent")
    expect(page.locator("#finetune-trips audio").first).to_be_visible()
    page.get_by_role("radio", name="Quick").check()
    expect(page.locator("#finetune-estimate")).to_contain_text("6 steps")
    page.click("#finetune-start")
    expect(page.locator("#finetune-progress")).to_contain_text(re.compile("test-owls|reading|step"))
    page.reload()
    page.get_by_role("tab", name="Fine-tune").click()
    expect(page.locator("#finetune-progress")).to_contain_text("test-owls is ready", timeout=300_000)
    expect(page.locator("#finetune-samples audio").first).to_be_visible()
    page.click("#finetune-publish")
    expect(page.locator("#finetune-published")).to_contain_text("Publishing needs a token")
    page.click("#finetune-use")
    expect(page.locator("#generate-start")).to_be_visible()
    expect(page.get_by_label("Adapter", exact=True).first).to_have_value("test-owls")
    page.click("#generate-start")
    expect(page.locator("#generate-result .facts")).to_contain_text("+ test-owls")


def test_the_dataset_that_was_built_is_searched_seen_and_compared(page, served):
    assert "test-owls" in served.places.datasets()
    open_tab(page, "Dataset")
    expect(page.locator(".tile")).to_have_count(OWLS)
    page.fill("#dataset-search textarea, #dataset-search input", "number 3")
    page.press("#dataset-search textarea, #dataset-search input", "Enter")
    expect(page.locator("#dataset-status")).to_contain_text("1 clips, 1 to 1 shown")
    expect(page.locator(".tile strong")).to_have_text("an owl number 3")
    page.locator(".tile .plain").click()
    expect(page.locator(".pair")).to_contain_text(re.compile(r"\d+\.\d dB apart"))
    expect(page.locator(".pair audio")).to_have_count(2)


def test_a_dataset_that_is_not_there_is_named(page):
    open_tab(page, "Dataset")
    expect(page.locator(".tile").first).to_be_visible()
    for name, told in (("/etc", "is no name of a repository"), ("nobody/nothing", "cannot be fetched")):
        page.get_by_label("Dataset", exact=True).first.fill(name)
        page.get_by_label("Dataset", exact=True).first.press("Enter")
        page.click("#dataset-start")
        expect(page.locator("#dataset-status")).to_contain_text(told)


def test_two_sets_are_measured_and_every_figure_says_what_it_means(page, owls):
    open_tab(page, "Evaluate")
    sounds = sorted(owls.glob("owl*.wav"))
    page.locator("#evaluate-generated input[type=file]").set_input_files(sounds[:3])
    page.click("#evaluate-start")
    expect(page.locator("#evaluate-status")).to_contain_text("The reference set has 0 clips")
    page.locator("#evaluate-reference input[type=file]").set_input_files(sounds[2:])
    expect(page.locator("#evaluate-reference")).to_contain_text("owl5")
    page.click("#evaluate-start")
    expect(page.locator("#evaluate-status")).to_contain_text("Measured 3 against 4 clips.")
    expect(page.locator("#evaluate-result")).to_contain_text("0 is best")
    expect(page.locator("#evaluate-result")).to_contain_text("7 sounds of 24000 Hz were resampled")
    expect(page.locator("#evaluate-result")).to_contain_text("a difference smaller than the noise floor means nothing")


def test_what_was_made_in_this_session_can_be_judged(page, owls):
    page.wait_for_function(LOADED)
    open_tab(page, "Evaluate")
    page.get_by_role("radio", name="what I made in this session").check()
    expect(page.locator("#evaluate-generated")).to_be_hidden()
    page.locator("#evaluate-reference input[type=file]").set_input_files(sorted(owls.glob("owl*.wav")))
    expect(page.locator("#evaluate-reference")).to_contain_text("owl5")
    page.click("#evaluate-start")
    expect(page.locator("#evaluate-status")).to_contain_text("The generated set has 1 clips")
