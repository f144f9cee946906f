"""The road of a hobbyist with 40 recordings from a phone: Fine-tune, Dataset, and Use in Generate."""

import re

import numpy as np
import pytest
import soundfile
from playwright.sync_api import expect

from space.teaching.methods import METHODS
from tests.space.driving import open_tab, status

COUNT = 40
NAME = "my-gate"


@pytest.fixture(scope="module")
def phone(tmp_path_factory):
    """Recordings as a phone names them; what is heard in them is in a text file beside all but one."""
    folder = tmp_path_factory.mktemp("phone")
    for i in range(COUNT):
        noise = np.random.default_rng(i).normal(0, 0.1, 24000) * (np.arange(24000) % 8000 < 3000)
        soundfile.write(folder / f"Recording ({i}).wav", noise, 24000)
        if i:
            (folder / f"Recording ({i}).txt").write_text("a gate creaking")
    return folder


@pytest.mark.timeout(900)
def test_forty_recordings_become_a_dataset_a_model_and_a_sound(page, phone, monkeypatch):
    monkeypatch.setitem(METHODS["lora"].lengths, "Quick", {"steps": 4})
    page.get_by_role("tab", name="Fine-tune").click()
    expect(page.locator("#finetune-estimate")).to_contain_text("min")
    page.locator("#finetune-method input[value=lora]").check()
    page.fill("#finetune-name textarea, #finetune-name input", NAME)
    page.locator("#finetune-files input[type=file]").set_input_files(sorted(phone.iterdir()))
    said = page.locator("#finetune-said")
    expect(said).to_contain_text(f"{COUNT} sounds. Correct the captions, then check.")
    # A phone's own name is no caption: it is asked for and not invented.
    expect(said).to_contain_text("1 sounds have no caption: write what is heard in them.")
    page.click("#finetune-check")
    expect(page.locator("#finetune-checked")).to_contain_text(f"Kept {COUNT - 1} of {COUNT}.")
    expect(page.locator("#finetune-verdicts .dropped")).to_contain_text("has no caption")
    # The dataset is there to look at before anything is trained.
    open_tab(page, "Dataset")
    expect(page.locator("#dataset-status")).to_contain_text(f"{COUNT - 1} clips")
    expect(page.locator(".tile strong").first).to_have_text("a gate creaking")
    page.get_by_role("tab", name="Fine-tune").click()
    page.get_by_role("radio", name="Quick").check()
    page.click("#finetune-start")
    expect(page.locator("#finetune-progress")).to_contain_text(f"{NAME} is ready", timeout=300_000)
    page.click("#finetune-use")
    # The taught caption is the text, the adapter stands in front, and the result names it.
    expect(page.locator("#generate-prompt textarea")).to_have_value("a gate creaking")
    expect(page.locator("#generate-adapter").get_by_label("Adapter", exact=True)).to_be_visible()
    expect(page.locator("#generate-adapter").get_by_label("Adapter", exact=True)).to_have_value(re.compile(NAME))
    expect(status(page)).to_contain_text(f"{NAME} is chosen as the adapter")
    page.click("#generate-start")
    expect(page.locator("#generate-result .facts")).to_contain_text(f"+ {NAME}")
