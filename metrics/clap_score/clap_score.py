"""CLAP score: mean cosine between each generated clip and its caption in one space of sound and text."""

import numpy as np

from metrics import set_metric
from metrics.distances.samples import check_pair
from metrics.embedders import load
from spectrogram.problems import UsageProblem


class ClapScore(set_metric.SetMetric):
    """-1 to 1, higher is nearer to the text. Figures of different CLAP checkpoints cannot be compared."""

    description = __doc__
    inputs = "predictions: audio paths, or sound embeddings; references: one caption for each, or text embeddings"

    def measure(self, predictions, references, embedder="clap", weights=None):
        """{"clap_score[embedder]": mean cosine, "per_clip", "n_generated", embedder}."""
        sounds, texts = set_metric.numbers_or_none(predictions), set_metric.numbers_or_none(references)
        if sounds is not None and texts is not None:
            cosines = _cosines(sounds, texts)
            return {"clap_score": float(cosines.mean()), "n_generated": len(cosines), "per_clip": cosines.tolist()}
        if len(predictions) != len(references):
            raise UsageProblem(
                f"{len(predictions)} clips and {len(references)} captions",
                "one caption for each clip",
                "pair them first",
            )
        chosen = load(embedder, weights)
        cosines = _cosines(chosen.embed(predictions), chosen.embed_texts(list(references)))
        return {
            f"clap_score[{chosen.name}]": float(cosines.mean()),
            "n_generated": len(cosines),
            "per_clip": cosines.tolist(),
            "embedder": chosen.identity,
        }


def _cosines(sounds, texts) -> np.ndarray:
    sounds, texts = check_pair(sounds, texts, minimum_rows=1)
    if len(sounds) != len(texts):
        raise UsageProblem(f"{len(sounds)} sounds and {len(texts)} texts", "as many of each", "pair them first")
    lengths = np.linalg.norm(sounds, axis=1) * np.linalg.norm(texts, axis=1)
    if (lengths == 0).any():
        raise UsageProblem(
            f"pair {int(np.argmin(lengths))} has an embedding of length 0", "a direction", "leave it out"
        )
    return np.sum(sounds * texts, axis=1) / lengths
