"""Divergences of class probabilities: Kullback-Leibler between paired clips, and the inception score of one set.

Everything starts from logits (n, classes), so that no logarithm is taken of a probability that was rounded to zero.
"""

import itertools

import numpy as np

from metrics.distances.samples import SampleProblem, check_samples
from metrics.distances.value import Value

KINDS = ("softmax", "bernoulli", "sigmoid")
DIRECTIONS = ("ref_to_gen", "gen_to_ref")


def kl_divergence(
    logits_ref, logits_gen, kind: str = "softmax", eps: float = 1e-6, direction: str = "ref_to_gen"
) -> float:
    """Mean divergence in nats between row i of the reference and row i of the generated logits, both (n, classes).

    kind "softmax" is KL over one distribution a clip; "bernoulli" sums KL over independent yes/no classes; "sigmoid" is
    the formula of audioldm_eval on sigmoid outputs, which leaves out the no-part and is therefore not a KL.
    eps is added to the second distribution inside the logarithm: 1e-6 as audioldm_eval and audiocraft do (one pair then
    counts 13.8 nats at most), 0 for the exact value. direction "ref_to_gen" is KL(reference ‖ generated).
    """
    rows_ref = check_samples(logits_ref, "logits_ref", minimum_rows=1)
    rows_gen = check_samples(logits_gen, "logits_gen", minimum_rows=1)
    if rows_ref.shape != rows_gen.shape:
        raise SampleProblem(
            f"logits_ref has shape {rows_ref.shape} and logits_gen has {rows_gen.shape}",
            "one row a clip in both, and the same classes",
            "pair the clips by name (paired_kl) and use one classifier",
        )
    if direction not in DIRECTIONS:
        raise SampleProblem(f"direction is {direction!r}", f"one of {', '.join(DIRECTIONS)}", "choose one of these")
    first, second = (rows_ref, rows_gen) if direction == "ref_to_gen" else (rows_gen, rows_ref)
    return float(np.mean(divergence_per_row(first, second, kind, eps)))


def divergence_per_row(first: np.ndarray, second: np.ndarray, kind: str, eps: float) -> np.ndarray:
    """Divergence of each row of `first` from the same row of `second`, shape (n,), in nats."""
    if kind not in KINDS:
        raise SampleProblem(f"kind is {kind!r}", f"one of {', '.join(KINDS)}", "choose one of these")
    if eps < 0:
        raise SampleProblem(f"eps is {eps}", "0 (exact) or a small positive number", "use 0 or 1e-6")
    if kind == "softmax":
        return _weighted_log_ratio(_log_softmax(first), _log_softmax(second), eps).sum(axis=1)
    yes = _weighted_log_ratio(_log_sigmoid(first), _log_sigmoid(second), eps).sum(axis=1)
    if kind == "sigmoid":
        return yes
    return yes + _weighted_log_ratio(_log_sigmoid(-first), _log_sigmoid(-second), eps).sum(axis=1)


def paired_kl(ref: dict, gen: dict, kind: str = "softmax", eps: float = 1e-6, direction: str = "ref_to_gen") -> Value:
    """Mean divergence over the names that both dictionaries {name: logits (classes,)} share.

    A float whose `details` hold n_used, names, per_pair, only_in_reference and only_in_generated.
    """
    names = sorted(ref.keys() & gen.keys())
    if not names:
        raise SampleProblem(
            f"no name is in both sets ({len(ref)} reference, {len(gen)} generated; first of each: "
            f"{next(iter(sorted(ref)), 'none')!r}, {next(iter(sorted(gen)), 'none')!r})",
            "generated clips named like their reference clips",
            "rename the files, or use a metric that needs no pairs",
        )
    rows_ref, rows_gen = (_stack(logits, names, side) for logits, side in ((ref, "reference"), (gen, "generated")))
    value = kl_divergence(rows_ref, rows_gen, kind, eps, direction)
    first, second = (rows_ref, rows_gen) if direction == "ref_to_gen" else (rows_gen, rows_ref)
    return Value(
        value,
        n_used=len(names),
        names=names,
        per_pair=divergence_per_row(first, second, kind, eps).tolist(),
        only_in_reference=sorted(ref.keys() - gen.keys()),
        only_in_generated=sorted(gen.keys() - ref.keys()),
    )


def inception_score(logits, splits: int = 10, seed: int | None = None) -> tuple[float, float]:
    """(mean, std with ddof 0) over the splits of exp(mean_i KL(p_i ‖ mean p)), between 1 and the number of classes.

    With a seed the rows are first shuffled by numpy's RandomState(seed), as torch-fidelity and audioldm_eval do (2020).
    Says how sure and how varied the classes are, nothing about likeness to a reference. Source: Salimans et al., 2016.
    """
    rows = check_samples(logits, "logits", minimum_rows=1)
    if splits < 1 or len(rows) < splits:
        raise SampleProblem(
            f"{len(rows)} rows cannot be cut into {splits} splits", "1 <= splits <= rows", "lower splits or add clips"
        )
    if seed is not None:
        rows = rows[np.random.RandomState(seed).permutation(len(rows))]
    log_p = _log_softmax(rows)
    edges = [index * len(rows) // splits for index in range(splits + 1)]
    scores = [_split_score(log_p[start:end]) for start, end in itertools.pairwise(edges)]
    return float(np.mean(scores)), float(np.std(scores))


def _split_score(log_p: np.ndarray) -> float:
    probabilities = np.exp(log_p)
    with np.errstate(divide="ignore"):
        log_mean = np.log(probabilities.mean(axis=0))
    terms = np.where(probabilities > 0, probabilities * (log_p - log_mean), 0.0)
    return float(np.exp(terms.sum(axis=1).mean()))


def _stack(logits: dict, names: list[str], side: str) -> np.ndarray:
    rows = [np.asarray(logits[name], dtype=np.float64).reshape(-1) for name in names]
    for name, row in zip(names, rows, strict=True):
        if row.size != rows[0].size:
            raise SampleProblem(
                f"{side} clip {name!r} has {row.size} classes and {names[0]!r} has {rows[0].size}",
                "the same classes for every clip",
                "use one classifier for all clips",
            )
    return np.stack(rows)


def _weighted_log_ratio(log_p: np.ndarray, log_q: np.ndarray, eps: float) -> np.ndarray:
    """p (log p - log(q + eps)), 0 where p underflows to 0."""
    p = np.exp(log_p)
    return np.where(p > 0, p * (log_p - (np.log(np.exp(log_q) + eps) if eps else log_q)), 0.0)


def _log_softmax(logits: np.ndarray) -> np.ndarray:
    shifted = logits - logits.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def _log_sigmoid(logits: np.ndarray) -> np.ndarray:
    return -np.logaddexp(0.0, -logits)
