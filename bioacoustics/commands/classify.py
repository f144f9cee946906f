"""Name what sounds in clips; with labels, say how well, and with --weather how well in rain and wind.

classify SET --model runs/classifier --out scores.csv
"""

from __future__ import annotations

import argparse
import csv
import sys
from pathlib import Path

from dataset_builder.commands.build import progress
from spectrogram.exits import ended
from spectrogram.files import json_file
from spectrogram.files.texts import encodings
from spectrogram.problems import PARTIAL_EXIT_CODE


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        "python -m bioacoustics classify", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = made.add_argument
    add("set", type=Path, metavar="SET", help="a table or folder, as the dataset builder reads it")
    add("--model", type=Path, required=True, metavar="DIR", help="what learn classifier wrote")
    add("--out", type=Path, required=True, metavar="FILE", help="a csv of scores; figures go beside it as .json")
    add("--weather", type=Path, metavar="SET", help="labelled weather, mixed under the clips at 20, 10 and 0 dB")
    add("--weights", help="weights of the embedder that a linear head stands on")
    encodings.add_argument(made)
    return made


def main(argv: list[str]) -> int:
    options = parser().parse_args(argv)
    return ended(lambda: run(options), encoding=options.encoding)


def run(options: argparse.Namespace) -> int:
    from bioacoustics.classifiers.clips import loudest
    from bioacoustics.classifiers.model_files import load_classifier
    from dataset_builder.intake.captions import read_entries
    from spectrogram.problems import SoundProblem

    classifier = load_classifier(options.model, options.weights)
    entries, rows, kept, failed = read_entries(options.set), [], [], 0
    with progress(len(entries), "clips") as report:
        for number, entry in enumerate(entries, 1):
            try:
                rows.append(classifier.scores([loudest(entry, classifier.rate_hz, classifier.seconds)])[0])
                kept.append(entry)
            except SoundProblem as problem:
                failed += 1
                print(f"error: {problem}", file=sys.stderr)
            report(number)
    write_scores(options.out, classifier.classes, kept, rows)
    facts = figures_of(classifier, kept, rows)
    if options.weather:
        facts["robustness"] = in_weather(classifier, options.set, options.weather)
    if facts:
        json_file.write(options.out.with_suffix(".json"), facts)
    print(f"{len(kept)} clips in {options.out}" + summary(facts))
    return PARTIAL_EXIT_CODE if failed else 0


def write_scores(out: Path, classes: tuple[str, ...], entries: list, rows: list) -> None:
    out.parent.mkdir(parents=True, exist_ok=True)
    with out.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("file_name", "label", "likeliest", *classes))
        for entry, row in zip(entries, rows, strict=True):
            writer.writerow((entry.path, entry.label, classes[int(row.argmax())], *(f"{one:.4f}" for one in row)))


def figures_of(classifier, entries: list, rows: list) -> dict:
    """The figures, when clips have labels that the classifier knows; clips without one are not counted."""
    import numpy as np

    from bioacoustics.classifiers.clips import labels_of
    from bioacoustics.classifiers.figures import by_class, calibration, figures

    own = [set(labels_of(entry)) & set(classifier.classes) for entry in entries]
    known = [number for number, labels in enumerate(own) if labels]
    if not known:
        return {}
    targets = np.array([[float(name in own[number]) for name in classifier.classes] for number in known])
    given = np.array([rows[number] for number in known])
    names = np.array([entries[number].recording or entries[number].clip_id for number in known])
    return {
        "n": len(known),
        "n_without_known_label": len(entries) - len(known),
        "figures": figures(targets, given, names),
        "by_class": by_class(targets, given, classifier.classes),
        "calibration": calibration(targets, given),
    }


def in_weather(classifier, where: Path, weather: Path) -> list[dict]:
    from bioacoustics.classifiers.clips import read_clips
    from bioacoustics.classifiers.robustness import robustness
    from spectrogram.problems import UsageProblem

    if classifier.front is None:
        raise UsageProblem("--weather needs a cnn or crnn", "a network that sees spectrograms", "leave it out")
    test = read_clips(where, classifier.front, classifier.seconds, classifier.classes)
    noise = read_clips(weather, classifier.front, classifier.seconds)
    return robustness(classifier.network, test, noise, classifier.front, classifier.multi_label)


def summary(facts: dict) -> str:
    if not facts.get("figures"):
        return ""
    figure = facts["figures"]["macro_f1"]
    return f", macro F1 {figure['value']:.3f} ({figure['low']:.3f} to {figure['high']:.3f})"
