"""One optimizer step of ours is one of diffusers' own scripts, run from a checkout; without one, none is compared.

DIFFUSERS_CHECKOUT=path python -m pytest tests/benchmarks/training
"""

import os
from pathlib import Path

import pytest

from benchmarks.training import equality

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
