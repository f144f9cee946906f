"""The same classifier taught in several ways, tested on the same recordings: AUROC with paired intervals over seeds."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from bioacoustics.classifiers.augmentation import NONE, Augmentation
from bioacoustics.classifiers.clips import Clips, fingerprint
from bioacoustics.classifiers.figures import macro_rows, ranking_figures, redraws
from bioacoustics.classifiers.front_end import FrontEnd
from bioacoustics.classifiers.trainer import TrainingSettings, fit, scores
from bioacoustics.rare.keeping import shuffled_labels

REAL = "real"
RESAMPLES = 1000


def ways(
    real: Clips, synthetic: Clips | None, seed: int, front: FrontEnd | None, copies: Clips | None = None
) -> dict[str, tuple[Clips, Augmentation]]:
    """{name: (what it learns from, how that is varied)}.

    Spectrograms (``front``) are varied as they are drawn; for embeddings ``copies`` holds the real clips with varied
    ones beside them.
    """
    plain, varied = NONE, Augmentation() if front else NONE
    augmented = real if front else copies
    table = {REAL: (real, plain)}
    if augmented is not None:
        table["real + augmented"] = (augmented, varied)
    if synthetic is not None:
        table["real + synthetic"] = (real.joined(synthetic), plain)
        if augmented is not None:
            table["real + augmented + synthetic"] = (augmented.joined(synthetic), varied)
        table["synthetic only"] = (synthetic, plain)
        table["real + synthetic, labels shuffled"] = (real.joined(shuffled_labels(synthetic, seed)), plain)
    return table


def taught_each_way(
    real: Clips,
    synthetic: Clips | None,
    test: Clips,
    front: FrontEnd | None,
    settings: TrainingSettings,
    seeds: list[int],
    report: Callable[[int, int], None] = lambda done, total: None,
    out: Path | None = None,
    copies: Clips | None = None,
) -> dict[str, np.ndarray]:
    """{way: probabilities (seeds, test clips, classes)}; what ``out`` holds of the same clips is not taught again."""
    given: dict[str, list[np.ndarray]] = {}
    total = len(seeds) * len(ways(real, synthetic, 0, front, copies))
    for seed in seeds:
        for name, (clips, augmentation) in ways(real, synthetic, seed, front, copies).items():
            own = replace(settings, seed=seed, augmentation=augmentation)
            given.setdefault(name, []).append(taught(clips, test, front, own, out))
            report(sum(map(len, given.values())), total)
    return {name: np.stack(own) for name, own in given.items()}


def taught(
    clips: Clips, test: Clips, front: FrontEnd | None, settings: TrainingSettings, out: Path | None
) -> np.ndarray:
    """Probabilities of the test clips from one network, read again where they were kept."""
    stamp = hashlib.sha256(f"{fingerprint(clips)} {fingerprint(test)} {settings} {front}".encode()).hexdigest()[:16]
    kept = out / f"{stamp}.npy" if out else None
    if kept and kept.is_file():
        return np.load(kept)
    given = scores(fit(clips, front, settings).network, test, front, several=False)
    if kept:
        out.mkdir(parents=True, exist_ok=True)
        unfinished = kept.with_suffix(".part")
        with unfinished.open("wb") as file:
            np.save(file, given)
        unfinished.replace(kept)
    return given


def comparison(test: Clips, given: dict[str, np.ndarray]) -> list[dict]:
    """One row a way: macro AUROC, mAP and F1 (means over seeds), and its gain in AUROC over real clips alone.

    Intervals come from the same redraws of test recordings for every way, so gains are paired by recording and seed.
    ``by_class`` holds AUROC and gain of every class.
    """
    weights = np.concatenate([np.ones((1, len(test))), redraws(test.recordings, 0, RESAMPLES)])
    tables = {name: [macro_rows(test.targets, one, weights) for one in own] for name, own in given.items()}
    classes = {name: per_class(test, own, weights) for name, own in given.items()}
    rows = []
    for name, own in tables.items():
        row: dict = {"way": name}
        for figure in ("macro_auroc", "map", "macro_f1"):
            mean = np.mean([one[figure] for one in own], axis=0)
            base = np.mean([one[figure] for one in tables[REAL]], axis=0)
            row[figure] = interval(mean)
            if figure == "macro_auroc":
                row["gain"] = interval(mean - base)
                row["over_seeds"] = [float(one[figure][0]) for one in own]
        row["by_class"] = {
            label: {"auroc": interval(classes[name][:, n]), "gain": interval(classes[name][:, n] - classes[REAL][:, n])}
            for n, label in enumerate(test.classes)
        }
        rows.append(row)
    return rows


def per_class(test: Clips, given: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """AUROC (rows of weights, classes), the mean over seeds."""
    columns = range(len(test.classes))
    each = [[ranking_figures(test.targets[:, n], one[:, n], weights)[0] for n in columns] for one in given]
    return np.mean(each, axis=0).T


def interval(values: np.ndarray) -> dict[str, float]:
    """The value of the whole test set (first) and the 95 % interval of the redrawn ones."""
    finite = values[1:][np.isfinite(values[1:])]
    low, high = np.quantile(finite, [0.025, 0.975]) if len(finite) else (np.nan, np.nan)
    return {"value": float(values[0]), "low": float(low), "high": float(high)}
