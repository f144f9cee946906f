"""Reports, sweeps, recipes and settings: what people read of a run and write for one."""

import json
from pathlib import Path

import pytest

from tests.next_lines import follow
from training import __main__ as command
from training import sweep
from training.flags import read_recipe, settings_of
from training.method_table import METHODS
from training.record import curves, report
from training.record.events import EventLog

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def run(tmp_path):
    """The files of a run of four steps that was resumed once and skipped one step."""
    folder = tmp_path / "owl"
    log = EventLog(folder / "events.jsonl")
    log.write("start", settings=settings_of({"rate": 9e-4, "steps": 4}).to_dict())
    for step, loss in ((0, 0.5), (4, 0.25)):
        log.write("validation", step=step, loss=loss, standard_error=0.01, clips=4)
    for step, loss in ((1, 0.5), (2, None), (2, 0.4), (3, 0.3), (4, 0.2)):
        log.write("step", step=step, loss=loss, rate=1e-4 * step)
    log.write("skipped", step=2, loss="nan", norm="nan", rate=2e-4, files=["<b>clip"])
    log.write("resume", step=1)
    log.write("end", step=4, validation={})
    (folder / "samples").mkdir()
    rows = [{"prompt": "an <owl>", "seed": 3, "tag": tag, "file": f"{tag}-0.wav", "level_db": -20.0, "heard_as": "owl",
             "certainty": 0.9} for tag in ("after", "step-000002", "before")]  # fmt: skip
    (folder / "samples" / "samples.json").write_text(json.dumps(rows))
    return folder


@pytest.mark.next_line("training/record/report.py main")
def test_the_page_shows_curves_players_in_order_and_what_was_set(run, capsys):
    assert command.main(["report", str(run)]) == 0
    told = capsys.readouterr().out.splitlines()
    assert told == [str(run / "report.html"), "next: open it in a browser"]
    page = (run / "report.html").read_text()
    assert page.lstrip().lower().startswith("<!doctype html>")
    assert page.count("<svg") == 3
    assert page.index("before-0.wav") < page.index("step-000002-0.wav") < page.index("after-0.wav")
    assert "0.5000 → 0.2500" in page
    assert page.index("<th>rate</th><td>0.0009</td>") < page.index("<details>") < page.index("<th>rank</th>")
    assert "step 4 of 4, finished" in page


def test_names_and_prompts_cannot_put_markup_into_the_page(run):
    page = report.write([run]).read_text()
    assert "an &lt;owl&gt;" in page
    assert "&lt;b&gt;clip" in page
    assert "<b>clip" not in page


def test_a_step_that_a_resume_repeated_is_drawn_once(run):
    told = report.gather(run)
    assert [e["step"] for e in told.of("step")] == [1, 2, 3, 4]
    assert told.of("step")[1]["loss"] == 0.4


def test_a_folder_without_a_run_is_refused(tmp_path, capsys):
    assert command.main(["report", str(tmp_path)]) == 4
    assert "events.jsonl does not exist (expected the folder of a run). Train first" in capsys.readouterr().err


def test_ticks_are_round_and_inside():
    assert curves.ticks(0.13, 0.42) == pytest.approx([0.2, 0.3, 0.4])
    assert curves.ticks(0, 300, 6) == pytest.approx([0, 50, 100, 150, 200, 250, 300])


def test_a_running_mean_begins_without_bias():
    assert curves.smooth([3.0, 3.0, 3.0]) == pytest.approx([3.0, 3.0, 3.0])


def test_a_grid_is_every_combination_with_typed_values():
    found = sweep.combinations(["lr=1e-4,3e-4", "rank=4,16"])
    assert found[0] == {"rate": 1e-4, "rank": 4}
    assert len(found) == 4
    with pytest.raises(ValueError, match=r"--grid ranc \(expected one of"):
        sweep.combinations(["ranc=4"])
    with pytest.raises(ValueError, match=r"rank=x \(expected a value of type int"):
        sweep.combinations(["rank=x"])


def test_wilsons_interval_is_the_published_one():
    """8 of 10: 0.490 to 0.943 (Brown, Cai & DasGupta 2001); 0 of 10 ends at 0.278."""
    assert sweep.wilson(8, 10) == pytest.approx((0.490, 0.943), abs=1e-3)
    assert sweep.wilson(0, 10) == pytest.approx((0.0, 0.278), abs=1e-3)


@pytest.mark.next_line("training/sweep.py main")
def test_a_sweep_leaves_a_table_with_intervals_and_does_nothing_twice(owls, tiny_base, tmp_path, capsys):
    shared = {"base": str(tiny_base), "steps": 2, "batch": 4, "precision": "no", "samples": 0, "warmup_steps": 1,
              "tracker": "none", "replay": 0.0}  # fmt: skip
    (tmp_path / "r.yaml").write_text(json.dumps(shared))
    line = ["sweep", str(tmp_path / "r.yaml"), str(owls), "--grid", "lr=1e-4,1e-3", "--clips", "2", "--out"]
    assert command.main([*line, str(tmp_path / "s")]) == 0
    assert follow(capsys.readouterr().out) == 0
    stamps = {p: p.stat().st_mtime_ns for p in (tmp_path / "s").glob("*/row.json")}
    assert len(stamps) == 2
    table = (tmp_path / "s" / "table.md").read_text().splitlines()
    assert table[0] == "| rate | heard as wanted (95 %) | validation loss (95 %) | minutes |"
    assert len(table) == 4
    assert (tmp_path / "s" / "table.csv").read_text().startswith("rate,run,validation_loss,loss_low")
    assert command.main([*line, str(tmp_path / "s")]) == 0
    assert stamps == {p: p.stat().st_mtime_ns for p in (tmp_path / "s").glob("*/row.json")}


@pytest.mark.parametrize("recipe", sorted(p.name for p in (ROOT / "recipes").glob("birdsong*.yaml")))
@pytest.mark.parametrize("method", METHODS)
def test_every_recipe_takes_every_method_by_one_word(recipe, method):
    values = read_recipe(ROOT / "recipes" / recipe)
    assert settings_of({**values, "method": method}).steps == values["steps"]


def test_four_recipes_are_pretrained_or_scratch_on_birdsong_with_or_without_environment():
    found = {p.stem: read_recipe(p)["method"] for p in (ROOT / "recipes").glob("birdsong*.yaml")}
    assert found == {
        "birdsong_pretrained": "full",
        "birdsong_scratch": "scratch",
        "birdsong_environment_pretrained": "full",
        "birdsong_environment_scratch": "scratch",
    }


@pytest.mark.parametrize("gigabytes", [4, 6, 8, 12, 24])
def test_a_named_memory_keeps_sixteen_clips_in_an_optimizer_step(gigabytes):
    chosen = settings_of({}, gigabytes)
    assert chosen.batch * chosen.accumulate == 16
    assert settings_of({"batch": 2}, gigabytes).batch == 2


def test_full_training_in_a_small_memory_is_refused_with_what_fits():
    with pytest.raises(ValueError, match=r"--vram 8 with --method full \(expected 24 .*Use --method lora"):
        settings_of({"method": "full"}, 8)


def test_an_adapter_cannot_change_what_the_base_predicts():
    with pytest.raises(ValueError, match="cannot be changed by an adapter"):
        settings_of({"prediction": "v_prediction"})
    with pytest.raises(ValueError, match="at zero signal there is no noise"):
        settings_of({"method": "full", "prediction": "epsilon", "zero_snr": True})


def test_vram_tells_what_it_chose_and_the_memory_it_expects(tmp_path, capsys):
    line = ["any", "--out", str(tmp_path), "--vram", "4", "--dry-run"]
    assert command.main(line) == 0
    told = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("--vram"))
    assert "batch 1, accumulate 16, gradient_checkpointing True, rank 8" in told
    assert "expected 2.4 GiB" in told
    assert command.main([*line, "--rank", "64"]) == 0
    assert "was not computed" in capsys.readouterr().out


def test_the_eight_bit_optimizer_names_what_to_install():
    from importlib.util import find_spec

    from training.loop import optimizers

    if find_spec("bitsandbytes"):
        pytest.skip("bitsandbytes is installed here")
    with pytest.raises(ValueError, match=r"needs bitsandbytes.*sd-audio-spectrograms\[lowmem\]") as failure:
        optimizers.build("adamw_8bit", [], 1e-4, 0.0)
    assert failure.value.exit_code == 5
