"""``python -m training sweep recipes/x.yaml DATASET --grid rate=1e-4,3e-4 rank=4,16 --out runs/sweep``.

Every combination is one run; a run that is finished is read, a run that was cut goes on. The table (table.csv,
table.md) is written anew after each run and holds, with 95 % intervals, the validation loss and how often the
independent classifier hears the wanted class in the held-out captions, not only losses.
"""

import argparse
import csv
import itertools
import math
from dataclasses import fields
from pathlib import Path

from spectrogram.problems import UsageProblem
from spectrogram.shell import command
from training.flags import read_recipe, settings_of
from training.settings import TrainSettings

# The row of a run that held out no clip: what it lost is not known.
NOT_VALIDATED = {"loss": math.nan, "standard_error": None}
COLUMNS = ("run", "validation_loss", "loss_low", "loss_high", "heard", "heard_low", "heard_high", "clips", "minutes")


def build_parser():
    parser = argparse.ArgumentParser(prog="python -m training sweep", description=__doc__)
    parser.add_argument("recipe", type=Path, help="YAML file with the settings that all runs share")
    parser.add_argument("dataset", help="dataset folder or Hub name, with a column label for the metric")
    parser.add_argument("--grid", nargs="+", required=True, metavar="NAME=A,B", help="values of a setting")
    parser.add_argument("--out", type=Path, required=True, help="folder of the sweep")
    parser.add_argument("--clips", type=int, default=24, help="clips that are generated and heard for each run")
    return parser


def typed(name, text):
    """A setting's value from text; unknown names and wrong values are refused."""
    kinds = {item.name: type(item.default) for item in fields(TrainSettings)}
    kinds |= {"lr": float}
    if name not in kinds:
        raise UsageProblem(f"--grid {name}", f"one of {sorted(kinds)}", "correct the name")
    try:
        return text == "true" if kinds[name] is bool else kinds[name](text)
    except ValueError as error:
        raise UsageProblem(f"--grid {name}={text}", f"a value of type {kinds[name].__name__}", "correct it") from error


def combinations(grid):
    """All dictionaries of a grid given as ["rate=1e-4,3e-4", "rank=4,16"]; ``lr`` is another word for rate."""
    axes = []
    for axis in grid:
        name, _, values = axis.partition("=")
        if not values:
            raise UsageProblem(f"--grid {axis}", "NAME=A,B", "add the values after =")
        axes.append([({"lr": "rate"}.get(name, name), typed(name, value)) for value in values.split(",")])
    return [dict(chosen) for chosen in itertools.product(*axes)]


def wilson(hits, count, z=1.96):
    """95 % interval of a share (Wilson 1927): never leaves 0..1, and says something also for 0 and 1."""
    share = hits / count
    middle = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count)) / (1 + z * z / count)
    # At 0 and 1 the two terms cancel; what rounding leaves of them is taken away.
    return max(0.0, middle - half), min(1.0, middle + half)


def asked(dataset, count):
    """(captions, labels) of held-out clips of a dataset, repeated until there are ``count``."""
    from spectrogram.files.dataset_rows import load_splits

    splits = load_splits(dataset)
    split = next(
        (splits[name] for name in ("test", "validation", "train") if name in splits and len(splits[name])), None
    )
    if split is None or "label" not in split.column_names:
        raise UsageProblem(f"{dataset} has no column label", "what each clip is", "rebuild it with labels")
    rows = split.select_columns(["caption", "label"])
    chosen = [rows[n % len(rows)] for n in range(count)]
    return [row["caption"] for row in chosen], [row["label"] for row in chosen]


def hear(settings, path, captions, labels):
    """How many of the captions are heard as their label, generated with the result of a run."""
    from metrics.judge import classify
    from spectrogram.bases import locate_base
    from spectrogram.models import load_pipeline
    from training.methods import loader

    pipeline = loader(settings)(load_pipeline(locate_base(settings.base)), path)
    pipeline.set_progress_bar_config(disable=True)
    hits = 0
    for start in range(0, len(captions), 8):
        output = pipeline(captions[start : start + 8], seed=1000 + start)
        heard, _ = classify(list(output.audios), output.sampling_rate)
        hits += sum(a == b for a, b in zip(heard, labels[start : start + 8], strict=True))
    return hits


def measure(name, chosen, settings, dataset, folder, clips):
    """One row of the table: train (or read what was trained), generate, listen."""
    from spectrogram.files import json_file
    from training.record.run_file import read_run
    from training.run import train

    result = folder / "row.json"
    if result.exists():
        return json_file.read(result, dict[str, int | float | str | None], "remove it, and the run is measured again")
    report = train(settings, dataset, folder)
    facts = read_run(folder)
    last = facts["validation"][max(facts["validation"], key=int)] if facts["validation"] else NOT_VALIDATED
    captions, labels = asked(dataset, clips)
    hits = hear(settings, report.adapter, captions, labels)
    low, high = wilson(hits, clips)
    spread = 1.96 * (last["standard_error"] or math.nan)
    values = (name, last["loss"], last["loss"] - spread, last["loss"] + spread, hits / clips, low, high, clips,
              facts["seconds"]["train"] / 60)  # fmt: skip
    row = {**chosen, **dict(zip(COLUMNS, values, strict=True))}
    row = {name: None if value != value else value for name, value in row.items()}
    json_file.write(result, row)
    return row


def write_tables(rows, folder):
    """table.csv with every figure, table.md for people, best heard first."""
    with open(folder / "table.csv", "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    names = [name for name in rows[0] if name not in COLUMNS]
    lines = [f"| {' | '.join(names)} | heard as wanted (95 %) | validation loss (95 %) | minutes |",
             "|" + "---|" * (len(names) + 3)]  # fmt: skip
    for row in sorted(rows, key=lambda r: (-r["heard"], r["validation_loss"] or math.inf)):
        heard = f"{row['heard']:.2f} ({row['heard_low']:.2f} to {row['heard_high']:.2f})"
        loss = _interval(row)
        lines.append(f"| {' | '.join(str(row[n]) for n in names)} | {heard} | {loss} | {row['minutes']:.1f} |")
    (folder / "table.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _interval(row):
    """The validation loss with its interval, as far as they are known."""
    if row["validation_loss"] is None:
        return "not validated"
    middle = f"{row['validation_loss']:.4f}"
    return middle if row["loss_low"] is None else f"{middle} ({row['loss_low']:.4f} to {row['loss_high']:.4f})"


def main(argv):
    arguments = build_parser().parse_args(argv)
    shared, rows = read_recipe(arguments.recipe), []
    runs = [(chosen, settings_of({**shared, **chosen})) for chosen in combinations(arguments.grid)]
    for number, (chosen, settings) in enumerate(runs, start=1):
        name = "-".join(f"{key}={value}" for key, value in chosen.items())
        print(f"run {number} of {len(runs)}: {name}", flush=True)
        rows.append(measure(name, chosen, settings, arguments.dataset, arguments.out / name, arguments.clips))
        write_tables(rows, arguments.out)
    print((arguments.out / "table.md").read_text(encoding="utf-8"))
    runs = [arguments.out / row["run"] for row in rows[:2]]
    print("next: " + command("training", "report", *runs))
    return 0
