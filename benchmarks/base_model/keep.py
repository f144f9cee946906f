"""What the base model's benchmark has made, kept on disk, so that another judge can hear the same clips in seconds.

A folder is named after everything that decides what is made: the base's checksums, the sizes and the seed.
"""

import hashlib
import json
from pathlib import Path

import numpy as np

from benchmarks.base_model import meters
from spectrogram.files import json_file


def folder_of(root, *deciding):
    """The folder below ``root`` for these deciding values; None without a root: nothing is kept."""
    if root is None:
        return None
    digest = hashlib.sha256(json.dumps([str(value) for value in deciding], allow_nan=False).encode()).hexdigest()[:12]
    return Path(root) / digest


def _kept(path, make, read, write):
    """What ``read`` finds at ``path``, else what ``make`` gives, after ``write`` has stored it there."""
    if path is not None and path.exists():
        return read(path)
    made = make()
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        write(path, made)
    return made


def clips(folder, name, sets, make):
    """Fill sounds and pictures of {set: clips} from what was kept, else by ``make(sets)``; returns make's notes."""

    def read(path):
        with np.load(path) as stored:
            for key, own in sets.items():
                for clip, sound, picture in zip(own, stored[f"{key}_sounds"], stored[f"{key}_pictures"], strict=True):
                    clip.sound, clip.picture = sound, picture
            return json.loads(str(stored["notes"]))

    def write(path, notes):
        arrays = {f"{key}_sounds": np.stack([clip.sound for clip in own]) for key, own in sets.items()}
        arrays |= {f"{key}_pictures": np.stack([clip.picture for clip in own]) for key, own in sets.items()}
        np.savez(path, notes=json.dumps(notes, allow_nan=False), **arrays)

    return _kept(folder and folder / f"{name}.npz", lambda: make(sets), read, write)


def gauges(folder, kind, make):
    """({class: (meter, threshold)}, classes left out) of a kind of words."""

    def read(path):
        stored = json.loads(path.read_text(encoding="utf-8"))
        return {label: (getattr(meters, name), at) for label, (name, at) in stored["kept"].items()}, stored["left"]

    def write(path, made):
        named = {label: (meter.__name__, at) for label, (meter, at) in made[0].items()}
        json_file.write(path, {"kept": named, "left": made[1]})

    return _kept(folder and folder / f"gauges-{kind}.json", make, read, write)


def array(folder, name, make):
    """An array that ``make`` computes."""
    return _kept(folder and folder / f"{name}.npy", make, np.load, np.save)
