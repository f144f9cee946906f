"""The objective against diffusers' own schedulers and the papers' formulas."""

import math

import pytest
import torch
from diffusers import DDPMScheduler

from training.loop import objective, schedule


def scheduler(kind, zero_snr=False):
    return DDPMScheduler(
        beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", prediction_type=kind,
        rescale_betas_zero_snr=zero_snr,
    )  # fmt: skip


def test_stratified_timesteps_hit_every_stratum_once():
    drawn = objective.stratified_timesteps(50, 1000, torch.Generator().manual_seed(0))
    assert sorted((drawn // 20).tolist()) == list(range(50))


def test_velocity_turns_noise_and_latent_into_one_another():
    """v = alpha * noise - sigma * x0, so x0 = alpha * x_t - sigma * v (Salimans & Ho 2022)."""
    table = scheduler("v_prediction", zero_snr=True)
    latents, noise, steps = torch.randn(4, 4, 8, 8), torch.randn(4, 4, 8, 8), torch.tensor([3, 400, 800, 999])
    v = objective.target(table, latents, noise, steps)
    alpha = table.alphas_cumprod[steps].sqrt().view(-1, 1, 1, 1)
    sigma = (1 - table.alphas_cumprod[steps]).sqrt().view(-1, 1, 1, 1)
    recovered = alpha * table.add_noise(latents, noise, steps) - sigma * v
    assert torch.allclose(recovered, latents, atol=1e-5)


@pytest.mark.parametrize(("kind", "extra"), [("epsilon", 0), ("v_prediction", 1)])
def test_min_snr_weights_are_the_papers(kind, extra):
    table, steps = scheduler(kind), torch.tensor([10, 500, 900])
    alphas = table.alphas_cumprod[steps]
    expected = [min(a / (1 - a), 5.0) / (a / (1 - a) + extra) for a in alphas.tolist()]
    assert objective.min_snr_weights(table, steps, 5.0).tolist() == pytest.approx(expected, rel=1e-4)


def test_min_snr_stays_finite_where_the_signal_is_gone():
    weights = objective.min_snr_weights(scheduler("v_prediction", zero_snr=True), torch.tensor([999]), 5.0)
    assert torch.isfinite(weights).all()


def test_an_unknown_prediction_type_lists_the_known_ones():
    table = scheduler("epsilon")
    table.register_to_config(prediction_type="odd")
    with pytest.raises(ValueError, match="expected epsilon, v_prediction or sample"):
        objective.target(table, *[torch.zeros(1, 4, 8, 8)] * 2, torch.tensor([1]))


def test_the_learning_rate_leaves_the_warm_up_stays_flat_and_ends_at_zero():
    curve = [schedule.warm_flat_cosine(step, 100, 10, 0.5) for step in range(100)]
    assert curve[:10] == pytest.approx([(i + 1) / 10 for i in range(10)])
    assert curve[10:50] == [1.0] * 40
    assert curve[75] == pytest.approx(0.5 * (1 + math.cos(math.pi / 2)))
    assert curve[-1] < 0.002
