"""Scores of windows as events, and events against annotations.

A moment is scored by the mean of the windows over it.  Matching: one event to one annotation of the same label, as
many pairs as there can be, a pair when the intersection over union of their times reaches a bound (as mir_eval and
psds_eval do for theirs).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import maximum_bipartite_matching

from bioacoustics.detection.windows import WindowScores
from spectrogram.files.annotations import Annotation

LEAST_IOU = 0.3
LONGEST_GAP_S, SHORTEST_S = 0.3, 0.1


def moment_scores(windows: WindowScores) -> np.ndarray:
    """Scores (moments, classes) of successive ``hop_s``: the mean of the windows that cover each."""
    cover = max(1, round(windows.window_s / windows.hop_s))
    count = len(windows.scores)
    total = np.zeros((count + cover - 1, windows.scores.shape[1]))
    said = np.zeros((count + cover - 1, 1))
    for shift in range(cover):
        total[shift : shift + count] += windows.scores
        said[shift : shift + count] += 1
    return total / said


def events_of(windows: WindowScores, classes: Sequence[str], thresholds: Mapping[str, float]) -> list[Annotation]:
    """Stretches whose score reaches the threshold of their class, with their highest score as confidence."""
    moments, found = moment_scores(windows), []
    for number, name in enumerate(classes):
        on = moments[:, number] >= thresholds[name]
        edges = np.flatnonzero(np.diff(np.r_[0, on.astype(np.int8), 0]))
        spans: list[list[int]] = []
        for start, end in zip(edges[::2], edges[1::2], strict=True):
            if spans and (start - spans[-1][1]) * windows.hop_s <= LONGEST_GAP_S:
                spans[-1][1] = end
            else:
                spans.append([start, end])
        for start, end in spans:
            onset, offset = start * windows.hop_s, min(end * windows.hop_s, windows.seconds)
            if offset - onset >= min(SHORTEST_S, windows.seconds):
                best = float(moments[start:end, number].max())
                found.append(Annotation(round(onset, 3), round(offset, 3), name, confidence=round(best, 4)))
    return sorted(found, key=lambda one: (one.onset_s, one.label))


def matches(
    found: Sequence[Annotation], truth: Sequence[Annotation], least_iou: float = LEAST_IOU
) -> list[tuple[int, int]]:
    """Pairs (event, annotation) of one label whose times overlap enough, as many as there can be."""
    if not found or not truth:
        return []
    rows, columns = [], []
    for i, one in enumerate(found):
        for j, other in enumerate(truth):
            if one.label == other.label and overlap(one, other) >= least_iou:
                rows.append(i)
                columns.append(j)
    graph = csr_matrix((np.ones(len(rows)), (rows, columns)), shape=(len(found), len(truth)))
    partner = maximum_bipartite_matching(graph, perm_type="column")
    return [(i, int(j)) for i, j in enumerate(partner) if j >= 0]


def overlap(one: Annotation, other: Annotation) -> float:
    """Intersection over union of two stretches of time."""
    shared = min(one.offset_s, other.offset_s) - max(one.onset_s, other.onset_s)
    whole = max(one.offset_s, other.offset_s) - min(one.onset_s, other.onset_s)
    return max(0.0, shared) / whole if whole > 0 else float(one.onset_s == other.onset_s)


def event_figures(
    recordings: Sequence[tuple[Sequence[Annotation], Sequence[Annotation]]], least_iou: float = LEAST_IOU
) -> dict:
    """Event-based precision, recall and F1 by class and macro, of (found, truth) of several recordings.

    An interval of the macro F1 comes from a bootstrap over recordings.
    """
    counted = [counts(found, truth, least_iou) for found, truth in recordings]
    rng = np.random.default_rng(0)
    redrawn = [macro_f1(added([counted[n] for n in rng.integers(len(counted), size=len(counted))])) for _ in range(500)]
    total = added(counted)
    low, high = np.quantile(redrawn, [0.025, 0.975])
    rows = []
    for name, (hit, said, true) in sorted(total.items()):
        precision, recall = hit / said if said else 0.0, hit / true if true else 0.0
        rows.append(
            {
                "class": name,
                "n": true,
                "found": said,
                "precision": precision,
                "recall": recall,
                "f1": f1(hit, said, true),
            }
        )
    value = macro_f1(total)
    return {"event_f1": value, "low": float(low), "high": float(high), "least_iou": least_iou, "by_class": rows}


def counts(found: Sequence[Annotation], truth: Sequence[Annotation], least_iou: float) -> dict[str, list[int]]:
    """{label: [matched, found, annotated]}."""
    table: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for i, _ in matches(found, truth, least_iou):
        table[found[i].label][0] += 1
    for place, events in ((1, found), (2, truth)):
        for one in events:
            table[one.label][place] += 1
    return dict(table)


def added(tables: Sequence[dict[str, list[int]]]) -> dict[str, list[int]]:
    total: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for table in tables:
        for name, row in table.items():
            total[name] = [a + b for a, b in zip(total[name], row, strict=True)]
    return dict(total)


def f1(hit: int, said: int, true: int) -> float:
    return 2 * hit / (said + true) if said + true else 0.0


def macro_f1(total: dict[str, list[int]]) -> float:
    """Mean F1 of the classes that are annotated anywhere."""
    values = [f1(*row) for row in total.values() if row[2]]
    return float(np.mean(values)) if values else 0.0
