"""The examples in the docstrings of the pipeline and its verbs give what they say, on the embedded base."""

import doctest
from pathlib import Path

import pytest

from spectrogram import pipeline as pipelines
from spectrogram.models import load_pipeline
from spectrogram.prompts import language
from spectrogram.verbs import choose, extend, inpaint, loop, mix, stereo, timeline, transform, upscale, variations

EMBEDDED = Path(__file__).parents[2] / "base_model"
MODULES = (choose, extend, inpaint, language, loop, mix, pipelines, stereo, timeline, transform, upscale, variations)


@pytest.fixture(scope="module")
def pipe():
    if not (EMBEDDED / "model_index.json").is_file():
        pytest.skip("base_model/ is not in this checkout")
    pipe = load_pipeline(device="cpu")
    pipe.set_progress_bar_config(disable=True)
    return pipe


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_examples_of_the_docstrings_are_true(module, pipe):
    failed, tried = doctest.testmod(module, extraglobs={"pipe": pipe})
    assert (failed, tried > 0) == (0, True)
