"""``python -m benchmarks.base_model_page`` writes docs/base_model.html: every class of the base model to hear and see.

Beside each generated sound stands a recording that is CC0 and that the base has not heard, else a synthesised original;
both went through the codec. Sounds are small OGG files, pictures small JPEG files, all below ``OUT/base_model/``.
"""

import argparse
import html
import json
import sys
from pathlib import Path
from string import Template

import numpy as np

from benchmarks.base_model import RECORDINGS_SHARE
from benchmarks.base_model_clips import Clip, originals
from dataset_builder.soundscapes import RATE_HZ
from dataset_builder.synthesis.catalogue import CATALOGUE, CLASSES
from spectrogram.codec import SpectrogramCodec
from spectrogram.problems import Problem

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
    from training.scratch import recordings

    known = {one.path for one in recordings.find(folders, RECORDINGS_SHARE)}
    free = {}
    for one in sorted(recordings.find(folders, 1.0), key=lambda one: one.path.name):
        if one.path not in known and one.credit.startswith("CC0"):
            free.setdefault(one.label, one)
    return free


def save(out, name, audio, rate_hz, picture):
    """Write OUT/base_model/NAME.ogg and .jpg; returns the HTML of their player."""
    import soundfile
    from PIL import Image

    folder = out / "base_model"
    folder.mkdir(parents=True, exist_ok=True)
    sound = np.clip(audio[0], -1, 1)
    soundfile.write(
        folder / f"{name}.ogg", sound, rate_hz, format="OGG", subtype="VORBIS", compression_level=COMPRESSION
    )
    Image.fromarray(np.asarray(picture.convert("L"))).save(folder / f"{name}.jpg", quality=45)
    return (
        f'<img loading="lazy" src="base_model/{name}.jpg" alt="spectrogram">'
        f'<audio controls preload="none" src="base_model/{name}.ogg"></audio>'
    )


def original(clip, codec, free):
    """(audio, rate, picture, caption) of a recording or a synthesised original after the codec."""
    from PIL import Image

    from spectrogram.audio_io import read_audio

    found = free.get(clip.label) if not (clip.second or clip.value[0]) else None
    if found:
        picture = codec.encode(read_audio(found.path, RATE_HZ, 1)[0], RATE_HZ)
        return *codec.decode(picture), picture, f"recorded: {found.credit}"
    made = originals([clip], codec, coded=False)[0]
    picture = Image.fromarray(np.repeat(made.picture[..., None], 3, axis=-1))
    return *codec.decode(picture), picture, "synthesised"


def row(clip, number, output, codec, free, out):
    name = f"{number:02d}-{clip.label}"
    made = save(out, name, np.asarray(output.audios[0]), output.sampling_rate, output.images[0])
    audio, rate_hz, picture, source = original(clip, codec, free)
    beside = save(out, f"{name}-original", audio, rate_hz, picture)
    return f"<tr><th>{html.escape(clip.prompt)}<td>{made}<td>{beside}<small>{html.escape(source)}</small>"


def figure_rows(result):
    from model_card.base_card import ROWS, shown

    return "\n".join(
        f"<tr><td>{html.escape(label)}<td>{html.escape(shown(result[name]))}"
        f"<td>{html.escape(shown(result['ceiling'].get(name, '')))}"
        for name, label in ROWS.items()
    )


def weak(result):
    """One sentence on the classes that are not always heard."""
    wrong = [label.replace("_", " ") for label, names in result["detail"]["heard"].items() if set(names) != {label}]
    return f"Not always heard as what they are: {', '.join(wrong)}." if wrong else "Every class was heard as itself."


def write(base, folders, out, seed):
    """Write the page; returns its path and the bytes of page, sounds and pictures together."""
    from spectrogram.models import load_pipeline

    result = json.loads((Path(base) / "benchmark.json").read_text(encoding="utf-8"))
    pipeline = load_pipeline(base)
    pipeline.set_progress_bar_config(disable=True)
    codec, free = SpectrogramCodec(pipeline.params), free_recordings(folders)
    number, parts = 0, []
    for clips in wanted():
        lines = []
        for clip in clips:
            lines.append(row(clip, number, pipeline(clip.prompt, seed=seed), codec, free, out))
            number += 1
        parts.append("\n".join(lines))
    page = Template(TEMPLATE.read_text(encoding="utf-8")).substitute(
        classes=result["classes"], megabytes=result["megabytes"], seed=seed,
        seconds=result["seconds_per_clip"]["alone"],
        ridge=round(result["ridge_seconds"], 2), ridge_ceiling=round(result["ceiling"]["ridge_seconds"], 2),
        weak=html.escape(weak(result)), figures=figure_rows(result), rows=parts[0], more=parts[1],
    )  # fmt: skip
    path = out / "base_model.html"
    path.write_text(page, encoding="utf-8")
    return path, len(page) + sum(file.stat().st_size for file in (out / "base_model").iterdir())


def main():
    parser = argparse.ArgumentParser(prog="python -m benchmarks.base_model_page", description=__doc__.splitlines()[0])
    parser.add_argument("--base", type=Path, default=Path("base_model"), help="model folder with benchmark.json")
    parser.add_argument("--recordings", type=Path, nargs="*", default=[], help="folders with metadata.csv")
    parser.add_argument("--out", type=Path, default=Path("docs"))
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    try:
        path, size = write(arguments.base, arguments.recordings, arguments.out, arguments.seed)
    except (Problem, FileNotFoundError) as problem:
        print(f"python -m benchmarks.base_model_page: {problem}", file=sys.stderr)
        return 4
    print(f"{path}: {size / 1e6:.2f} MB with sounds and pictures")
    return 0


if __name__ == "__main__":
    sys.exit(main())
