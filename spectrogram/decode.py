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
    parser.add_argument("--seed", type=int, default=0, help="draws what a picture does not hold (default: 0)")
    parser.add_argument(
        "--jobs", type=int, default=os.cpu_count(), help="pictures worked on at once (default: all cores)"
    )


def run(options: argparse.Namespace) -> int:
    from spectrogram.encode import chosen_params
    from spectrogram.folders import find_tasks, run_tasks
    from spectrogram.picture_files import READABLE

    params = chosen_params(options) if options.params or options.preset else None
    tasks = find_tasks(options.inputs, READABLE, options.out)
    return run_tasks(
        tasks, lambda task: decode_file(task, params, options.format, options.seed), options.jobs, "decoded"
    )


def decode_file(task, params, suffix: str, seed: int) -> list[str]:
    """Write the sound of one picture; returns a line, and one for each assumption made about the picture."""
    from spectrogram.audio_io import write_audio
    from spectrogram.codec import SpectrogramCodec
    from spectrogram.foreign import recognise
    from spectrogram.picture_files import read_picture

    image, assumed = read_picture(task.source), []
    if params is None:
        params, assumed = recognise(image)
    audio, rate_hz = SpectrogramCodec(params).decode(image, seed)
    path = write_audio(Path(f"{task.stem}.{suffix}"), audio, rate_hz)
    return [f"{task.source} -> {path}", *(f"  assumed: {text}" for text in assumed)]
