"""`python -m spectrogram encode`: audio files become spectrogram pictures that carry their parameters."""

import argparse
import os
from pathlib import Path

from spectrogram.problems import SoundProblem

EDGE_S = 0.1  # more than the clip, because resampling looks ahead
EXAMPLE = "python -m spectrogram encode recordings/ --out pictures/ --preset mini --pieces"


def add_arguments(parser: argparse.ArgumentParser):
    parser.epilog = f"Example: {EXAMPLE}"
    parser.add_argument("inputs", nargs="+", help="audio files, or folders that hold them")
    parser.add_argument("-o", "--out", help="folder for the pictures (default: beside the inputs)")
    parser.add_argument("--preset", default="mini", help="parameters by name (default: mini, the embedded model's)")
    parser.add_argument("--params", help="a spectrogram.json, or the folder that holds one, instead of a preset")
    parser.add_argument(
        "--pieces", action="store_true", help="cut long files into consecutive pictures, name-0001.png …"
    )
    parser.add_argument(
        "--overlap-s", type=float, default=0.0, help="seconds that neighbouring pieces share (default: 0)"
    )
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="files worked on at once (default: all cores)")


def run(options: argparse.Namespace) -> int:
    from spectrogram.codec import SpectrogramCodec
    from spectrogram.files.endings import SOUNDS
    from spectrogram.files.folders import find_tasks, run_tasks

    codec = SpectrogramCodec(chosen_params(options))
    tasks = find_tasks(options.inputs, SOUNDS, options.out, r"-\d{4,}" if options.pieces else None)
    overlap_s = options.overlap_s if options.pieces else None
    return run_tasks(tasks, lambda task: encode_file(task, codec, overlap_s), options.jobs, "encoded")


def chosen_params(options: argparse.Namespace):
    """Parameters of --params (a file, or a folder with spectrogram.json), else of --preset."""
    from spectrogram.params import SpectrogramParams

    if not options.params:
        return SpectrogramParams.preset(options.preset)
    path = Path(options.params)
    return SpectrogramParams.from_model(path if path.is_dir() else path.parent)


def own_place(path: Path) -> Path:
    """The path, or NAME_spectrogram where another picture has that name: a photograph, a cover."""
    from spectrogram.files.pictures import read_picture
    from spectrogram.params import KEY
    from spectrogram.problems import Problem

    try:
        ours = not path.exists() or KEY in read_picture(path).info
    except (Problem, OSError):
        ours = False
    return path if ours else path.with_stem(f"{path.stem}_spectrogram")


def encode_file(task, codec, overlap_s: float | None) -> list[str]:
    """Write the picture of a file's beginning, or with an overlap those of all of it; returns a line for each.

    The file is read a window at a time; each piece's PNG text says where in the sound it starts.
    """
    from spectrogram.codec.seams import starts_s
    from spectrogram.files.audio import above_full_scale, sound_in
    from spectrogram.files.pictures import START_KEY, write_picture

    seconds, lines = codec.params.clip_seconds, []
    with sound_in(task.source, 0.0, seconds + EDGE_S if overlap_s is None else None) as sound:
        starts = [0.0] if overlap_s is None else starts_s(sound.seconds, seconds, overlap_s)
        # One loudness for all pieces, or they would not fit together.
        peak = sound.peak(None if overlap_s is not None else seconds + EDGE_S) if sound.may_exceed else 1.0
        for index, start_s in enumerate(starts):
            audio = sound.window(start_s, seconds + EDGE_S)
            if not audio.shape[1]:
                raise SoundProblem(f"{task.source} holds no sample after {start_s:g} s", "a sound", "drop it")
            stem = task.stem.with_name(f"{task.stem.name}-{index + 1:04d}") if len(starts) > 1 else task.stem
            picture = codec.encode(audio / max(1.0, peak), sound.sample_rate_hz)
            path = write_picture(own_place(Path(f"{stem}.png")), picture, {START_KEY: f"{start_s:.6f}"})
            lines.append(f"{task.source} -> {path}")
    return lines + [f"  {said}" for said in [above_full_scale(peak)] if said]
