"""How well probabilities tell classes apart, macro-averaged: every class counts alike however rare it is."""

import numpy as np
from sklearn import metrics

from metrics.distances.samples import SampleProblem, check_samples


def classification_figures(labels, probabilities, classes) -> dict[str, float]:
    """Accuracy, and macro precision, recall, F1 and one-against-rest AUROC, equal to scikit-learn's.

    labels (n,) name the true class, probabilities (n, classes) stand in the order of `classes`. AUROC is left out where
    fewer than two classes occur. A class that is never predicted has precision 0.
    """
    rows = check_samples(probabilities, "probabilities", minimum_rows=1)
    labels, classes = np.asarray(labels), list(classes)
    if len(labels) != len(rows) or rows.shape[1] != len(classes):
        raise SampleProblem(
            f"{len(labels)} labels, {len(classes)} classes and probabilities {rows.shape}",
            "one row a label, one column a class",
            "check the order of both",
        )
    unknown = sorted(set(labels) - set(classes))
    if unknown:
        raise SampleProblem(
            f"the labels {', '.join(map(str, unknown))} are no class", "known labels", "drop these clips"
        )
    guesses = np.asarray(classes)[rows.argmax(axis=1)]
    present = [name for name in classes if name in set(labels)]
    precision, recall, f1, _ = metrics.precision_recall_fscore_support(
        labels, guesses, labels=present, average="macro", zero_division=0
    )
    figures = {
        "accuracy": float(np.mean(guesses == labels)),
        "macro_precision": float(precision),
        "macro_recall": float(recall),
        "macro_f1": float(f1),
    }
    if len(present) > 1:
        figures["macro_auroc"] = float(
            np.mean([metrics.roc_auc_score(labels == name, rows[:, classes.index(name)]) for name in present])
        )
    return figures
