"""Train on generated sound, test on real sound: does the synthetic data teach what the real data holds?"""

import warnings

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from metrics.distances.labels import classification_figures
from metrics.figures import set_metric
from metrics.figures.records import CLASSIFICATION
from spectrogram.problems import UsageProblem


class ClassificationAccuracyScore(set_metric.SetMetric):
    """Logistic regression on embeddings, fitted to labelled generated clips, tested on labelled real ones (CAS)."""

    record = CLASSIFICATION
    citation = "Ravuri and Vinyals, Classification Accuracy Score for Conditional Generative Models, 2019"
    inputs = "predictions, references: folders with a metadata.csv that has labels, or arrays with labels= given"

    def measure(
        self,
        predictions,
        references,
        embedder="sd-audio-cnn-v1",
        weights=None,
        cache=True,
        real_training=None,
        labels=None,
        reference_labels=None,
        seed=0,
    ):
        """{"classification_accuracy_score": accuracy, macro precision, recall, F1, AUROC, counts, warnings}.

        real_training, a folder of other real clips, adds the figures of real data alone and of both together.
        """
        x, y = set_metric.numbers_or_none(predictions), set_metric.numbers_or_none(references)
        if x is not None and y is not None:
            return _named(_train_and_test(x, labels, y, reference_labels, seed)) | {
                "n_generated": len(x),
                "n_reference": len(y),
            }
        sets = [set_metric.embed_given(given, embedder, weights, cache) for given in (predictions, references)]
        (x, x_labels), (y, y_labels) = _labelled(sets[0], "predictions"), _labelled(sets[1], "references")
        result = _named(_train_and_test(x, x_labels, y, y_labels, seed)) | set_metric.count_and_name(*sets)
        result["warnings"] = _warnings(*sets)
        if real_training is not None:
            real = set_metric.embed_given(real_training, embedder, weights, cache)
            z, z_labels = _labelled(real, "real_training")
            result["warnings"] += _warnings(real, sets[1], "real_training")
            result["real_only"] = _train_and_test(z, z_labels, y, y_labels, seed)
            both, both_labels = np.concatenate([x, z]), np.concatenate([x_labels, z_labels])
            result["real_and_generated"] = _train_and_test(both, both_labels, y, y_labels, seed)
        return result


def _labelled(embedded, side: str) -> tuple[np.ndarray, np.ndarray]:
    """One mean row a clip and its label; clips without one are left out. `side` is the argument that gave the set."""
    labelled = [
        (rows.mean(axis=0), s.label) for rows, s in zip(embedded.clip_rows, embedded.sounds, strict=True) if s.label
    ]
    if not labelled:
        raise UsageProblem(
            f"none of the {len(embedded.sounds)} clips of {side} has a label",
            "a dataset with labels or a metadata.csv with a label column",
            "add the labels",
        )
    rows, labels = zip(*labelled, strict=True)
    return np.stack(rows), np.array(labels)


def _warnings(training, test, side: str = "predictions") -> list[str]:
    """What makes the score say less than it seems to; also told on the warnings channel of Python."""
    shared = test.also_in(training)
    if not shared:
        return []
    told = f"{shared} of {len(test.sounds)} clips that are tested also taught the classifier (they are in {side})"
    warnings.warn(told, stacklevel=4)
    return [told]


def _train_and_test(x, x_labels, y, y_labels, seed: int) -> dict[str, float]:
    if x_labels is None or y_labels is None:
        raise UsageProblem("labels are missing", "labels= and reference_labels= beside arrays", "pass both")
    if len(set(x_labels)) < 2:
        raise UsageProblem("the training labels hold fewer than 2 classes", "two or more", "generate other classes too")
    y, y_labels = np.asarray(y), np.asarray(y_labels)
    known = np.isin(y_labels, np.asarray(x_labels))
    if not known.any():
        raise UsageProblem("no label is in both sets", "the same label names", "rename the labels")
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000, random_state=seed)).fit(x, x_labels)
    figures = classification_figures(y_labels[known], model.predict_proba(y[known]), model.classes_)
    return figures | {
        "n_train": len(x_labels),
        "n_test": int(known.sum()),
        "n_test_of_unknown_class": int((~known).sum()),
    }


def _named(figures: dict) -> dict:
    return {CLASSIFICATION.name: figures["accuracy"]} | figures
