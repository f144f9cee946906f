"""A small dataset built by the real builder, and a random base model."""

import pytest

from dataset_builder import __main__ as builder
from dataset_builder.soundscapes import composer
from tests.tiny_sd import build_tiny_sd


@pytest.fixture(scope="session")
def owls(tmp_path_factory):
    """Folder of a dataset of 12 owl clips with splits 8/2/2 or so."""
    folder = tmp_path_factory.mktemp("owls")
    table = composer.write(folder / "raw", 12, seed=8, classes=("owl",), pair_share=0)
    out = folder / "sd-audio-spectrograms"
    arguments = [str(table), "--audio", str(folder / "raw"), "--out", str(out), "--split", "60/20/20", "--workers", "1"]
    assert builder.main(arguments) == 0
    return out


@pytest.fixture(scope="session")
def tiny_base(tmp_path_factory):
    return build_tiny_sd(tmp_path_factory.mktemp("base") / "tiny")
