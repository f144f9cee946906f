"""Any division of the work over ranks, engines and restarts publishes the same bytes."""

import json
import shlex
import sys

import pytest
import soundfile
from test_build import command, digest
from tones import RATE_HZ, tone

from dataset_builder.__main__ import main
from dataset_builder.commands import scale
from dataset_builder.making.piece import build_shard, finished_pieces, planned_folders
from dataset_builder.making.workspace import work_folder
from tests.next_lines import follow


@pytest.fixture
def many(tmp_path):
    """Two pieces of sounds, and the dataset that one uninterrupted build makes of them."""
    folder = tmp_path / "many"
    folder.mkdir()
    for index in range(70):
        soundfile.write(folder / f"{index}.wav", tone(1.1, 200 + 30 * index), RATE_HZ)
        (folder / f"{index}.txt").write_text(f"tone {index}")
    return folder


def published(many, out):
    run = command(many, "--out", out, cwd=many.parent)
    assert run.wait(200) in (0, 3), run.stderr.read()
    return {name: value for name, value in digest(out).items() if name != "README.md"}


@pytest.mark.next_line("dataset_builder/commands/scale.py plan", "dataset_builder/commands/scale.py run")
@pytest.mark.parametrize("with_datatrove", [False, True])
def test_what_a_plan_says_comes_next_builds_it_and_so_on_to_the_dataset(tmp_path, capsys, monkeypatch, with_datatrove):
    if with_datatrove:
        pytest.importorskip("datatrove", reason="the optional package datatrove is not installed")
    else:
        monkeypatch.setitem(sys.modules, "datatrove", None)
        monkeypatch.setattr(scale.importlib.util, "find_spec", lambda name: None)
    folder, out = tmp_path / "my owl's", tmp_path / "out #1" / "set"
    folder.mkdir()
    for index in range(3):
        soundfile.write(folder / f"{index}.wav", tone(1.1, 200 + 300 * index), RATE_HZ)
    options = [str(folder), "--out", str(out)]
    assert scale.main(["plan", *options]) == 0
    assert follow(capsys.readouterr().out) == 0
    assert "next: python -m dataset_builder with the options of the plan" in capsys.readouterr().out
    before = [path.stat().st_mtime_ns for path in finished_pieces(work_folder(out) / "mini")]
    assert before
    assert main([*options, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["kept"] == 3


def test_ranks_in_any_order_and_twice_over_give_the_bytes_of_one_build(many, tmp_path, capsys):
    whole = published(many, tmp_path / "whole" / "set")
    out = tmp_path / "ranks" / "set"
    assert scale.main(["plan", str(many), "--out", str(out)]) == 0
    assert "70 clips in 2 pieces" in capsys.readouterr().out
    assert [build_shard(work_folder(out) / "mini", rank, 3) for rank in (2, 1, 1, 0)] == [0, 1, 0, 1]
    before = [path.stat().st_mtime_ns for path in finished_pieces(work_folder(out) / "mini")]
    assert scale.main(["build", str(out), "--rank", "0", "--world", "1"]) == 0
    assert [path.stat().st_mtime_ns for path in finished_pieces(work_folder(out) / "mini")] == before
    assert published(many, out) == whole


@pytest.mark.parametrize("engine", ["datatrove", "ray"])
def test_engines_build_the_pieces_that_one_process_builds(engine, many, tmp_path, capsys):
    pytest.importorskip(engine, reason=f"the optional package {engine} is not installed")
    out = tmp_path / engine / "set"
    assert scale.main(["plan", str(many), "--out", str(out), "--preset", "mini,riffusion"]) == 0
    assert "70 clips in 4 pieces" in capsys.readouterr().out
    if engine == "ray":
        scale.with_ray(work_folder(out), tasks=2)
    else:
        scale.with_datatrove(work_folder(out), tasks=2, workers=2)
    folders = planned_folders(work_folder(out))
    pieces = [path for folder in folders for path in finished_pieces(folder)]
    assert [folder.name for folder in folders] == ["mini", "riffusion"]
    built = [path.read_bytes() for path in pieces]
    for path in pieces:
        path.unlink()
    assert [build_shard(folder, 0, 1) for folder in folders] == [2, 2]
    assert [path.read_bytes() for path in pieces] == built


def test_building_without_a_plan_says_how_to_make_one(tmp_path, capsys):
    assert scale.main(["build", str(tmp_path / "nothing")]) == 5
    assert "Run `scale plan`" in capsys.readouterr().err


def test_a_missing_engine_is_answered_with_its_install_line(tmp_path, capsys, monkeypatch):
    (work_folder(tmp_path / "set") / "mini" / "plan").mkdir(parents=True)
    (work_folder(tmp_path / "set") / "mini" / "plan" / "recipe.json").write_text("{}")
    monkeypatch.setattr(scale.importlib.util, "find_spec", lambda name: None)
    assert scale.main(["build", str(tmp_path / "set"), "--driver", "ray"]) == 5
    assert shlex.split(capsys.readouterr().err)[-3:] == ["pip", "install", "ray[default]"]
