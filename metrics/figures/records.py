"""One record a metric: its name, its value, its redraws, how it is read, and what it needs.

Whoever computes, shows or explains a metric reads it here: comparison and differences, the `evaluate` modules and their
apps, the terminal and the report, the page and the model card.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from metrics.distances import frechet_distance, inception_score, kernel_distance, median_distance
from metrics.distances.divergence import divergence_per_row
from metrics.distances.kernels import redrawn_kernel_distances
from metrics.figures.intervals import counts_of, redrawn_means
from metrics.sets.embedding import EmbeddedSet

KL_EPS = 1e-6
INCEPTION_SEED = 2020
# What a metric may need beside generated sounds.
REFERENCE, PAIRS, EMBEDDER, CLASSIFIER = "reference", "pairs", "embedder", "classifier"
LABELS, REFERENCE_LABELS, CAPTIONS = "labels", "reference labels", "captions"


@dataclass(frozen=True)
class Metric:
    """A metric.

    Args:
        name: As results carry it, in front of the embedder's name in brackets.
        title: For people.
        meaning: One line in the words of a listener.
        needs: What it needs beside generated sounds.
        lower_is_better: How to read a difference.
        module: Folder of its `evaluate` module below `metrics/`, "" where it has none.
        value: value(generated, reference) of two embedded sets; None for what is not computed from embedded sets.
        redrawn: redrawn(generated, reference, indices, indices) -> one figure a redraw; indices (redraws, clips).
        details: details(generated, reference) -> "note", and what else belongs beside the figure.
        has_floor: Whether the figure between random halves of the reference says what noise alone gives.
        least: Where an interval may not reach below.
        published: {embedder: key} of the embedders under whose figures the published name is known.
    """

    name: str
    title: str
    meaning: str
    needs: frozenset[str]
    lower_is_better: bool = True
    module: str = ""
    value: Callable[[EmbeddedSet, EmbeddedSet], float] | None = None
    redrawn: Callable[[EmbeddedSet, EmbeddedSet, np.ndarray, np.ndarray], np.ndarray] | None = None
    details: Callable[[EmbeddedSet, EmbeddedSet], dict] | None = None
    has_floor: bool = False
    least: float | None = None
    published: dict[str, str] = field(default_factory=dict)

    def key(self, identity: dict) -> str:
        """The name in results: with the embedder's, so that figures of two embedders cannot be confused."""
        return self.published.get(identity["name"], f"{self.name}[{identity['name']}]")

    @property
    def names(self) -> set[str]:
        """All names under which results may hold it, without the embedder."""
        return {self.name, *(key.split("[")[0] for key in self.published.values())}

    @property
    def arrow(self) -> str:
        """↓ where lower is better, ↑ where higher is."""
        return "↓" if self.lower_is_better else "↑"

    def missing(self, generated: EmbeddedSet, reference: EmbeddedSet) -> str:
        """Why these sets cannot give it, "" where they can."""
        if CLASSIFIER in self.needs and generated.logits is None:
            return (
                f"{generated.identity['name']} gives no class probabilities; "
                "ask an embedder with classes, such as sd-audio-cnn-v1 or panns-cnn14-16k"
            )
        if PAIRS in self.needs and not set(generated.names) & set(reference.names):
            one, other = generated.names[0], reference.names[0]
            return (
                f"no clip has the same name in both sets (the first are {one!r} and {other!r}); "
                "name each generated clip like the clip that it stands for"
            )
        if LABELS in self.needs and not any(sound.label in generated.classes for sound in generated.sounds):
            return "no generated clip has a label that the classifier knows"
        return ""


def metrics_of(generated: EmbeddedSet, reference: EmbeddedSet) -> dict[str, Metric]:
    """{key in results: metric} of what these sets can give."""
    return {one.key(generated.identity): one for one in COMPARED if not one.missing(generated, reference)}


def left_out(generated: EmbeddedSet, reference: EmbeddedSet) -> list[str]:
    """One sentence for each metric that these sets cannot give though they have pairs or labels to be compared by."""
    causes = {one.name: one.missing(generated, reference) for one in COMPARED if one is not PROMPTED_CLASS}
    return [f"{name} is left out: {cause}" for name, cause in causes.items() if cause]


def accidental_pairs(generated: EmbeddedSet, reference: EmbeddedSet) -> list[str]:
    """Sentences about pairs of one name that may not be meant: few of many, or with another label or caption."""
    others = {sound.name: sound for sound in reference.sounds}
    pairs = [(sound, others[sound.name]) for sound in generated.sounds if sound.name in others]
    if not pairs or generated.logits is None:
        return []
    notes, fewest = [], min(len(generated.sounds), len(reference.sounds))
    if 2 * len(pairs) <= fewest:
        notes.append(
            f"only {len(pairs)} of {fewest} clips have the same name in both sets ({_named(one for one, _ in pairs)}): "
            "if that is chance, the KL divergence says nothing"
        )
    for column in ("label", "caption"):
        unlike = [one for one, two in pairs if len({getattr(one, column), getattr(two, column), ""}) > 2]
        if unlike:
            notes.append(
                f"{len(unlike)} of {len(pairs)} pairs have one name and two {column}s ({_named(unlike)}): "
                "are these the clips that stand for each other?"
            )
    return notes


def _named(sounds) -> str:
    names = [sound.name for sound in sounds]
    return ", ".join(map(repr, names[:3])) + (", …" if len(names) > 3 else "")


def metric_of(key: str) -> Metric | None:
    """The record behind a name in results, with or without an embedder in brackets; None for a strange name."""
    return next((one for one in METRICS if key.split("[")[0] in one.names), None)


def module_record(module: str) -> Metric:
    """The record of an `evaluate` module, by the name of its folder."""
    return next(one for one in METRICS if one.module == module)


def kl_per_clip(generated: EmbeddedSet, reference: EmbeddedSet) -> tuple[np.ndarray, np.ndarray]:
    """(KL(reference ‖ generated) of each generated clip, which clips have a reference clip of their name)."""
    position = {name: i for i, name in enumerate(reference.names)}
    paired = np.array([name in position for name in generated.names])
    values = np.zeros(len(paired))
    if paired.any():
        partners = [position[name] for name in generated.names if name in position]
        values[paired] = divergence_per_row(reference.logits[partners], generated.logits[paired], "softmax", KL_EPS)
    return values, paired


def class_heard(generated: EmbeddedSet) -> tuple[np.ndarray, np.ndarray]:
    """(1 where the most likely class of a clip is its label, which clips have a label that the classifier knows)."""
    known = np.array([sound.label in generated.classes for sound in generated.sounds])
    heard = generated.logits.argmax(axis=1)
    right = [k and generated.classes[h] == s.label for k, h, s in zip(known, heard, generated.sounds, strict=True)]
    return np.array(right, dtype=float), known


def inception_splits(generated: EmbeddedSet) -> int:
    """Ten as usual, fewer for fewer clips."""
    return min(10, len(generated.sounds))


def _rows(embedded: EmbeddedSet, indices: np.ndarray) -> np.ndarray:
    return np.concatenate([embedded.clip_rows[i] for i in indices])


def _frechet_redrawn(generated, reference, draws, reference_draws) -> np.ndarray:
    pairs = zip(draws, reference_draws, strict=True)
    return np.array([frechet_distance(_rows(generated, a), _rows(reference, b)) for a, b in pairs])


def _about_frechet(generated: EmbeddedSet, reference: EmbeddedSet) -> dict:
    notes = ["distance of the two clouds of embeddings, 0 is best"]
    dimensions = generated.rows.shape[1]
    fewest = min(len(generated.rows), len(reference.rows))
    if fewest <= dimensions:
        notes.append(f"{fewest} rows for {dimensions} dimensions: strongly biased upwards, compare only at equal N")
    if generated.identity["name"] not in FRECHET.published:
        notes.append("not comparable with published FAD")
    return {"note": "; ".join(notes)}


def _kernel_redrawn(generated, reference, draws, reference_draws) -> np.ndarray:
    """With the bandwidth of the whole reference, whatever was drawn."""
    weights, reference_weights = (
        np.repeat(counts_of(indices, len(one.sounds)), [len(rows) for rows in one.clip_rows], axis=1)
        for one, indices in ((generated, draws), (reference, reference_draws))
    )
    bandwidth = median_distance(reference.rows)
    return redrawn_kernel_distances(generated.rows, reference.rows, weights, reference_weights, bandwidth)


def _about_kernel(generated: EmbeddedSet, reference: EmbeddedSet) -> dict:
    bandwidth = median_distance(reference.rows)
    return {"note": f"unbiased, so it may fall below 0 for equal sets; 0 is best; bandwidth {bandwidth:.4g}"}


def _inception(generated: EmbeddedSet) -> tuple[float, float]:
    return inception_score(generated.logits, inception_splits(generated), INCEPTION_SEED)


def _inception_redrawn(generated, reference, draws, reference_draws) -> np.ndarray:
    splits = inception_splits(generated)
    return np.array([inception_score(generated.logits[rows], splits, INCEPTION_SEED)[0] for rows in draws])


def _about_inception(generated: EmbeddedSet, reference: EmbeddedSet) -> dict:
    return {
        "note": f"1 to {len(generated.classes)}, higher is surer and more varied; it never looks at the reference",
        "n_used": len(generated.sounds),
        "splits": inception_splits(generated),
        "std": _inception(generated)[1],
    }


def _about_kl(generated: EmbeddedSet, reference: EmbeddedSet) -> dict:
    values, paired = kl_per_clip(generated, reference)
    names = np.array(generated.names)
    return {
        "note": "KL(reference ‖ generated) in nats over pairs of one name, eps 1e-6, at most 13.8; 0 is best",
        "n_used": int(paired.sum()),
        "only_in_generated": names[~paired].tolist(),
        "only_in_reference": sorted(set(reference.names) - set(generated.names)),
        "per_pair": dict(zip(names[paired].tolist(), values[paired].tolist(), strict=True)),
    }


def _about_class(generated: EmbeddedSet, reference: EmbeddedSet) -> dict:
    right, known = class_heard(generated)
    labels = np.array([sound.label for sound in generated.sounds])
    by_class = {}
    for name in sorted(set(labels[known].tolist()), key=generated.classes.index):
        here = known & (labels == name)
        by_class[name] = {"accuracy": float(right[here].mean()), "n": int(here.sum())}
    return {
        "note": "share of generated clips that the classifier puts into the class of their label; 1 is best",
        "n_used": int(known.sum()),
        "by_class": by_class,
    }


def _mean_of(values_and_used: tuple[np.ndarray, np.ndarray]) -> float:
    values, used = values_and_used
    return float(values[used].mean())


def _redrawn_mean_of(values_and_used: tuple[np.ndarray, np.ndarray], draws: np.ndarray) -> np.ndarray:
    return redrawn_means(values_and_used[0], draws, values_and_used[1])


FRECHET = Metric(
    "frechet_distance",
    "Fréchet distance",
    "How far the two clouds of sounds lie apart. 0 is best; compare figures of one embedder only.",
    frozenset({REFERENCE, EMBEDDER}),
    module="frechet_audio_distance",
    value=lambda g, r: frechet_distance(g.rows, r.rows),
    redrawn=_frechet_redrawn,
    details=_about_frechet,
    has_floor=True,
    least=0.0,
    published={"vggish": "frechet_audio_distance"},
)
KERNEL = Metric(
    "kernel_audio_distance",
    "Kernel audio distance",
    "The same without assuming a shape of the clouds. 0 is best, below it is chance.",
    frozenset({REFERENCE, EMBEDDER}),
    module="kernel_audio_distance",
    value=lambda g, r: kernel_distance(g.rows, r.rows),
    redrawn=_kernel_redrawn,
    details=_about_kernel,
    has_floor=True,
)
INCEPTION = Metric(
    "audio_inception_score",
    "Audio inception score",
    "How sure and varied the generated sounds are. Higher is better; no reference is used.",
    frozenset({CLASSIFIER}),
    lower_is_better=False,
    module="audio_inception_score",
    value=lambda g, r: _inception(g)[0],
    redrawn=_inception_redrawn,
    details=_about_inception,
    least=1.0,
)
PAIRED_KL = Metric(
    "audio_kl_divergence",
    "Audio KL divergence",
    "How differently pairs of one name are heard. 0 is best.",
    frozenset({REFERENCE, CLASSIFIER, PAIRS}),
    module="audio_kl_divergence",
    value=lambda g, r: _mean_of(kl_per_clip(g, r)),
    redrawn=lambda g, r, a, b: _redrawn_mean_of(kl_per_clip(g, r), a),
    details=_about_kl,
)
PROMPTED_CLASS = Metric(
    "prompted_class_accuracy",
    "Prompted class accuracy",
    "How often the wanted class is heard. 1 is best.",
    frozenset({CLASSIFIER, LABELS}),
    lower_is_better=False,
    value=lambda g, r: _mean_of(class_heard(g)),
    redrawn=lambda g, r, a, b: _redrawn_mean_of(class_heard(g), a),
    details=_about_class,
)
TEXT_SCORE = Metric(
    "text_audio_score",
    "Fit to the text",
    "How near a clip lies to its caption, -1 to 1. Higher is better; compare figures of one embedder only.",
    frozenset({CAPTIONS}),
    lower_is_better=False,
    module="clap_score",
    published={"clap": "clap_score[clap]"},
)
CLASSIFICATION = Metric(
    "classification_accuracy_score",
    "Classification accuracy score",
    "How well a classifier that learned from the generated sounds names real ones. 1 is best.",
    frozenset({REFERENCE, EMBEDDER, LABELS, REFERENCE_LABELS}),
    lower_is_better=False,
    module="classification_accuracy_score",
)
SPECTRAL = Metric(
    "log_spectral_distance",
    "Log-spectral distance",
    "How far the spectra of pairs of one name lie apart, in dB. 0 is best; for codecs and vocoders.",
    frozenset({REFERENCE, PAIRS}),
    module="log_spectral_distance",
)
COMPARED = (FRECHET, KERNEL, INCEPTION, PAIRED_KL, PROMPTED_CLASS)
METRICS = (*COMPARED, TEXT_SCORE, CLASSIFICATION, SPECTRAL)
