"""`python -m spectrogram decode`: spectrogram pictures, ours or another's, become audio files."""

import argparse
import os
from pathlib import Path

EXAMPLE = "python -m spectrogram decode pictures/ --out sounds/ --format flac"


def add_arguments(parser: argparse.ArgumentParser):
    parser.epilog = f"Example: {EXAMPLE}"
    parser.add_argument("inputs", nargs="+", help="pictures, or folders that hold them")
    parser.add_argument("-o", "--out", help="folder for the audio (default: beside the inputs)")
    parser.add_argument("--format", default="wav", choices=("wav", "flac", "ogg", "mp3"), help="default: wav")
    parser.add_argument("--preset", help="read every picture by these parameters, whatever it says")
    parser.add_argument("--params", help="the same, from a spectrogram.json or the folder that holds one")
    parser.add_argument("--join", metavar="FILE", help="make one sound of all pictures, in order, each where it starts")
    parser.add_argument("--seed", type=int, default=0, help="draws what a picture does not hold (default: 0)")
    parser.add_argument("--plain", action="store_true", help="do not sharpen pictures that look blurred, as by a VAE")
    parser.add_argument(
        "--jobs", type=int, default=os.cpu_count(), help="pictures worked on at once (default: all cores)"
    )


def run(options: argparse.Namespace) -> int:
    from spectrogram.commands.encode import chosen_params
    from spectrogram.files.endings import PICTURES
    from spectrogram.files.folders import find_tasks, run_tasks

    params = chosen_params(options) if options.params or options.preset else None
    tasks = find_tasks(options.inputs, PICTURES, options.out)
    if options.join:
        return join_files(tasks, params, options.join, options.seed, not options.plain)

    def work(task):
        return decode_file(task, params, options.format, options.seed, not options.plain)

    return run_tasks(tasks, work, options.jobs, "decoded")


def decode_file(task, params, suffix: str, seed: int, restore: bool = True) -> list[str]:
    """Write the sound of one picture; returns a line, and one for each assumption made about the picture."""
    from spectrogram.files.audio import write_blocks

    blocks, rate_hz, assumed, _ = hear(task.source, params, seed, restore)
    recipe = recipe_in(task.source)
    in_place = suffix in ("wav", "flac")
    comment = None if recipe is None or in_place else recipe.to_json()
    path = write_blocks(place_beside(Path(f"{task.stem}.{suffix}")), blocks, rate_hz, comment)
    if recipe is not None and in_place:
        recipe.write_into(path)
    return [f"{task.source} -> {path}", *(f"  assumed: {text}" for text in assumed)]


def place_beside(path: Path) -> Path:
    """The path, or NAME_decoded where a file of that name is there: it may be the recording that was encoded."""
    return path.with_stem(f"{path.stem}_decoded") if path.exists() else path


def recipe_in(path: Path):
    """How a generated picture was made, ours or AUTOMATIC1111's; None when it does not say."""
    from spectrogram.problems import Problem
    from spectrogram.recipe import Recipe

    try:
        return Recipe.read(path)
    except Problem:
        return None


def hear(path: Path, params, seed: int, restore: bool = True):
    """(blocks of audio, rate, assumptions, start in seconds or None) of the picture in a file."""
    from spectrogram.codec import SpectrogramCodec
    from spectrogram.codec.budget import blocks
    from spectrogram.codec.foreign import at_its_size, recognise
    from spectrogram.codec.restoration import damage_of
    from spectrogram.files.pictures import START_KEY, read_picture

    image, assumed = read_picture(path), []
    if params is None:
        params, assumed = recognise(image)
        image = at_its_size(image, params)
    codec = SpectrogramCodec(params, restore=restore)
    first, end = blocks(params, image.width)[0]
    if restore and (damage := damage_of(image.crop((first, 0, end, image.height)), params)):
        assumed = [*assumed, f"the picture looks damaged ({damage}) and was sharpened"]
    start_s = image.info.get(START_KEY)
    return codec.decode_blocks(image, seed), params.sample_rate_hz, assumed, _start_s(start_s)


def _start_s(text) -> float | None:
    """Where a piece of a longer sound begins; None where the picture does not say, or says no time."""
    try:
        start_s = float(text)
    except (TypeError, ValueError):
        return None
    return start_s if 0 <= start_s < 1e6 else None


def join_files(tasks, params, out: str, seed: int, restore: bool = True) -> int:
    """Write one sound of all pictures; those that say where they start overlap there, others follow end to end."""
    import numpy as np

    from spectrogram.codec.seams import join
    from spectrogram.files.audio import write_blocks
    from spectrogram.problems import UsageProblem

    _, rate_hz, _, _ = hear(tasks[0].source, params, seed, restore)

    def pieces():
        end = 0
        for index, task in enumerate(tasks):
            blocks, own_hz, _, start_s = hear(task.source, params, seed + index, restore)
            audio = np.concatenate(list(blocks), axis=1)
            if own_hz != rate_hz:
                raise UsageProblem(f"{task.source} is at {own_hz} Hz", f"{rate_hz} Hz as the first", "join them apart")
            start = end if start_s is None else round(start_s * rate_hz)
            end = start + audio.shape[1]
            yield audio, start

    print(f"{len(tasks)} pictures -> {write_blocks(out, join(pieces(), rate_hz), rate_hz)}")
    return 0
