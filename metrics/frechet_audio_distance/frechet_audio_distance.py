"""Fréchet distance between the embeddings of two sets of sound, by any embedder, under a name that tells which."""

import numpy as np

from metrics.distances import fad_infinity, frechet_distance, frechet_distance_per_row_group
from metrics.figures import set_metric
from metrics.figures.records import FRECHET

CITATION = """@inproceedings{kilgour2019frechet,
  title={Fr\\'echet Audio Distance: A Reference-Free Metric for Evaluating Music Enhancement Algorithms},
  author={Kilgour, Kevin and Zuluaga, Mauricio and Roblek, Dominik and Sharifi, Matthew},
  booktitle={Interspeech}, year={2019}}"""


class FrechetAudioDistance(set_metric.SetMetric):
    """Squared distance of the Gaussians fitted to two clouds of embeddings; 0 is best, the scale is the embedder's."""

    record = FRECHET
    citation = CITATION

    def measure(
        self,
        predictions,
        references,
        embedder="sd-audio-cnn-v1",
        weights=None,
        cache=True,
        infinity=False,
        per_clip=False,
        seed=0,
    ):
        """{"frechet_audio_distance" for VGGish, else "frechet_distance[embedder]": value, counts, embedder}.

        infinity adds the figure extrapolated to an endless generated set, per_clip the distance of each generated clip.
        """
        x, y = set_metric.numbers_or_none(predictions), set_metric.numbers_or_none(references)
        if x is not None and y is not None:
            result = {"frechet_distance": frechet_distance(x, y), "n_generated": len(x), "n_reference": len(y)}
            return result | (_infinity(x, y, seed) if infinity else {})
        generated = set_metric.embed_given(predictions, embedder, weights, cache)
        reference = set_metric.embed_given(references, embedder, weights, cache)
        value = {FRECHET.key(generated.identity): FRECHET.value(generated, reference)}
        result = value | set_metric.count_and_name(generated, reference)
        if infinity:
            result |= _infinity(generated.rows, reference.rows, seed)
        if per_clip:
            distances = frechet_distance_per_row_group(generated.clip_rows, reference.rows)
            result["per_clip"] = dict(zip(generated.names, distances, strict=True))
        return result


def _infinity(x: np.ndarray, y: np.ndarray, seed: int) -> dict:
    draw = np.random.default_rng(seed)
    sizes = np.unique(np.linspace(max(2, len(x) // 2), len(x), 15).astype(int))
    value, slope, r2 = fad_infinity(x, y, [draw.choice(len(x), size, replace=False) for size in sizes])
    return {"infinity": value, "infinity_slope": slope, "infinity_r2": r2}
