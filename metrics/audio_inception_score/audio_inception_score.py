"""Inception score of generated sound: how sure and how varied its classes are. It never looks at a reference."""

from metrics.distances import inception_score
from metrics.figures import set_metric
from metrics.figures.records import INCEPTION


class AudioInceptionScore(set_metric.SetMetric):
    """exp of the mean divergence of each clip's classes from the average ones, over splits; 1 to number of classes."""

    record = INCEPTION
    inputs = "predictions: audio paths, a folder, or an array of logits; references are not used"

    def measure(
        self, predictions, references=None, embedder="sd-audio-cnn-v1", weights=None, cache=True, splits=10, seed=2020
    ):
        """{"audio_inception_score[embedder]": mean, "std", "splits", "n_generated", embedder}."""
        logits = set_metric.numbers_or_none(predictions)
        if logits is not None:
            mean, spread = inception_score(logits, splits, seed)
            return {"audio_inception_score": mean, "std": spread, "splits": splits, "n_generated": len(logits)}
        generated = set_metric.embed_given(predictions, embedder, weights, cache)
        mean, spread = inception_score(generated.require_logits(), splits, seed)
        return {INCEPTION.key(generated.identity): mean, "std": spread, "splits": splits} | set_metric.count_and_name(
            generated
        )
