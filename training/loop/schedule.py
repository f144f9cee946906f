"""Learning-rate curves as pure functions of the optimizer step, in shares of the peak."""

import math


def warm_flat_cosine(step, total_steps, warmup_steps, flat_share):
    """Linear warm-up, flat until ``flat_share`` of the run, then a half cosine to zero. Returns 0..1."""
    if step < warmup_steps:
        return (step + 1) / warmup_steps
    flat_end = max(warmup_steps, flat_share * total_steps)
    if step < flat_end or total_steps <= flat_end:
        return 1.0
    return 0.5 * (1 + math.cos(math.pi * min(1.0, (step - flat_end) / (total_steps - flat_end))))
