"""Learn from recordings what sources sound like, or a classifier.

learn sources --source birds=FOLDER --source rain=FOLDER --steady rain --out sources.safetensors
learn sources --annotated FOLDER --out sources.safetensors      each label and the background, from annotated seconds
learn sources --periodicity FOLDER --out sources.safetensors    two unnamed sources, told apart by their rhythms
learn classifier SET --out runs/classifier                      a labelled table or folder, split by recording
learn classifier FOLDER --annotated --seconds 1 --out DIR       windows of annotated recordings, for detect
"""

from __future__ import annotations

import argparse
from pathlib import Path

from dataset_builder.commands.build import progress
from spectrogram import json_text
from spectrogram.exits import ended
from spectrogram.files.texts import encodings
from spectrogram.help_groups import in_groups
from spectrogram.problems import UsageProblem
from spectrogram.shell import command

FIRST = ("--out", "--network", "--embedder", "--seconds", "--steps", "--batch", "--loss", "--test", "--seed")


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        "python -m bioacoustics learn", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    kinds = made.add_subparsers(dest="kind", required=True)
    add_sources(kinds.add_parser("sources", help="spectral bases of sources, for separate").add_argument)
    classifier = kinds.add_parser("classifier", help="a classifier of labelled clips")
    add_classifier(classifier.add_argument)
    for kind in kinds.choices.values():
        encodings.add_argument(kind)
    in_groups(classifier, *FIRST)
    return made


def add_sources(add) -> None:
    add("--source", action="append", default=[], metavar="NAME=FOLDER", help="sounds in which a source is heard alone")
    add("--annotated", type=Path, metavar="FOLDER", help="recordings with annotation files")
    add(
        "--annotations",
        type=Path,
        metavar="DIR",
        help="where the annotation files lie (default: beside the recordings)",
    )
    add("--periodicity", type=Path, metavar="FOLDER", help="recordings whose sources nobody named")
    add("--sources", type=int, default=2, help="number of unnamed sources (default 2)")
    add("--steady", default="", metavar="A,B", help="sources without pauses, such as rain and wind")
    add("--merge", action="append", default=[], type=Path, metavar="MODEL", help="another model to join")
    add("--bases", type=int, default=24, help="spectra a source (default 24)")
    add("--frames", type=int, default=1, help="frames that one basis spans (default 1)")
    add("--rate", type=int, default=32_000, metavar="HZ", help="rate of the sounds (default 32000)")
    add("--seed", type=int, default=0)
    add("--out", type=Path, required=True, metavar="FILE", help="a .safetensors file")


def add_classifier(add) -> None:
    add("set", type=Path, metavar="SET", help="a labelled table or folder, as the dataset builder reads it")
    add("--out", type=Path, required=True, metavar="DIR", help="weights, card and figures")
    add("--network", choices=("cnn", "crnn", "linear"), default="cnn")
    add("--embedder", default="sd-audio-cnn-v1", help="what a linear head stands on (default sd-audio-cnn-v1)")
    add("--weights", help="weights of the embedder, for those that do not come with this project")
    add("--loss", choices=("cross_entropy", "bce", "focal"), help="default: cross_entropy, or bce for several labels")
    add("--steps", type=int, default=600)
    add("--batch", type=int, default=32)
    add("--rate", type=float, help="learning rate (default 0.003, linear 0.01)")
    add("--dropout", type=float, default=0.3)
    add("--seconds", type=float, default=5.0, help="length of a clip (default 5)")
    add("--mixup", type=float, default=0.3, help="Beta parameter, 0 for none (default 0.3)")
    add("--background", type=Path, metavar="SET", help="recordings without any of the classes: needed for detect")
    add("--noise", type=Path, metavar="SET", help="weather, mixed under the training clips (default: the backgrounds)")
    add("--noise-db", type=float, nargs=2, default=(5.0, 25.0), metavar="DB", help="range of ratios (default 5 25)")
    add("--unbalanced", action="store_true", help="draw clips as they come, not every class alike")
    add("--scale", choices=("mel", "linear", "log", "pcen"), default="mel", help="the spectrogram")
    add("--begin", type=Path, metavar="DIR", help="another classifier, of other classes, whose layers are begun from")
    add("--hz", type=int, default=32_000, help="rate of the sounds (default 32000)")
    add("--annotated", action="store_true", help="SET is a folder of recordings with annotation files: its windows")
    add("--annotations", type=Path, metavar="DIR", help="where these lie (default: beside the recordings)")
    add("--test", type=float, default=0.2, metavar="SHARE", help="recordings held out for the figures (default 0.2)")
    add("--sweep", type=int, default=0, metavar="N", help="try N settings on validation recordings first")
    add("--seed", type=int, default=0)


def main(argv: list[str]) -> int:
    options = parser().parse_args(argv)
    learn = learn_sources if options.kind == "sources" else learn_classifier
    return ended(lambda: learn(options), encoding=options.encoding)


def learn_sources(options: argparse.Namespace) -> int:
    from bioacoustics.separation.model import SeparationModel, front_end, learn_by_periodicity, learn_source
    from bioacoustics.separation.sounds import BACKGROUND, annotated_sounds, sounds_in

    sets = {}
    for text in options.source:
        name, mark, folder = text.partition("=")
        if not (name and mark and folder):
            raise UsageProblem(f"--source {text} is no source", "NAME=FOLDER", "write it like birds=recordings/birds")
        sets.setdefault(name, []).extend(sounds_in(Path(folder), options.rate))
    if options.annotated:
        for name, sounds in annotated_sounds(options.annotated, options.rate, options.annotations).items():
            sets.setdefault(name, []).extend(sounds)
    steady = {name for name in options.steady.split(",") if name} | {BACKGROUND}
    unknown = sorted(steady - set(sets) - {BACKGROUND})
    if unknown:
        raise UsageProblem(f"--steady names {', '.join(unknown)}", f"some of {', '.join(sets)}", "correct it")
    params, models = front_end(options.rate), []
    shared = {"frames": options.frames, "seed": options.seed}
    with progress(len(sets) + bool(options.periodicity), "sources") as report:
        for number, (name, sounds) in enumerate(sorted(sets.items()), 1):
            models.append(learn_source(name, sounds, params, options.bases, steady=name in steady, **shared))
            report(number)
        if options.periodicity:
            sounds = sounds_in(options.periodicity, options.rate)
            total = options.bases * options.sources
            models.append(learn_by_periodicity(sounds, params, options.sources, total, **shared))
            report(len(models))
    models += [SeparationModel.load(path) for path in options.merge]
    if not models:
        raise UsageProblem(
            "there is nothing to learn from", "--source, --annotated, --periodicity or --merge", "give one"
        )
    model = models[0]
    for other in models[1:]:
        model = model.merged(other)
    model.save(options.out)
    print(f"{options.out}: {model.bases.shape[1]} bases of {', '.join(model.sources)}")
    how = ("separate", "RECORDINGS", "--model", options.out, "--out", "separated")
    print("next: " + command("bioacoustics", *how))
    return 0


def learn_classifier(options: argparse.Namespace) -> int:
    from bioacoustics.classifiers.teaching import Request, teach

    values = {name: value for name, value in vars(options).items() if name not in ("kind", "set", "encoding")}
    with progress(options.steps, "steps") as report:
        card = teach(Request(where=options.set, **values), report)
    print(json_text.dumps({name: round(one["value"], 3) for name, one in card["figures"].items()}))
    how = ("detect", "RECORDINGS", "--model", options.out, "--out", "detections")
    print("next: " + command("bioacoustics", *how))
    return 0
