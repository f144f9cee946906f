"""Kernel distances of two sets of sound (KAD and KID): no Gaussian assumed, no bias from small sets."""

from metrics.distances import kernel_distance, kernel_inception_distance
from metrics.figures import set_metric
from metrics.figures.records import KERNEL


class KernelAudioDistance(set_metric.SetMetric):
    """KAD: 100 x unbiased squared discrepancy under a Gaussian kernel; KID as well when kid_subset_size is given."""

    record = KERNEL

    def measure(
        self,
        predictions,
        references,
        embedder="sd-audio-cnn-v1",
        weights=None,
        cache=True,
        bandwidth=None,
        kid_subset_size=None,
        kid_subsets=100,
        seed=2020,
    ):
        """{"kernel_audio_distance[embedder]": value, "bandwidth", ("kernel_inception_distance[...]", "kid_std")}."""
        x, y = set_metric.numbers_or_none(predictions), set_metric.numbers_or_none(references)
        if x is not None and y is not None:
            suffix, counts = "", {"n_generated": len(x), "n_reference": len(y)}
        else:
            generated = set_metric.embed_given(predictions, embedder, weights, cache)
            reference = set_metric.embed_given(references, embedder, weights, cache)
            x, y, suffix = generated.rows, reference.rows, f"[{generated.identity['name']}]"
            counts = set_metric.count_and_name(generated, reference)
        value = kernel_distance(x, y, bandwidth)
        result = {f"{KERNEL.name}{suffix}": float(value), "bandwidth": value.details["bandwidth"]}
        if kid_subset_size is not None:
            kid = kernel_inception_distance(x, y, kid_subsets, kid_subset_size, seed)
            result |= {f"kernel_inception_distance{suffix}": float(kid), "kid_std": kid.details["std"]}
        return result | counts
