"""Spectral differences between generated clips and the clips they are named after: for codecs and vocoders."""

import numpy as np

from metrics.distances import spectral
from metrics.figures import set_metric
from metrics.figures.records import SPECTRAL
from metrics.sets.sound_set import pair_by_name
from spectrogram.files.audio import read_audio


class LogSpectralDistance(set_metric.SetMetric):
    """LSD in dB, spectral convergence, multi-resolution STFT loss, PSNR and SSIM of the spectrograms."""

    record = SPECTRAL
    inputs = "predictions, references: audio paths or a folder, paired by name"

    def measure(self, predictions, references, sample_rate_hz=16000):
        """{"log_spectral_distance": dB, ..., "n_used", "skipped": names and reasons}; silent references are skipped."""
        pairs, left_out = pair_by_name(set_metric.sounds_of(predictions), set_metric.sounds_of(references))
        figures, skipped = [], []
        for generated, reference in pairs:
            sounds = [read_audio(sound.path, sample_rate_hz, channels=1)[0][0] for sound in (reference, generated)]
            try:
                figures.append(_figures(*sounds))
            except ValueError as problem:
                skipped.append({"name": reference.name, "reason": str(problem)})
        if not figures:
            raise set_metric.NothingMeasured(
                f"none of {len(pairs)} pairs could be measured, the first because: {skipped[0]['reason']}",
                "clips with sound and of 64 ms at least",
                "look at the files",
            )
        lsd, convergence, multi, error, similarity = np.mean(figures, axis=0)
        return {
            SPECTRAL.name: float(lsd),
            "spectral_convergence": float(convergence),
            "multi_resolution_stft": float(multi),
            "psnr_db": float(-10 * np.log10(error)) if error > 0 else None,
            "ssim": float(similarity),
            "n_used": len(figures),
            "skipped": skipped + [{"name": name, "reason": "no partner of this name"} for name in left_out],
        }


def _figures(reference: np.ndarray, generated: np.ndarray) -> tuple[float, ...]:
    return (
        spectral.log_spectral_distance(reference, generated),
        spectral.spectral_convergence(reference, generated),
        spectral.multi_resolution_stft(reference, generated),
        spectral.picture_error(reference, generated),
        spectral.structural_similarity(reference, generated),
    )
