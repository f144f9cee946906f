"""Phases of whole batches at once, on any device: the gradient integrated along hills instead of over a queue.

Each frame is cut at its local minima. A hill takes its phase from the earlier frame where that is loudest under it, and
follows the gradient over its bins; a valley that is louder than the earlier frame beside it joins its two hills. Only
one gather a frame is sequential. A little worse than the queue of `phase` (sd15: .05-.1 dB of log-spectral distance).
"""

import math

import torch

from spectrogram.codec.phase import HANN_GAMMA, LINE_BEND, LINE_SLOPE
from spectrogram.params import SpectrogramParams


def integrate_phase(logs: torch.Tensor, params: SpectrogramParams, seed: int) -> torch.Tensor:
    """Phases in turns (batch, frames, bins) for natural-log magnitudes of that shape; a row's draws depend on its
    place in the batch and the seed alone."""
    over_time, course = _gradients(logs, params)
    earlier = torch.cat([logs[:, :1], logs[:, :-1]], dim=1)
    entries = _entries(logs, earlier)
    # What a cell adds to the phase of the earlier frame's cell that it is entered from.
    added = torch.gather(over_time - course, 2, entries) + course
    generator = torch.Generator().manual_seed(seed)
    start = torch.rand(len(logs), 1, logs.shape[2], generator=generator).to(logs.device)
    here = torch.gather(start[:, 0] - course[:, 0], 1, entries[:, 0]) + course[:, 0]
    phases = [here]
    for frame in range(1, logs.shape[1]):
        here = torch.remainder(torch.gather(here, 1, entries[:, frame]) + added[:, frame], 1)
        phases.append(here)
    return torch.stack(phases, dim=1)


def _gradients(logs: torch.Tensor, params: SpectrogramParams) -> tuple[torch.Tensor, torch.Tensor]:
    """Turns from the earlier frame to each cell, and from bin 0 to each cell, by the trapezoid rule (see `phase`)."""
    gamma = HANN_GAMMA * params.window_samples**2
    hop, size = params.hop_samples, params.fft_samples
    bins = torch.arange(logs.shape[2], device=logs.device)
    advance = (bins * hop % size) / size
    over_bins = torch.nn.functional.pad(logs, (1, 1), mode="replicate")
    over_bins = over_bins[..., 2:] - over_bins[..., :-2]
    over_frames = torch.cat([logs[:, 1:], logs[:, -1:]], dim=1) - torch.cat([logs[:, :1], logs[:, :-1]], dim=1)
    before = torch.cat([over_bins[:, :1], over_bins[:, :-1]], dim=1)
    slope = 0.5 * (over_bins + before)
    time_step = advance + hop / size * slope / (float(LINE_SLOPE) + float(LINE_BEND) * slope**2)
    bin_step = 0.5 - gamma / (8 * math.pi * hop * size) * (over_frames[..., 1:] + over_frames[..., :-1])
    course = torch.cumsum(torch.remainder(bin_step, 1), dim=2)
    return torch.remainder(time_step, 1), torch.nn.functional.pad(course, (1, 0))


def _entries(logs: torch.Tensor, earlier: torch.Tensor) -> torch.Tensor:
    """Bin (batch, frames, bins) where the earlier frame is loudest under each cell's hill."""
    level, below, above = logs[..., 1:-1], logs[..., :-2], logs[..., 2:]
    valley = torch.nn.functional.pad((level <= below) & (level < above), (1, 1))
    hill = _numbers(valley)
    loudest = _largest(earlier, hill)
    beside = torch.gather(loudest, 2, hill)
    lower = torch.minimum(beside, torch.nn.functional.pad(beside, (0, 1), mode="replicate")[..., 1:])
    hill = _numbers(valley & (logs <= lower))
    loudest = torch.gather(_largest(earlier, hill), 2, hill)
    bins = torch.arange(logs.shape[2], device=logs.device).expand_as(hill)
    found = torch.where(earlier == loudest, bins, -1)
    best = torch.full_like(hill, 0).scatter_reduce(2, hill, found, "amax", include_self=False)
    return torch.gather(best, 2, hill)


def _numbers(valley: torch.Tensor) -> torch.Tensor:
    """Number of each cell's hill, counted from 0; a valley is its left hill's last cell."""
    return torch.cumsum(torch.nn.functional.pad(valley, (1, 0))[..., :-1].long(), dim=2)


def _largest(values: torch.Tensor, hill: torch.Tensor) -> torch.Tensor:
    """Largest value of each hill, at the hill's number."""
    return torch.full_like(values, -math.inf).scatter_reduce(2, hill, values, "amax")
