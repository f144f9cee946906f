"""Two sets of sounds measured against each other with the embedder that comes with this project."""

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import soundfile

from metrics import embedders
from metrics.figures import comparison
from metrics.report.results import assemble_results
from metrics.sets.embedding import embed_set
from metrics.sets.sound_set import Sound
from space.store.uploads import unpack
from spectrogram.files.audio import read_audio
from spectrogram.files.endings import SOUNDS
from spectrogram.problems import Problem, UsageProblem

FEWEST, MOST = 2, 500
# Of one set, unpacked: sound hardly shrinks in a zip, so that what swells further is none.
LARGEST_SET_BYTES = 200 << 20
RESAMPLES = 100


class Interrupted(Exception):
    """The visitor pressed Stop while clips were read."""


def score_files(
    generated: list[str], reference: list[str], on_clip: Callable[[int, int], None] = lambda done, total: None
) -> dict:
    """The content of results.json; `on_clip(done, total)` is told of each clip and may raise Interrupted.

    Raises UsageProblem for sets that are too small or too large; clips that cannot be read are listed as skipped.
    """
    sets = [named(paths, side) for paths, side in ((generated, "generated"), (reference, "reference"))]
    total, done = sum(map(len, sets)), 0

    def advance(*_):
        nonlocal done
        done += 1
        on_clip(done, total)

    embedder = embedders.load()
    made, real = (embed_set(sounds, embedder, None, advance) for sounds in sets)
    results = assemble_results(made, real, comparison.compare(made, real, RESAMPLES), seed=0, resamples=RESAMPLES)
    return results | {"warnings": [*resampled([*generated, *reference], embedder.sample_rate_hz), *results["warnings"]]}


def unreadable(paths: list[str]) -> list[str]:
    """One sentence for each file that is no sound."""
    notes = []
    for path in paths:
        try:
            read_audio(path, seconds=0.5)
        except Problem:
            notes.append(f"{Path(path).name} cannot be read as sound and will be left out.")
    return notes


def resampled(paths: list[str], rate_hz: int) -> list[str]:
    """One sentence for each other rate that was brought to the embedder's."""
    counts: Counter = Counter()
    for path in paths:
        # What libsndfile does not know (M4A, WebM) is read by others, and what nobody reads is listed as left out.
        with suppress(soundfile.LibsndfileError):
            counts[soundfile.info(path).samplerate] += 1
    counts.pop(rate_hz, None)
    return [f"{n} sounds of {other_hz} Hz were resampled to {rate_hz} Hz." for other_hz, n in sorted(counts.items())]


def score_zips(
    generated: str | None, reference: str | None, on_clip: Callable[[int, int], None] = lambda done, total: None
) -> dict:
    """`score_files` of the sounds in two zips; nothing of them stays on the disk. Raises Problem."""
    zips = {"generated": generated, "reference": reference}
    for side, path in zips.items():
        if path is None:
            raise UsageProblem(f"the {side} set is missing", "a zip of audio files", "send both")
    with TemporaryDirectory(prefix="spectrogram-score-") as folder:
        sets = []
        for side, path in zips.items():
            unpack(Path(path), Path(folder, side), SOUNDS, LARGEST_SET_BYTES)
            found = sorted(Path(folder, side).rglob("*"))
            sets.append([str(file) for file in found if file.suffix.lower() in SOUNDS])
        results = score_files(*sets, on_clip)
    return results


def named(paths: list[str], side: str) -> list:
    """Clips of uploaded files; two of one name are told apart, because visitors do not choose server paths."""
    if not FEWEST <= len(paths) <= MOST:
        raise UsageProblem(
            f"the {side} set has {len(paths)} clips", f"{FEWEST} to {MOST} audio files", "add or remove some"
        )
    seen: dict[str, int] = {}
    sounds = []
    for path in map(Path, paths):
        seen[path.stem] = seen.get(path.stem, 0) + 1
        sounds.append(Sound(path.stem if seen[path.stem] == 1 else f"{path.stem} ({seen[path.stem]})", path))
    return sorted(sounds, key=lambda sound: sound.name)
