"""Defaults belong to the base: whose they are, what they refuse, and that none of one base reaches another."""

import json
import re
import shutil
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from spectrogram.bases import EMBEDDED
from spectrogram.known_bases import KNOWN, SD15, SOUNDS, SOURCES, facts_of, generation_defaults, row_of
from spectrogram.params import PRESETS
from training import __main__ as command
from training import base as base_model
from training.data import replay
from training.flags import read_recipe, settings_of
from training.method_table import METHODS
from training.presets import facts_about, for_base
from training.settings import TrainSettings

RECIPES = sorted((Path(__file__).parents[2] / "recipes").glob("*.yaml"))
SD15_NAME = "stable-diffusion-v1-5/stable-diffusion-v1-5"
RIFFUSION_NAME = "riffusion/riffusion-model-v1"
OTHERS = [known.hub[0] for known in KNOWN if known.hub]


# What each base is taught and sampled with, told by a process of its own: nothing is known yet when it begins.
TELLING = """
import json, sys
from dataclasses import asdict
from spectrogram.bases import EMBEDDED, locate_base
from spectrogram.known_bases import generation_defaults, picture_params
from training.flags import settings_of
from training.method_table import METHODS
from training.presets import facts_about
told = {}
for name in sys.argv[1:]:
    params = picture_params(locate_base(name))
    told[name] = {}
    for method in METHODS:
        given = {"base": name, "method": method}
        told[name] |= {method: settings_of(given).to_dict(), f"{method} in 24 GB": settings_of(given, 24).to_dict()}
    told[name] |= {"sampling": asdict(generation_defaults(locate_base(name)))}
    told[name] |= {"sounds": facts_about(name).knows_sounds, "pictures": params and params.to_dict()}
print(json.dumps({"embedded": str(EMBEDDED), **told}))
"""


def told_by(tree, *names):
    """What the packages of a folder say of some bases."""
    done = subprocess.run([sys.executable, "-c", TELLING, *names], cwd=tree, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_no_default_of_the_embedded_base_reaches_another_base(tmp_path):
    """In a copy of the packages every figure that the embedded base brings is wrong: only its own answers change."""
    root, tree = EMBEDDED.parent, tmp_path / "tree"
    for package in ("spectrogram", "training"):
        shutil.copytree(root / package, tree / package, ignore=shutil.ignore_patterns("__pycache__"))
    own = {source.name: json.loads(source.read_text(encoding="utf-8")) for source in EMBEDDED.glob("*.json")}
    wrong = {"rate": 123.0, "steps": 77, "replay": 0.77, "rank": 77, "epochs": 7.7, "min_snr_gamma": 77.0, "batch": 7}
    own["training_defaults.json"] |= {"teaching": dict.fromkeys(METHODS, wrong)}
    own["generation.json"] = {"steps": 77, "guidance": 7.7, "guidance_rescale": 0.77, "aesthetic_rate": 77.0}
    own["spectrogram.json"] = PRESETS["sd15"].to_dict()
    (tree / EMBEDDED.name).mkdir()
    for name, told in own.items():
        (tree / EMBEDDED.name / name).write_text(json.dumps(told), encoding="utf-8")
    stranger = tmp_path / "stranger"
    stranger.mkdir()
    (stranger / "model_index.json").write_text("{}")
    others = [*OTHERS, "somebody/dreamshaper-LCM", "ByteDance/Hyper-SD15-merged", str(stranger)]
    right, changed = (told_by(where, "base_model", *others) for where in (root, tree))
    assert changed["embedded"] == str(tree / EMBEDDED.name)
    assert {name: changed[name] for name in others} == {name: right[name] for name in others}
    for what, told in right["base_model"].items():
        assert what == "sounds" or changed["base_model"][what] != told, what


@pytest.mark.parametrize("name", OTHERS)
def test_only_dreambooth_on_a_base_that_knows_sounds_is_replayed_by_itself(name):
    for method in METHODS:
        kind = method == "dreambooth" and row_of(name).knows == SOUNDS
        assert settings_of({"base": name, "method": method}).replay == (0.5 if kind else 0.0)


def test_no_default_of_any_base_is_written_into_the_settings_themselves():
    """A bare TrainSettings is Stable Diffusion 1.5's LoRA where the two speak of the same figure."""
    bare = TrainSettings().to_dict()
    told = {name: value for name, value in SD15.teaching["lora"].items() if name != "min_snr_gamma"}
    assert {name: bare[name] for name in told} == told


def test_the_embedded_base_brings_its_own_defaults():
    facts = facts_about("base_model")
    assert facts.found == "beside"
    assert facts.own_sounds
    assert facts.params == PRESETS["mini"]
    assert settings_of({}).rate == 8e-4
    assert settings_of({"base": SD15_NAME}).rate == 1e-4


def test_every_figure_of_the_table_names_its_source_and_is_a_setting():
    names = {item.name for item in fields(TrainSettings)}
    for known in KNOWN:
        figures = {f"{method}.{name}" for method, told in known.teaching.items() for name in told if name != "steps"}
        figures |= {f"{method}.steps" for method, told in known.teaching.items() if told.get("steps")}
        assert figures | {"sampling", "itself"} == set(known.sources)
        assert set(known.sources.values()) <= set(SOURCES)
        assert {name for told in known.teaching.values() for name in told} <= names
        assert set(known.teaching) == set(METHODS)


def test_few_step_models_are_known_by_their_names_and_folders_are_not():
    assert row_of("somebody/dreamshaper-LCM").sampling.steps == 4
    assert row_of("ByteDance/Hyper-SD15-merged") is row_of("x/sd15-hyper-sd")
    assert generation_defaults("x/sdxl-lightning").guidance == 1.0
    assert row_of(EMBEDDED) is None
    assert generation_defaults(EMBEDDED).guidance == 3.0


def test_a_known_name_says_how_its_pictures_are_heard_and_sampled(tiny_base):
    from spectrogram.models import load_pipeline

    pipeline = load_pipeline(tiny_base)
    assert (pipeline.params, pipeline.defaults.steps) == (PRESETS["mini"], 20)
    pipeline = load_pipeline(tiny_base)
    pipeline.register_to_config(_name_or_path=RIFFUSION_NAME)
    assert pipeline.params == PRESETS["riffusion"]
    assert (pipeline.defaults.steps, pipeline.defaults.guidance) == (50, 7.0)


def test_an_unknown_base_is_taught_as_stable_diffusion_and_is_said_to_be(tiny_base, tmp_path, capsys):
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "model_index.json").write_text("{}")
    assert command.main(["any", "--out", str(tmp_path / "r"), "--base", str(tmp_path / "b"), "--dry-run"]) == 0
    told = capsys.readouterr().out
    assert "the base is not known here: defaults of Stable Diffusion 1.5" in told
    assert "rate                   0.0001" in told


def test_steps_follow_from_clips_and_epochs_within_bounds():
    settings = settings_of({"base": SD15_NAME})
    assert settings.for_clips(200).steps == 200 * 80 / 16
    assert settings.for_clips(3).steps == 100
    assert settings.for_clips(10**6).steps == 4000
    assert settings_of({"base": SD15_NAME, "steps": 7}).for_clips(200).steps == 7


def test_a_memory_limit_keeps_the_clips_of_a_step_that_the_method_has():
    words = settings_of({"base": SD15_NAME, "method": "textual_inversion"}, 4)
    assert (words.batch, words.accumulate, words.vram) == (1, 4, 4)
    lora = settings_of({"base": SD15_NAME}, 4)
    assert (lora.batch, lora.accumulate) == (1, 16)


@pytest.mark.parametrize(("name", "preset"), [(SD15_NAME, "mini"), (RIFFUSION_NAME, "sd15"), ("base_model", "sd15")])
def test_pictures_that_do_not_fit_are_refused_with_the_command_that_rebuilds_them(name, preset, monkeypatch):
    sizes = {SD15_NAME: (512, 512), RIFFUSION_NAME: (512, 512)}
    if name in sizes:
        monkeypatch.setattr(base_model, "picture_size", lambda location: sizes[location])
    params, facts = PRESETS[preset], facts_about(name)
    location = str(EMBEDDED) if name == "base_model" else name
    right = {SD15_NAME: "sd15", RIFFUSION_NAME: "riffusion", "base_model": "mini"}[name]
    command_line = f"python -m dataset_builder SOUNDS --preset {right} --out 'my owls-{right}'"
    with pytest.raises(ValueError, match="pixels") as refused:
        base_model.check_pictures(location, facts, params, (params.width, params.height), "data/my owls")
    assert command_line in str(refused.value)
    good = PRESETS[right]
    base_model.check_pictures(location, facts, good, (good.width, good.height), "data/my owls")


def test_pictures_of_auffusion_fit_auffusion_and_no_others_do():
    facts, params = facts_about("auffusion/auffusion"), PRESETS["auffusion"]
    base_model.check_pictures("auffusion/auffusion", facts, params, (1024, 256), "owls")
    with pytest.raises(ValueError, match="--preset auffusion"):
        base_model.check_pictures("auffusion/auffusion", facts, PRESETS["sd15"], (512, 512), "owls")


def test_a_wrong_dataset_is_refused_before_anything_of_the_base_is_loaded(owls, tmp_path, monkeypatch, capsys):
    from training import run

    monkeypatch.setattr(base_model, "picture_size", lambda location: (512, 512))
    monkeypatch.setattr(run.base_model, "open_base", lambda name: pytest.fail("the base was opened"))
    assert command.main([str(owls), "--out", str(tmp_path / "r"), "--base", SD15_NAME]) == 4
    assert "--preset sd15" in capsys.readouterr().err


def test_a_base_of_photographs_is_never_asked_to_paint_what_is_replayed():
    facts = facts_of(SD15_NAME)
    assert replay.source_of(settings_of({"base": SD15_NAME}), facts) == replay.NOTHING
    assert replay.source_of(settings_of({"base": SD15_NAME, "method": "dreambooth"}), facts) == replay.NOTHING
    for more in ({}, {"replay_prompts": "p.txt"}, {"method": "dreambooth"}):
        with pytest.raises(ValueError, match="would paint photographs"):
            replay.source_of(settings_of({"base": SD15_NAME, "replay": 0.25, **more}), facts)
    named = settings_of({"base": SD15_NAME, "replay": 0.25, "replay_dataset": "sounds"})
    assert replay.source_of(named, facts) == replay.DATASET


def test_a_base_of_sounds_is_replayed_with_prompts_that_it_knows():
    facts = facts_of(RIFFUSION_NAME)
    with pytest.raises(ValueError, match="it is not known what sounds it makes"):
        replay.source_of(settings_of({"base": RIFFUSION_NAME, "replay": 0.25}), facts)
    with_prompts = settings_of({"base": RIFFUSION_NAME, "replay": 0.25, "replay_prompts": "p.txt"})
    assert replay.source_of(with_prompts, facts) == replay.BASE
    dreambooth = settings_of({"base": RIFFUSION_NAME, "method": "dreambooth", "class_prompt": "a drum"})
    assert replay.source_of(dreambooth, facts) == replay.BASE
    assert len(replay.prompts(dreambooth, facts)) == 200
    assert set(replay.prompts(dreambooth, facts)) == {"a drum"}


@pytest.mark.parametrize("known", KNOWN, ids=lambda known: known.title)
def test_every_known_base_has_a_preset_whose_pictures_it_paints(known):
    fitting = [PRESETS[known.preset]] if known.preset else [
        params for params in PRESETS.values() if (params.width, params.height) == known.size and params.absolute
    ]  # fmt: skip
    assert fitting
    assert {(params.width, params.height) for params in fitting} == {known.size}
    facts = facts_of(known.hub[0]) if known.hub else None
    if facts:
        assert "--preset " in base_model.rebuild_advice(facts, known.size, "owls")


def test_a_rate_that_a_script_multiplies_by_its_batch_is_taken_multiplied():
    words = settings_of({"base": SD15_NAME, "method": "textual_inversion"})
    assert (words.rate, words.batch * words.accumulate) == (pytest.approx(4 * 5e-4), 4)


def test_what_a_base_does_not_say_of_a_method_is_stable_diffusions(tiny_base):
    assert for_base(facts_of(tiny_base), "lora") == SD15.teaching["lora"]


def test_a_damaged_file_of_defaults_is_one_sentence(tmp_path):
    for text in ("[]", "{", '{"title": 1}', '{"teaching": {"lora": 3}, "title": "x"}'):
        (tmp_path / "training_defaults.json").write_text(text)
        with pytest.raises(ValueError, match=r"training_defaults\.json of .* is unusable"):
            facts_of(tmp_path)


@pytest.mark.parametrize(
    "recipe", [path for path in RECIPES if "base:" in path.read_text(encoding="utf-8")], ids=lambda path: path.name
)
def test_a_recipe_draws_the_pictures_that_its_base_paints(recipe):
    values, told = read_recipe(recipe), recipe.read_text(encoding="utf-8")
    settings = settings_of(values)
    known = row_of(settings.base)
    named = re.search(r"dataset_builder .*--preset (\S+)", told)
    if known is None:
        assert named is None
        return
    params = PRESETS[named[1]]
    base_model.check_pictures(settings.base, facts_of(settings.base), params, (params.width, params.height), "sounds")
    assert f"--recipe recipes/{recipe.name}" in told
    assert settings.rate == known.teaching[settings.method]["rate"]
