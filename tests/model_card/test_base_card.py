"""The README of the embedded base model is what its files say, not what somebody typed."""

import shutil

import pytest

from model_card import base_card
from spectrogram.bases import EMBEDDED
from spectrogram.problems import Problem


@pytest.fixture
def copy(tmp_path):
    shutil.copytree(EMBEDDED, tmp_path / "base", ignore=shutil.ignore_patterns("unet", "diffusion_*", "text_encoder"))
    return tmp_path / "base"


def test_the_card_in_the_repository_is_the_one_that_its_files_give(copy):
    committed = (EMBEDDED / "README.md").read_text(encoding="utf-8")
    (copy / "README.md").unlink()
    assert base_card.write(copy).read_text(encoding="utf-8") == committed


def test_every_recording_that_taught_the_weights_is_credited_with_an_open_licence(copy):
    credits = base_card.values(copy)["credits"].splitlines()
    assert len(credits) > 100
    assert all(line.removeprefix("* ").startswith(("CC0", "CC BY", "MIT", "Public Domain")) for line in credits)
    assert not any("NC" in line.split(";")[0] or "SA" in line.split(";")[0] for line in credits)


def test_the_checksums_in_the_card_are_those_of_the_weights(copy):
    import hashlib

    sums = base_card.read(copy, "sha256.json")
    assert {hashlib.sha256((EMBEDDED / name).read_bytes()).hexdigest() for name in sums} == set(sums.values())


def test_a_model_that_was_not_measured_gets_no_card(copy):
    (copy / "benchmark.json").unlink()
    with pytest.raises(Problem, match=r"benchmark\.json does not exist"):
        base_card.write(copy)


def test_the_shipped_weights_keep_what_they_were_trained_for():
    result = base_card.read(EMBEDDED, "benchmark.json")
    assert result["outside"]["base"]["top5"] >= 0.62
    assert result["outside"]["base"]["auc"] >= 0.95
    assert result["outside"]["vae"]["top5"] >= 0.6
    assert result["outside"]["codec"]["top5"] >= 0.74
    assert result["real_class_accuracy"] >= 0.9
    assert min(result["pitch"].values()) >= 0.85
