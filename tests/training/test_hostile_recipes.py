"""A recipe that is no YAML, holds no settings, or values of another kind, is refused in a sentence."""

import pytest

from spectrogram.problems import Problem
from training.__main__ import main
from training.data.replay import NOTHING, source_of
from training.flags import read_recipe, settings_of
from training.presets import facts_about


@pytest.mark.parametrize(
    "data",
    [
        b"rate: 1e-4: 3", b"\t- x", b"a: *b", b"? [a]\n: b", b"- a\n- b", b"12", b"true", b"\xff\xfe\x00", b"a\x00b",
        b"!!python/object/apply:os.system ['true']", b"[" * 5000, b"{1: 2}", b"unknown: 3",
    ],
)  # fmt: skip
def test_what_is_no_recipe_is_refused(tmp_path, data):
    path = tmp_path / "r.yaml"
    path.write_bytes(data)
    with pytest.raises(Problem):
        read_recipe(path)


@pytest.mark.parametrize(
    "values",
    [
        {"batch": "4"}, {"steps": [1]}, {"base": ["base_model"]}, {"rate": "fast"}, {"rate": float("nan")},
        {"method": 5}, {"ema": None}, {"seed": 10**400}, {"half_base": "yes"}, {"replay": {}},
    ],
)  # fmt: skip
def test_a_value_of_another_kind_is_refused(values):
    with pytest.raises(Problem):
        settings_of(values)


def test_the_command_says_it_in_one_line_and_ends_with_2_or_4(tmp_path, capsys):
    (tmp_path / "r.yaml").write_text("rate: [1")
    code = main(["ds", "--out", str(tmp_path / "run"), "--recipe", str(tmp_path / "r.yaml"), "--dry-run"])
    assert code in (2, 4)
    assert len(capsys.readouterr().err.strip().splitlines()) == 1


def test_no_clips_to_replay_is_no_replay():
    settings = settings_of({"replay_clips": 0, "replay": 0.25})
    assert source_of(settings, facts_about(settings.base)) == NOTHING
