"""`logmel-stats-v1`: mean and standard deviation of VGGish's log-mel bands in each 0.96 s patch, no weights at all.

Its definition is this file, and its results are rounded to 1e-6, so that every machine gets the same bits. It hears
level, spectrum and unrest; it is blind to pitch contours, to the order of events and to what a sound means.
"""

import hashlib

import numpy as np

from metrics.embedders.front_ends import VGGISH_RATE_HZ, vggish_patches
from metrics.embedders.interface import Analysis, Embedder

DEFINITION = "vggish log-mel 64, patches of 96 frames without overlap, mean then std (ddof 0), rounded to 1e-6"


class LogMelStats(Embedder):
    """128 numbers a patch: 64 band means, then 64 band deviations, in nats."""

    name = "logmel-stats-v1"
    version = "1"
    sha256 = hashlib.sha256(DEFINITION.encode()).hexdigest()
    sample_rate_hz = VGGISH_RATE_HZ
    hop_s = 0.96
    dimensions = 128
    rows_of = "window"

    def analyse(self, audio: np.ndarray) -> Analysis:
        """Rows (patches, 128) of mono audio at 16 kHz."""
        patches = vggish_patches(audio)
        return Analysis(np.round(np.concatenate([patches.mean(axis=1), patches.std(axis=1)], axis=1), 6))
