"""A small set of sounds to try Fine-tune with, synthesised here: a sound that the embedded base does not know."""

import shutil
from pathlib import Path

from dataset_builder.soundscapes.composer import write

SOUND, CLIPS, SEED = "owl", 24, 2026


def make_sample(folder: Path) -> list[str]:
    """Write 24 clips with captions into `folder`; the paths of all files, as if they had been uploaded."""
    shutil.rmtree(folder, ignore_errors=True)
    write(folder, CLIPS, SEED, classes=(SOUND,), pair_share=0.0)
    # A visitor's folder has sounds and captions, not the labels of composed scenes.
    shutil.rmtree(folder / "jams")
    for labels in folder.glob("strong_labels.*"):
        labels.unlink()
    archive = shutil.make_archive(str(folder), "zip", folder)
    shutil.rmtree(folder)
    return [archive]
