"""Parameters, headers and refusals that a stranger filled in."""

import json

import pytest
import torch

from spectrogram.adapters.kinds import AdapterProblem
from spectrogram.adapters.layouts import METADATA, read
from spectrogram.params import SpectrogramParams
from spectrogram.problems import Problem


@pytest.mark.parametrize(
    "changes",
    [
        {"step_ms": 1e308, "window_ms": 1e308}, {"padded_ms": float("inf")}, {"sample_rate_hz": 10**12},
        {"peak": float("nan")}, {"window_ms": 1e300}, {"padded_ms": -1e308},
    ],
)  # fmt: skip
def test_parameters_of_absurd_size_are_refused_before_they_are_multiplied(changes):
    told = json.dumps(SpectrogramParams.preset("mini").to_dict() | changes)
    with pytest.raises(Problem):
        SpectrogramParams.from_json(told)


def test_a_spectrogram_json_of_other_bytes_is_a_sentence(tmp_path):
    (tmp_path / "spectrogram.json").write_bytes(b'{"a": "\xff\xfe"}')
    with pytest.raises(Problem):
        SpectrogramParams.from_model(tmp_path)


SHAPES = {("unet", layer): (8, 8) for layer in ("mid_block", "x.down_blocks.0")}
OF_ONES = {
    f"unet.{layer}.lora_{side}.weight": torch.ones(shape)
    for _, layer in SHAPES
    for side, shape in (("A", (4, 8)), ("B", (8, 4)))
}


@pytest.mark.parametrize(
    "told",
    [
        "[]", "null", "[" * 5000, '{"unet.alpha_pattern": []}', '{"unet.alpha_pattern": {"(a+)+$": 1}}',
        '{"unet.lora_alpha": "4"x}', '{"unet.r": [1]}', '{"unet.lora_alpha": NaN}',
        '{"unet.alpha_pattern": {"a": "b"}}',
    ],
)  # fmt: skip
def test_strengths_in_a_header_are_numbers_of_plain_names(told):
    with pytest.raises(Problem):
        read(OF_ONES, {METADATA: told}, SHAPES)


def test_honest_strengths_are_read_as_before():
    told = json.dumps({"unet.r": 4, "unet.lora_alpha": 8, "unet.alpha_pattern": {"down_blocks.0": 2.0}})
    layers = read(OF_ONES, {METADATA: told}, SHAPES).tensors
    assert (layers["unet", "mid_block"]["up"] == 2.0).all()
    assert (layers["unet", "x.down_blocks.0"]["up"] == 0.5).all()


def test_a_refusal_repeats_no_label_of_seventy_thousand_letters():
    problem = AdapterProblem("x" * 70_000, "y\n" * 70_000, "z")
    assert len(str(problem)) < 2000
    assert "\n" not in str(problem)
