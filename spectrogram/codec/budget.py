"""What a set of parameters may cost: those that pictures and adapters bring along can ask for anything.

The tables between bands and bins hold bins x bands values; a spectrum holds bins x frames. Both are refused by their
number before anything is made. Pictures of any width are decoded a block of columns at a time, so that memory is flat.
"""

import math

from spectrogram.params import SpectrogramParams
from spectrogram.problems import PictureProblem

MOST_TABLE_VALUES = 6_000_000  # the largest table of a preset, riffusion's, has 4.5 million
MOST_BLOCK_VALUES = 1_600_000  # of the spectrum of a block: 15 s of `sd15`
MOST_OVERLAP = 64  # windows that a sample lies in; presets have 3 to 10
SEAM_WINDOWS, SEAM_S = 2, 0.25  # that two blocks share


def bins(params: SpectrogramParams) -> int:
    """Values of one frame's spectrum."""
    return params.fft_samples // 2 + 1


def spectrum_values(params: SpectrogramParams, columns: int) -> int:
    """Values of the spectrum of so many columns; what pads a window only costs in the tables."""
    return (params.window_samples // 2 + 1) * columns * params.frames_per_column * params.channels


def check(params: SpectrogramParams) -> None:
    """Raise PictureProblem, before anything is allocated, for parameters that cost more than any real picture."""
    table, overlap = bins(params) * params.bands, params.window_samples / params.hop_samples
    if table > MOST_TABLE_VALUES:
        raise PictureProblem(
            f"the parameters ask for {table / 1e6:.0f} million spectral values ({bins(params):,} x {params.bands})",
            f"{MOST_TABLE_VALUES / 1e6:.0f} million at most",
            "correct window_ms, sample_rate_hz or mel_bands, or name a --preset",
        )
    if overlap > MOST_OVERLAP:
        raise PictureProblem(
            f"the parameters lay each sample into {overlap:,.0f} windows",
            f"{MOST_OVERLAP} at most",
            "correct step_ms or window_ms, or name a --preset",
        )


def blocks(params: SpectrogramParams, columns: int) -> list[tuple[int, int]]:
    """(first, end) of the columns of each block of a picture, neighbours overlapping; one block for ordinary pictures.

    Raises:
        PictureProblem: One window alone is longer than a block.
    """
    most = MOST_BLOCK_VALUES // spectrum_values(params, 1)
    if columns <= most:
        return [(0, columns)]
    shared_s = max(SEAM_WINDOWS * params.window_samples / params.sample_rate_hz, SEAM_S)
    column_s = params.frames_per_column * params.hop_samples / params.sample_rate_hz
    shared = math.ceil(shared_s / column_s)
    if most < 3 * shared:
        raise PictureProblem(
            f"the parameters ask for {spectrum_values(params, columns):,} spectral values in windows of "
            f"{params.window_ms:g} ms",
            f"windows that fit three times into a block of {MOST_BLOCK_VALUES:,}",
            "correct window_ms or sample_rate_hz, or name a --preset",
        )
    starts = range(0, columns - shared, most - shared)
    return [(start, min(start + most, columns)) for start in starts]
