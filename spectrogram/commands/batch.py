"""`python -m spectrogram generate --prompts FILE --out FOLDER`: many prompts, several at once, resumable.

Line 7 becomes 0007.wav (0007-1.wav, … with --num), so that names need no prompt in them; prompts.csv tells which is
which. FILE may also be a table with file_name and caption, such as a reference set's metadata.csv: each sound is then
called as its row's, and the folder gets a metadata.csv of its own, so that ``python -m metrics`` pairs the two sets.
A sound that is there and whose recipe says the same is kept, so an interrupted run goes on where it stopped.
"""

import argparse
import csv
from dataclasses import dataclass
from pathlib import Path

from spectrogram import json_text
from spectrogram.commands.options import check_common, open_pipeline, require, sampling_of
from spectrogram.files.names import checked_path
from spectrogram.files.texts.encodings import text_of
from spectrogram.problems import Problem

TOGETHER = 4
INDEX = "prompts.csv"
TABLE = "metadata.csv"
TABLES = (".csv", ".tsv", ".jsonl", ".ndjson", ".parquet")


@dataclass(frozen=True)
class Prompt:
    """One line of the file: what to hear, how its sound is called (without ending), and its row's label."""

    text: str
    name: str
    label: str = ""


@dataclass(frozen=True)
class Order:
    """One clip to make: where to, of which prompt, with which seed (None: any)."""

    path: Path
    prompt: str
    seed: int | None
    label: str = ""

    def is_done(self, wanted: dict) -> bool:
        """Whether the sound is there with a recipe that says what is wanted; None in `wanted` accepts anything."""
        try:
            from spectrogram.recipe import Recipe

            recipe = Recipe.read(self.path)
        except Problem:
            return False
        asked = {**wanted, "prompt": self.prompt, "seed": self.seed}
        return all(value is None or getattr(recipe, name) == value for name, value in asked.items())


def run_batch(options: argparse.Namespace) -> int:
    """Exit code 0 once each line of the file has its sound."""
    folder, prompts = options.out, read_prompts(options.prompts)
    require(not folder.suffix, f"--out is {folder.name}", "a folder", "name one, for example sounds/")
    require(not options.best_of, "--best-of does not go with --prompts", "one of them", "leave one out")
    options.out = Path("out.wav")
    check_common(options, *(prompt.text for prompt in prompts.values()))
    orders = plan(prompts, folder, options)
    wanted = {"negative_prompt": options.negative_prompt, "steps": options.steps, "guidance": options.guidance}
    open_orders = [order for order in orders if not order.is_done(wanted)]
    folder.mkdir(parents=True, exist_ok=True)
    write_index(folder, orders, is_table(options.prompts))
    say(options, {"to_make": len(open_orders), "kept": len(orders) - len(open_orders), "folder": str(folder)})
    if open_orders:
        make(open_orders, options)
    say(options, {"done": len(orders), "folder": str(folder)})
    return 0


def is_table(path: Path) -> bool:
    return path.suffix.lower() in TABLES


def read_prompts(path: Path) -> dict[int, Prompt]:
    """Prompts by line number of a text file (empty lines and those that begin with # are comments), or of a table."""
    require(path.is_file(), f"{path} does not exist", "a text file with a prompt a line, or a table", "check --prompts")
    prompts = _of_table(path) if is_table(path) else _of_text(path)
    require(prompts, f"{path.name} holds no prompt", "a prompt a line", "write some")
    return prompts


def _of_text(path: Path) -> dict[int, Prompt]:
    lines = enumerate(text_of(path).splitlines(), start=1)
    return {
        number: Prompt(line.strip(), f"{number:04d}")
        for number, line in lines
        if line.strip() and not line.lstrip().startswith("#")
    }


def _of_table(path: Path) -> dict[int, Prompt]:
    from spectrogram.files import tables
    from spectrogram.files.named_files import without_ending

    table, prompts = tables.read(path), {}
    table.require("file_name", "caption")
    columns = [table.column(meaning) for meaning in ("caption", "file_name", "label")]
    for number, (line, row) in enumerate(table, start=1):
        text, name, label = (_text(row[column]) if column else "" for column in columns)
        require(text and name, f"{path.name} line {line} has no caption or no name", "both", "complete the row")
        prompts[number] = Prompt(text, without_ending(name.replace("\\", "/")), label)
    names = [prompt.name for prompt in prompts.values()]
    twice = next((name for name in names if names.count(name) > 1), None) if len(set(names)) < len(names) else None
    require(twice is None, f"{path.name} names {twice} twice", "a row a sound", "leave one row of each")
    return prompts


def _text(cell) -> str:
    """A cell's text, the first of several captions."""
    return (cell if isinstance(cell, str) else next(iter(cell), "")).strip()


def plan(prompts: dict[int, Prompt], folder: Path, options: argparse.Namespace) -> list[Order]:
    """One order a clip; with --seed, line n begins at seed + n · num, so that no clip depends on its neighbours."""
    orders = []
    for number, prompt in prompts.items():
        for i in range(options.num):
            name = f"{prompt.name}.wav" if options.num == 1 else f"{prompt.name}-{i + 1}.wav"
            seed = None if options.seed is None else options.seed + number * options.num + i
            orders.append(Order(checked_path(folder, name), prompt.text, seed, prompt.label))
    return orders


def make(orders: list[Order], options: argparse.Namespace):
    """Generate and save the orders, a few at a time."""
    from spectrogram.sampling.seeds import draw_seed, make_generators

    pipeline = open_pipeline(options)
    how = {name: value for name, value in sampling_of(options).items() if name != "seed"}
    for start in range(0, len(orders), TOGETHER):
        group = orders[start : start + TOGETHER]
        seeds = [draw_seed() if order.seed is None else order.seed for order in group]
        generators = [make_generators(seed, 1)[0] for seed in seeds]
        output = pipeline([order.prompt for order in group], generator=generators, seconds=options.seconds, **how)
        for i, order in enumerate(group):
            order.path.parent.mkdir(parents=True, exist_ok=True)
            output.save(order.path, i)
            say(options, {"sound": str(order.path), "seed": seeds[i], "prompt": order.prompt})


def write_index(folder: Path, orders: list[Order], labelled: bool = False):
    """prompts.csv, or metadata.csv with labels: file_name and caption of each sound, as data set builders read them."""
    with open(folder / (TABLE if labelled else INDEX), "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["file_name", "caption", *(["label"] if labelled else [])])
        for order in orders:
            name = order.path.relative_to(folder).as_posix()
            writer.writerow([name, order.prompt, *([order.label] if labelled else [])])


def say(options: argparse.Namespace, told: dict):
    """One line: JSON with --json, else the values in words."""
    print(
        json_text.dumps(told) if options.json else "  ".join(f"{name} {value}" for name, value in told.items()),
        flush=True,
    )
