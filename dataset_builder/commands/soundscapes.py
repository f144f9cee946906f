"""``python -m dataset_builder soundscapes``: sound with captions and strong labels, mixed from any labelled set.

soundscapes --out scenes --clips 200                               sounds synthesised here, nothing is needed
soundscapes --events birds --backgrounds forests --out scenes      from recordings (folders or tables, as for a build)
soundscapes --prompt "a dog barking in a loud rain" --out scenes   what a sentence says, rendered and labelled
soundscapes --layout stereo --prompt "a dog barking on the left, a bell behind" --out scenes       with sides
"""

from __future__ import annotations

import argparse
from pathlib import Path

from dataset_builder.commands.arguments import add_summary, parser_for, say
from dataset_builder.commands.build import progress
from spectrogram.exits import ended
from spectrogram.files.texts import encodings
from spectrogram.help_groups import in_groups
from spectrogram.problems import UsageProblem
from spectrogram.shell import command

RANGES = {
    "snr_db": "events above the background (dB)",
    "background_db": "level of the background (dB)",
    "pitch_semitones": "shift of pitch (semitones)",
    "stretch": "length of an event against its source",
    "event_seconds": "length of an event (s)",
    "event_count": "number of events",
    "azimuth_deg": "side of an event in degrees, left is positive (with --layout)",
    "distance": "weights of near, middle and far",
}

FIRST = ("--out", "--clips", "--seed", "--classes", "--events", "--backgrounds", "--prompt", "--seconds", "--snr-db")


def parser() -> argparse.ArgumentParser:
    made = parser_for("soundscapes", __doc__)
    add = made.add_argument
    add("--out", required=True, type=Path, help="folder for audio/, jams/, metadata.csv and strong_labels.csv")
    add("--clips", type=int, help="number of sounds (default 100; with --prompt 1 for each)")
    add("--seed", type=int, default=0, help="decides everything random (default 0)")
    add("--classes", help="synthesised: comma-separated, default: those the base model knows, or 'all'")
    add("--pair-share", type=float, default=0.25, help="synthesised: share of clips with two sounds (default 0.25)")
    add("--events", type=Path, metavar="SET", help="labelled recordings: a folder or table as for a build")
    add("--audio", type=Path, metavar="DIR", help="folder that the file names of --events and --backgrounds start from")
    encodings.add_argument(made)
    add("--backgrounds", type=Path, metavar="SET", help="recordings of places and weather, as --events")
    add("--background-labels", default="", metavar="A,B", help="labels of --events that are backgrounds")
    add("--prompt", action="append", default=[], help="a sentence to render; may be given several times")
    add("--split", default="80/10/10", help="shares of train/validation/test among recordings (default: 80/10/10)")
    add("--seconds", type=float, default=5.12, help="length of a scene (default 5.12)")
    add("--layout", choices=("mono", "stereo", "ambisonics"), default="mono", help="with sides: azimuth in the labels")
    for name, text in RANGES.items():
        count = 3 if name == "distance" else 2
        add(f"--{name.replace('_', '-')}", type=float, nargs=count, metavar="X", help=f"{text}, a range")
    add_summary(made)
    return in_groups(made, *FIRST)


def main(argv: list[str]) -> int:
    options = parser().parse_args(argv)
    return ended(lambda: run(options), encoding=options.encoding)


def run(options: argparse.Namespace) -> int:
    clips = options.clips if options.clips is not None else 1 if options.prompt else 100
    total = clips * max(1, len(options.prompt))
    with progress(total, "scenes") as report:
        if options.events or options.prompt or options.layout != "mono":
            written = mixed(options, clips, report)
        else:
            written = synthesised(options, clips, report)
    step = "next: " + command("dataset_builder", options.out, "--out", "sd-audio-spectrograms")
    say(options.json, {"out": str(options.out), "clips": written}, f"{written} scenes in {options.out}\n{step}")
    return 0


def synthesised(options: argparse.Namespace, clips: int, report) -> int:
    from dataset_builder.soundscapes.composer import CLASSES, EVERY_CLASS, write

    chosen = {None: CLASSES, "all": EVERY_CLASS}.get(options.classes) or tuple(options.classes.split(","))
    unknown = sorted(set(chosen) - set(EVERY_CLASS))
    if unknown:
        raise UsageProblem(
            f"unknown class {', '.join(unknown)}", f"expected some of {', '.join(EVERY_CLASS)}", "correct --classes"
        )
    write(options.out, clips, options.seed, chosen, options.pair_share, progress=report)
    return clips


def mixed(options: argparse.Namespace, clips: int, report) -> int:
    """Scenes from a bank of sounds, those of each split made of recordings of that split alone."""
    from dataset_builder.intake.captions import read_entries
    from dataset_builder.soundscapes.folder import SceneFolder
    from dataset_builder.soundscapes.scenes.bank import bank_of, synthesised_bank
    from dataset_builder.soundscapes.scenes.writer import planned_scenes, prompted_scenes, write_scene

    if options.events:
        backgrounds = read_entries(options.backgrounds, options.audio) if options.backgrounds else []
        labels = tuple(label for label in options.background_labels.split(",") if label)
        bank = bank_of(read_entries(options.events, options.audio), backgrounds, labels)
    else:
        bank = synthesised_bank()
    ranges = chosen_ranges(options)
    if options.prompt:
        scenes = prompted_scenes(options.prompt, bank, ranges, options.seed, clips)
    else:
        scenes = planned_scenes(bank, ranges, options.seed, clips, options.split)
    done = 0
    with SceneFolder(options.out) as folder:
        for split, scene in scenes:
            write_scene(folder, scene, split, done)
            done += 1
            report(done)
    return done


def chosen_ranges(options: argparse.Namespace):
    from dataset_builder.soundscapes.scenes.scene import Ranges

    given = {name: tuple(value) for name in RANGES if (value := getattr(options, name)) is not None}
    if "event_count" in given:
        given["event_count"] = tuple(map(int, given["event_count"]))
    for name, value in given.items():
        if name != "distance" and value[0] > value[1]:
            raise UsageProblem(
                f"--{name.replace('_', '-')} is {value[0]:g} to {value[1]:g}", "lowest first", "swap them"
            )
    return Ranges(seconds=options.seconds, layout=options.layout, **given)
