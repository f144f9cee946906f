"""One optimizer step of ours is one of diffusers' own scripts, run from a checkout; without one, none is compared.

DIFFUSERS_CHECKOUT=path python -m pytest tests/benchmarks/training
"""

import json
import os
from pathlib import Path

import pytest
import torch

from benchmarks.training import equality
from tests.tiny_sd import build_tiny_sd

CHECKOUT = os.environ.get("DIFFUSERS_CHECKOUT")
CLOSE = 1e-5


@pytest.mark.skipif(not CHECKOUT, reason="DIFFUSERS_CHECKOUT names no checkout of diffusers")
@pytest.mark.parametrize("case", [case.name for case in equality.CASES])
def test_the_trained_weights_are_those_of_the_script_after_one_step_and_after_two(case):
    rows = list(equality.run(Path(CHECKOUT), cases=[case]))
    assert [row["step"] for row in rows] == [1, 2]
    assert max(row["weights"] for row in rows) < CLOSE


def test_a_case_names_a_script_and_settings_that_exist():
    names = [case.name for case in equality.CASES]
    assert len(set(names)) == len(names)
    for case in equality.CASES:
        equality.settings_of({"base": "base_model", **case.settings})


def test_a_case_that_was_run_again_replaces_its_own_rows_alone(tmp_path):
    def row(case, parameters, step, weights):
        return {"case": case, "base_parameters": parameters, "step": step, "weights": weights}

    first, second = (case.name for case in equality.CASES[:2])
    known = [row(second, 10, 1, 0.1), row(first, 10, 1, 0.2), row(first, 1000, 1, 0.3)]
    path = tmp_path / "equality.json"
    path.write_text(json.dumps(known))
    made = equality.merged(path, [row(first, 10, 1, 0.4)])
    assert made == [row(first, 1000, 1, 0.3), row(first, 10, 1, 0.4), row(second, 10, 1, 0.1)]


def test_a_scripts_version_is_read_from_the_script(tmp_path):
    for name, text in (("a.py", 'x = 1\ncheck_min_version("0.40.0")\n'), ("b.py", "x = 1\n")):
        (tmp_path / "examples").mkdir(exist_ok=True)
        (tmp_path / "examples" / name).write_text(text)
    assert [equality.script_version(tmp_path, name) for name in ("a.py", "b.py")] == ["0.40.0", "unknown"]


def test_a_weighting_that_weighs_nothing_is_noticed(tmp_path):
    """At late time steps the usual gamma of 5 leaves every clip as it is: its rows would be those without it."""
    base = equality.with_prediction(build_tiny_sd(tmp_path / "tiny"), tmp_path / "base", "epsilon")
    late, early = ({"pass.0.timesteps": torch.tensor(steps)} for steps in ([859, 782], [29, 760]))
    usual = equality.Case("usual", equality.LORA, (), {"min_snr_gamma": 5.0})
    (low,) = (case for case in equality.CASES if case.name == "lora, epsilon, Min-SNR")
    assert not equality.weighted_unevenly(usual, base, late)
    assert equality.weighted_unevenly(usual, base, early)
    assert equality.weighted_unevenly(low, base, late)
