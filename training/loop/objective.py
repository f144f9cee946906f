"""The diffusion objective as pure functions: what is drawn, what is predicted, how errors are weighed.

Shapes: latents, noise (batch, channels, height, width); timesteps (batch,) integers in [0, train_steps).
Sources: v-prediction, Salimans & Ho 2022; Min-SNR, Hang et al. 2023; stratified draws, Kingma et al. 2021.
"""

import torch


def stratified_timesteps(batch, train_steps, generator):
    """One uniform draw from each of ``batch`` equal strata, in random order: every batch sees all noise levels."""
    strata = (torch.arange(batch) + torch.rand(batch, generator=generator)) / batch
    return (strata[torch.randperm(batch, generator=generator)] * train_steps).long()


def signal_to_noise(scheduler, timesteps):
    """alpha^2 / sigma^2 of each timestep; 0 at the last step of a zero-terminal-SNR schedule."""
    alphas = scheduler.alphas_cumprod.to(timesteps.device)[timesteps]
    return alphas / (1 - alphas)


def target(scheduler, latents, noise, timesteps):
    """What the UNet must answer under the scheduler's prediction type; unknown types raise ValueError."""
    kind = scheduler.config.prediction_type
    if kind == "epsilon":
        return noise
    if kind == "v_prediction":
        return scheduler.get_velocity(latents, noise, timesteps)
    if kind == "sample":
        return latents
    raise ValueError(f"prediction type {kind!r}: expected epsilon, v_prediction or sample; choose another scheduler")


def min_snr_weights(scheduler, timesteps, gamma):
    """Min-SNR weights for the mean squared error; ``gamma`` 0 weighs all timesteps alike.

    With v-prediction the divisor is SNR + 1, which stays finite at zero-terminal SNR; with epsilon the divisor is SNR,
    so a zero SNR is refused by the schedule check of the trainer, not hidden here.
    """
    if not gamma:
        return torch.ones(len(timesteps), device=timesteps.device)
    snr = signal_to_noise(scheduler, timesteps)
    divisor = snr + 1 if scheduler.config.prediction_type == "v_prediction" else snr
    return snr.clamp(max=gamma) / divisor


def squared_errors(unet, scheduler, latents, noise, timesteps, text, heard=None):
    """Mean squared error of each clip, shape (batch,), unweighted, in float32.

    ``heard`` (batch, width) is 0 in columns that do not count.
    """
    noisy = scheduler.add_noise(latents, noise, timesteps)
    predicted = unet(noisy, timesteps, encoder_hidden_states=text, return_dict=False)[0]
    error = predicted.float() - target(scheduler, latents, noise, timesteps).float()
    squares = error.pow(2)
    if heard is not None:
        squares = squares * (heard / heard.mean(dim=1, keepdim=True))[:, None, None]
    return squares.mean(dim=(1, 2, 3))
