"""Settings from the command line: the base's defaults for the method, then --vram's, the recipe's, the flags."""

import argparse
from dataclasses import fields
from pathlib import Path

import yaml

from spectrogram.files import json_file
from spectrogram.problems import Problem, UsageProblem
from training.method_table import METHODS
from training.presets import facts_about, for_base, for_memory
from training.settings import TrainSettings, check_kinds, flag


def add_arguments(parser: argparse.ArgumentParser):
    """One flag for each setting; a flag that is not given stays None, so that YAML and defaults can fill it."""
    for item in fields(TrainSettings):
        if item.name == "vram":
            continue
        text = f"{item.metadata['help']} (default {item.default!r})".replace("%", "%%")
        if item.type is bool or isinstance(item.default, bool):
            parser.add_argument(flag(item.name), action=argparse.BooleanOptionalAction, default=None, help=text)
        else:
            kind, choices = type(item.default), item.metadata["choices"]
            parser.add_argument(flag(item.name), type=kind, choices=choices, default=None, help=text)


def read_yaml(path) -> dict:
    """The settings in a YAML file; raises UsageProblem for one that is not there or holds something else."""
    try:
        values = yaml.safe_load(json_file.read_text(path, "a YAML file with settings", "check the path")) or {}
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        if isinstance(error, Problem):
            raise
        reason = " ".join(str(error).split())[:200]
        raise UsageProblem(f"{path} is no YAML ({reason})", "lines such as rate: 1e-4", "correct it") from error
    if not isinstance(values, dict) or not all(isinstance(name, str) for name in values):
        raise UsageProblem(f"{path} holds no settings", "lines such as rate: 1e-4", "correct it")
    return values


def read_recipe(recipe):
    """A recipe's settings; keys that are none are refused and the known ones are listed."""
    values = read_yaml(recipe)
    known = {item.name for item in fields(TrainSettings)}
    unknown = sorted(set(values) - known)
    if unknown:
        raise UsageProblem(f"{recipe} has unknown settings {unknown}", f"some of {sorted(known)}", "correct the names")
    return values


def settings_of(values: dict, vram: int | None = None) -> TrainSettings:
    """TrainSettings from some values, completed by what suits their method, their base and the memory."""
    method, vram = values.get("method", TrainSettings.method), vram or values.get("vram")
    check_kinds(values)
    if method not in METHODS:
        return TrainSettings(**values)
    suited = for_base(facts_about(values.get("base", TrainSettings.base)), method)
    clips = suited.get("batch", TrainSettings.batch) * suited.get("accumulate", 1)
    return TrainSettings(**{**suited, **for_memory(vram, values, clips), **values})


def resolve(arguments: argparse.Namespace, recipe: str | Path | None = None, vram: int | None = None) -> TrainSettings:
    """TrainSettings of a parsed command line."""
    values = read_recipe(recipe) if recipe else {}
    names = [item.name for item in fields(TrainSettings)]
    given = {name: getattr(arguments, name) for name in names if getattr(arguments, name, None) is not None}
    return settings_of({**values, **given}, vram)
