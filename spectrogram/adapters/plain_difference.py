"""DoRA as the plain difference that it makes to the weights of one base, factored at the rank that keeps it."""

import torch

from spectrogram.adapters.layouts import Layers, delta

LARGEST_ERROR = 0.01


def of(layers: Layers, weights: dict[tuple[str, str], torch.Tensor], error: float = LARGEST_ERROR):
    """(Layers without magnitudes, the largest error) of a DoRA on the base with these weights.

    DoRA (Liu et al. 2024): m (W + ΔW) / ‖W + ΔW‖, lengths over each output's inputs. What that adds to W is factored by
    singular values; a layer gets the smallest rank whose error, in the Frobenius norm over that of the change, is at
    most `error`.
    """
    found, worst = {}, 0.0
    for layer, tensors in layers.tensors.items():
        if "magnitude" not in tensors:
            found[layer] = tensors
            continue
        weight = weights[layer].double()
        moved = weight.flatten(1) + delta(tensors).double().flatten(1)
        lengths = tensors["magnitude"].double()[:, None] / moved.norm(dim=1, keepdim=True)
        down, up, missed = factor(lengths * moved - weight.flatten(1), error)
        convolution = (None, None) if weight.ndim == 4 else ()
        found[layer] = {"down": down.reshape(len(down), *weight.shape[1:]), "up": up[(..., *convolution)]}
        worst = max(worst, missed)
    return Layers(found), worst


def factor(change: torch.Tensor, error: float) -> tuple[torch.Tensor, torch.Tensor, float]:
    """(down (r, in), up (out, r), the share that is missed) with the smallest r of at least 1 that keeps `change`."""
    left, values, right = torch.linalg.svd(change, full_matrices=False)
    # The share that is missed when the first r are kept, for r = 0, 1, …
    missed = torch.cat([values.square().flip(0).cumsum(0).flip(0), values.new_zeros(1)]).sqrt()
    missed = missed / missed[0].clamp(min=1e-30)
    rank = max(1, int((missed > error).sum()))
    root = values[:rank].sqrt()
    return (root[:, None] * right[:rank]).float(), (left[:, :rank] * root).float(), float(missed[rank])
