"""``python -m benchmarks.base_model.page`` writes docs/base_model.html: every class of the base model to hear and see.

Beside each generated sound stands a recording that is CC0 and that the base has not heard, else a synthesised original;
both went through the codec. Sounds are small OGG files, pictures small JPEG files, all below ``OUT/base_model/``.
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np
import soundfile
from PIL import Image

from benchmarks.base_model.clips import RECORDINGS_SHARE, Clip, originals
from dataset_builder.soundscapes.composer import RATE_HZ
from dataset_builder.soundscapes.synthesis.catalogue import CATALOGUE, CLASSES
from model_card.base_card import ROWS, shown
from spectrogram.codec import SpectrogramCodec
from spectrogram.files.audio import read_audio
from spectrogram.files.templates import fill_html
from spectrogram.models import load_pipeline
from spectrogram.problems import Problem
from training.base_model import recordings

TEMPLATE = Path(__file__).with_suffix(".html")
COMPRESSION = 0.9  # of libsndfile's Vorbis: about 20 kB for five seconds
WORDS = (
    Clip("siren", "a high-pitched siren wailing", value=("pitch", "high")),
    Clip("siren", "a low-pitched siren wailing", value=("pitch", "low")),
    Clip("knocking", "someone knocking, fast", value=("pace", "fast")),
    Clip("knocking", "someone knocking, slowly", value=("pace", "slow")),
    Clip("dog_bark", "a dog barking followed by rain falling", second="rain", relation="then"),
    Clip("church_bells", "church bells ringing while wind blowing", second="wind", relation="while"),
)


def wanted():
    """A clip for every class and a few with words and pairs."""
    return [Clip(label, CATALOGUE[label].phrases[0]) for label in CLASSES], list(WORDS)


def free_recordings(folders):
    """{class: Recording} of CC0 clips that the base has not heard; the first by file name."""
    known = {one.path for one in recordings.find(folders, RECORDINGS_SHARE)}
    free = {}
    for one in sorted(recordings.find(folders, 1.0), key=lambda one: one.path.name):
        if one.path not in known and one.credit.startswith("CC0"):
            free.setdefault(one.label, one)
    return free


def save(out, name, audio, rate_hz, picture):
    """Write OUT/base_model/NAME.ogg and .jpg."""
    folder = out / "base_model"
    folder.mkdir(parents=True, exist_ok=True)
    kind = {"format": "OGG", "subtype": "VORBIS", "compression_level": COMPRESSION}
    soundfile.write(folder / f"{name}.ogg", np.clip(audio[0], -1, 1), rate_hz, **kind)
    Image.fromarray(np.asarray(picture.convert("L"))).save(folder / f"{name}.jpg", quality=45)


def save_original(out, name, clip, codec, recording):
    """Write what stands beside a generated clip: the recording, else a synthesised original, after the codec."""
    if recording:
        picture = codec.encode(read_audio(recording.path, RATE_HZ, 1)[0], RATE_HZ)
    else:
        picture = Image.fromarray(np.repeat(originals([clip], codec, coded=False)[0].picture[..., None], 3, axis=-1))
    save(out, name, *codec.decode(picture), picture)


def rows(clips, first, free, out, paint):
    """(prompt, name, source) of clips, numbered from ``first``; ``paint(clip, name, recording)`` writes their files."""
    lines = []
    for number, clip in enumerate(clips, first):
        name = f"{number:02d}-{clip.label}"
        recording = None if clip.second or clip.value[0] else free.get(clip.label)
        paint(clip, name, recording)
        source = f"recorded: {recording.credit}" if recording else "synthesised"
        lines.append((clip.prompt, name, source))
    return lines


def painter(base, out, seed):
    """A function that generates a clip and writes it and its original."""
    pipeline = load_pipeline(base)
    pipeline.set_progress_bar_config(disable=True)
    codec = SpectrogramCodec(pipeline.params)

    def paint(clip, name, recording):
        made = pipeline(clip.prompt, seed=seed)
        save(out, name, np.asarray(made.audios[0]), made.sampling_rate, made.images[0])
        save_original(out, f"{name}-original", clip, codec, recording)

    return paint


def figure_rows(result):
    """(figure, the base's value, the originals' value), as text."""
    return [(label, shown(result[name]), shown(result["ceiling"].get(name, ""))) for name, label in ROWS.items()]


def weak(result):
    """One sentence on the classes that are not always heard."""
    wrong = [label.replace("_", " ") for label, names in result["detail"]["heard"].items() if set(names) != {label}]
    return f"Not always heard as what they are: {', '.join(wrong)}." if wrong else "Every class was heard as itself."


def write(base, folders, out, seed, figures_only=False):
    """Write the page; returns its path and the bytes of page, sounds and pictures together."""
    result = json.loads((Path(base) / "benchmark.json").read_text(encoding="utf-8"))
    free = free_recordings(folders)
    paint = (lambda *clip: None) if figures_only else painter(base, out, seed)
    classes, more = wanted()
    parts = rows(classes, 0, free, out, paint), rows(more, len(classes), free, out, paint)
    page = fill_html(
        TEMPLATE, classes=result["classes"], megabytes=result["megabytes"], seed=seed,
        seconds=round(result["seconds_per_clip"]["alone"], 2),
        siren=round(result["detail"]["ridge_seconds_by_class"]["siren"], 1),
        siren_ceiling=round(result["ceiling"]["detail"]["ridge_seconds_by_class"]["siren"], 1),
        ridge=round(result["ridge_seconds"], 2), ridge_ceiling=round(result["ceiling"]["ridge_seconds"], 2),
        fast=f"{result['speed']['fast']:.0%}", slow=f"{result['speed']['slow']:.0%}",
        weak=weak(result), figures=figure_rows(result), rows=parts[0], more=parts[1],
    )  # fmt: skip
    path = out / "base_model.html"
    path.write_text(page, encoding="utf-8")
    return path, len(page) + sum(file.stat().st_size for file in (out / "base_model").iterdir())


def main():
    parser = argparse.ArgumentParser(prog="python -m benchmarks.base_model.page", description=__doc__.splitlines()[0])
    parser.add_argument("--base", type=Path, default=Path("base_model"), help="model folder with benchmark.json")
    parser.add_argument("--recordings", type=Path, nargs="*", default=[], help="folders with metadata.csv")
    parser.add_argument("--out", type=Path, default=Path("docs"))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--figures-only", action="store_true", help="leave the sounds as they are, write the page anew")
    arguments = parser.parse_args()
    try:
        path, size = write(arguments.base, arguments.recordings, arguments.out, arguments.seed, arguments.figures_only)
    except (Problem, FileNotFoundError) as problem:
        print(f"python -m benchmarks.base_model.page: {problem}", file=sys.stderr)
        return 4
    print(f"{path}: {size / 1e6:.2f} MB with sounds and pictures")
    return 0


if __name__ == "__main__":
    sys.exit(main())
