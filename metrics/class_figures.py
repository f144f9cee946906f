"""The figures that need class logits: KL over pairs, inception score, and how often the wanted class was heard."""

import numpy as np

from metrics.distances import inception_score, paired_kl
from metrics.distances.divergence import divergence_per_row
from metrics.embedding import EmbeddedSet
from metrics.intervals import bootstrap_interval

KL_EPS = 1e-6


def class_figures(generated: EmbeddedSet, reference: EmbeddedSet, resamples: int, seed: int) -> dict[str, dict]:
    """{name: figure}; KL only where names are shared, class accuracy only where generated clips have known labels."""
    name = generated.identity["name"]
    figures = {f"audio_inception_score[{name}]": _inception(generated)}
    if set(generated.names) & set(reference.names):
        figures[f"audio_kl_divergence[{name}]"] = _paired(generated, reference, resamples, seed)
    labelled = [i for i, sound in enumerate(generated.sounds) if sound.label in generated.classes]
    if labelled:
        figures[f"prompted_class_accuracy[{name}]"] = _prompted(generated, labelled, resamples, seed)
    return figures


def _inception(generated: EmbeddedSet) -> dict:
    splits = min(10, len(generated.sounds))
    score, spread = inception_score(generated.logits, splits=splits, seed=2020)
    return {
        "value": score,
        "low": max(1.0, score - 2 * spread),
        "high": score + 2 * spread,
        "note": f"1 to {len(generated.classes)}, higher is surer and more varied; it never looks at the reference",
        "n_used": len(generated.sounds),
        "splits": splits,
    }


def _paired(generated: EmbeddedSet, reference: EmbeddedSet, resamples: int, seed: int) -> dict:
    gen, ref = generated.logits_by_name(), reference.logits_by_name()
    value = paired_kl(ref, gen, eps=KL_EPS)
    names = value.details["names"]
    per_pair = divergence_per_row(*(np.stack([side[n] for n in names]) for side in (ref, gen)), "softmax", KL_EPS)
    low, high = _interval(per_pair, resamples, seed)
    return {
        "value": float(value),
        "low": low,
        "high": high,
        "note": "KL(reference ‖ generated) in nats over pairs of one name, eps 1e-6, at most 13.8; 0 is best",
        "n_used": len(names),
        "only_in_generated": value.details["only_in_generated"],
        "only_in_reference": value.details["only_in_reference"],
        "per_pair": dict(zip(names, per_pair.tolist(), strict=True)),
    }


def _prompted(generated: EmbeddedSet, labelled: list[int], resamples: int, seed: int) -> dict:
    wanted = np.array([generated.classes.index(generated.sounds[i].label) for i in labelled])
    right = (generated.logits[labelled].argmax(axis=1) == wanted).astype(float)
    low, high = _interval(right, resamples, seed)
    by_class = {}
    for number in sorted(set(wanted.tolist())):
        here = wanted == number
        by_class[generated.classes[number]] = {"accuracy": float(right[here].mean()), "n": int(here.sum())}
    return {
        "value": float(right.mean()),
        "low": low,
        "high": high,
        "note": "share of generated clips that the classifier puts into the class of their label; 1 is best",
        "n_used": len(labelled),
        "by_class": by_class,
    }


def _interval(per_clip: np.ndarray, resamples: int, seed: int) -> tuple[float | None, float | None]:
    if not resamples:
        return None, None
    value = float(per_clip.mean())
    return bootstrap_interval(value, lambda indices: per_clip[indices[0]].mean(), [len(per_clip)], resamples, seed)
