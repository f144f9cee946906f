"""Generated clips of every class: an adapter taught from the few recordings, then clips by their seeds."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from bioacoustics.rare.sets import caption_of, write_table
from dataset_builder.commands.build import main as build_dataset
from dataset_builder.intake.entries import Entry
from spectrogram.files import atomic
from spectrogram.models import load_pipeline
from spectrogram.problems import PARTIAL_EXIT_CODE, Problem
from training.__main__ import main as train

ASKED, DONE = "adapter.asked", "adapter.done"


def teach_adapter(few: dict[str, list[Entry]], out: Path, steps: int, seed: int, base: str | None) -> Path:
    """The folder of an adapter that was taught all classes at once; a finished one is kept.

    Raises Problem with the command's own words on stderr when a step fails.
    """
    run, asked = out / "adapter", settings_of(few, steps, seed, base)
    if not (out / ASKED).is_file() or (out / ASKED).read_text(encoding="utf-8") != asked:
        # What was made of other recordings or with other settings is not taken for this run's.
        for name in ("adapter", "dataset", "generated"):
            shutil.rmtree(out / name, ignore_errors=True)
        (out / DONE).unlink(missing_ok=True)
        atomic.write_text(out / ASKED, asked)
    if (out / DONE).is_file():
        return run
    every = [entry for own in few.values() for entry in own]
    # Validation needs a clip; it is one of the few, as nothing is chosen by it.
    table = write_table(out / "few.csv", every, "train")
    built = build_dataset([str(table), "--audio", "/", "--out", str(out / "dataset"), "--seed", str(seed), "--windows"])
    if built not in (0, PARTIAL_EXIT_CODE):
        raise Problem("no dataset could be built of the few clips", "see above", "repair the clips")
    command = [str(out / "dataset"), "--out", str(run), "--steps", str(steps), "--seed", str(seed)]
    # The adapter is asked for these classes alone, so nothing that the base knows is repeated to it.
    command += ["--replay", "0", "--samples", "0"]
    command += ["--base", base] if base else []
    if train(command):
        raise Problem("the adapter could not be taught", "see above", "run the command again to go on")
    atomic.write_text(out / DONE, asked)
    return run


def settings_of(few: dict[str, list[Entry]], steps: int, seed: int, base: str | None) -> str:
    return repr((sorted((name, [e.clip_id for e in own]) for name, own in few.items()), steps, seed, base))


def prompts_of(few: dict[str, list[Entry]]) -> dict[str, str]:
    """{class: the caption that its clips were taught with}."""
    return {name: (own[0].captions or (caption_of(name),))[0] for name, own in few.items()}


def generate(
    prompts: dict[str, str],
    adapter: Path | None,
    out: Path,
    count: int,
    seed: int,
    base: str | None,
    report: Callable[[int, int], None] = lambda done, total: None,
) -> dict[str, list[Path]]:
    """{class: files} of ``count`` clips a class, seeds ``seed`` and on; clips that are there are not made again."""
    files = {name: [out / folder_of(name) / f"{seed + n:04d}.flac" for n in range(count)] for name in prompts}
    missing = [(name, file) for name, own in files.items() for file in own if not file.is_file()]
    pipeline = None
    for number, (name, file) in enumerate(missing, 1):
        if pipeline is None:
            pipeline = load_pipeline(base)
            pipeline.set_progress_bar_config(disable=True)
            if adapter:
                pipeline.load_lora_weights(adapter)
        file.parent.mkdir(parents=True, exist_ok=True)
        pipeline(prompts[name], seed=int(file.stem)).save(file)
        report(number, len(missing))
    sys.stderr.flush()
    return files


def folder_of(label: str) -> str:
    return "".join(letter if letter.isalnum() or letter in "-_" else "-" for letter in label)
