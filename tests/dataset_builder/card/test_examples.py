"""The card's examples can be heard, and their distance is the textbook's."""

import re

import numpy as np
import pytest
from tones import tone

from dataset_builder.build import Settings, build
from dataset_builder.card.examples import distance_db, spectrogram
from dataset_builder.intake.captions import read_entries


def test_a_gain_is_its_own_distance():
    noise = 0.2 * np.random.default_rng(0).standard_normal((1, 20_480))
    assert distance_db(noise, noise * 0.5) == pytest.approx(20 * np.log10(2), abs=0.6)
    assert distance_db(noise, noise) == 0


def test_a_full_scale_sine_has_magnitude_one():
    assert spectrogram(tone(1, 1500, level=1.0)[:, 0])[10].max() == pytest.approx(1, abs=0.01)


def test_every_link_of_the_card_leads_to_a_file(folder, tmp_path):
    build(read_entries(folder), tmp_path / "set", Settings(command="python -m dataset_builder x"))
    text = (tmp_path / "set" / "README.md").read_text()
    links = re.findall(r"\]\(([^)#:]+)\)", text)
    assert len(links) >= 14
    assert all((tmp_path / "set" / link).is_file() for link in links)
    assert "python -m dataset_builder x" in text
    assert "kept 12, dropped 0" in text
    assert 'license: "cc0-1.0"' in text


def test_hostile_captions_do_not_break_the_card(folder, tmp_path):
    table = folder / "metadata.csv"
    table.write_text(table.read_text().replace("a low tone", '"<script>alert(1)</script> | [x](file:///etc) 🎧"'))
    build(read_entries(folder), tmp_path / "set", Settings())
    text = (tmp_path / "set" / "README.md").read_text()
    assert "<script>" not in text
    assert "[x](file:" not in text
