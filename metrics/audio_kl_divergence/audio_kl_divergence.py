"""Kullback-Leibler divergence between class probabilities of generated clips and of the clips they are named after."""

import numpy as np

from metrics.distances import kl_divergence, paired_kl
from metrics.figures import set_metric
from metrics.figures.records import PAIRED_KL


class AudioKLDivergence(set_metric.SetMetric):
    """Mean over pairs of one name of KL(reference ‖ generated) in nats; 0 is best."""

    record = PAIRED_KL
    inputs = "predictions, references: audio paths or a folder, {name: logits}, or arrays of logits paired by row"

    def measure(
        self,
        predictions,
        references,
        embedder="sd-audio-cnn-v1",
        weights=None,
        cache=True,
        kind="softmax",
        eps=1e-6,
        direction="ref_to_gen",
    ):
        """{"audio_kl_divergence[embedder]": value, "n_used", names left out, embedder}."""
        if isinstance(predictions, dict):
            value = paired_kl(references, predictions, kind, eps, direction)
            return {"audio_kl_divergence": float(value)} | _pairs(value)
        x, y = set_metric.numbers_or_none(predictions), set_metric.numbers_or_none(references)
        if x is not None and y is not None:
            return {"audio_kl_divergence": kl_divergence(y, x, kind, eps, direction), "n_used": len(np.atleast_1d(x))}
        generated = set_metric.embed_given(predictions, embedder, weights, cache)
        reference = set_metric.embed_given(references, embedder, weights, cache)
        value = paired_kl(reference.logits_by_name(), generated.logits_by_name(), kind, eps, direction)
        return (
            {PAIRED_KL.key(generated.identity): float(value)}
            | _pairs(value)
            | set_metric.count_and_name(generated, reference)
        )


def _pairs(value) -> dict:
    kept = ("n_used", "only_in_generated", "only_in_reference")
    details = {name: value.details[name] for name in kept}
    return details | {"per_pair": dict(zip(value.details["names"], value.details["per_pair"], strict=True))}
