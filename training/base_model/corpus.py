"""The corpus of the base model: composed soundscapes as pictures and captions, in numbered parts that resume.

A part holds ``pictures`` uint8 (clips, bands, columns) and ``rows`` (captions, labels, kind of each clip) in one npz.
"""

import json
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np

from dataset_builder.soundscapes.composer import RATE_HZ
from dataset_builder.soundscapes.synthesis.catalogue import CATALOGUE
from spectrogram import json_text
from spectrogram.codec import SpectrogramCodec
from spectrogram.files import atomic
from spectrogram.params import SpectrogramParams

PART_CLIPS = 500


def _part_path(folder, part):
    return Path(folder) / f"part-{part:04d}.npz"


def row_of(scape):
    """What training needs to know of a clip; only steady textures may be rolled in time."""
    steady = not scape.real and all(CATALOGUE[event.label].texture and event.onset_s == 0 for event in scape.events)
    return {
        "captions": scape.captions,
        "labels": [event.label for event in scape.events],
        "attributes": [list(event.attributes) for event in scape.events],
        "turn_s": scape.events[-1].onset_s,
        "steady": steady,
        "real": scape.real,
    }


def render_part(folder, part, preset, make):
    """Encode the soundscapes ``make(part * PART_CLIPS ...)``; a finished part is left as it is."""
    path = _part_path(folder, part)
    if path.exists():
        return path
    codec = SpectrogramCodec(SpectrogramParams.preset(preset))
    pictures, rows = [], []
    for index in range(part * PART_CLIPS, (part + 1) * PART_CLIPS):
        scape = make(index)
        pictures.append(np.asarray(codec.encode(scape.audio[None], RATE_HZ))[..., 0])
        rows.append(row_of(scape))
    with atomic.replacing(path) as unfinished, open(unfinished, "wb") as file:
        np.savez(file, pictures=np.stack(pictures), rows=json_text.dumps(rows))
    return path


def render(folder, clips, preset, make, workers=1, progress=lambda part: None):
    """Render all parts of a corpus of about ``clips`` clips; ``make(index)`` gives a soundscape. Paths in order."""
    Path(folder).mkdir(parents=True, exist_ok=True)
    parts = range(-(-clips // PART_CLIPS))
    with ProcessPoolExecutor(workers) as pool:
        jobs = [pool.submit(render_part, folder, part, preset, make) for part in parts]
        for part, job in enumerate(jobs):
            job.result()
            progress(part + 1)
    return [_part_path(folder, part) for part in parts]


def read(paths):
    """Pictures uint8 (clips, bands, columns) and rows of the given parts, in order."""
    pictures, rows = [], []
    for path in paths:
        with np.load(path) as part:
            pictures.append(part["pictures"])
            rows += json.loads(str(part["rows"]))
    return np.concatenate(pictures), rows
