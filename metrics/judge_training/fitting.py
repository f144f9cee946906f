"""Trains and tests the classifier on log-mels in memory: soft targets, a one-cycle learning rate."""

from collections.abc import Callable

import numpy as np
import torch

from metrics.embedders.sound_cnn_features import relative_levels
from metrics.embedders.sound_cnn_network import SoundNet
from metrics.judge_training.augmentation import augment, mix
from metrics.judge_training.clips_in_memory import ClipsInMemory

MIXED_SHARE = 0.15
LABEL_SMOOTHING = 0.05
PEAK_RATE = 3e-3


def fit(
    clips: ClipsInMemory, weights: np.ndarray, steps: int, batch: int, seed: int, on_step: Callable | None = None
) -> SoundNet:
    """A trained network; `weights` says how often each clip is drawn. The seed fixes all draws and first weights."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    model = SoundNet(len(clips.classes)).to(memory_format=torch.channels_last).train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=PEAK_RATE, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, PEAK_RATE, total_steps=steps, pct_start=0.15)
    chances = weights / weights.sum()
    for step in range(steps):
        levels, targets = _batch(clips, rng.choice(len(clips), batch, p=chances), rng)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            logits = model(levels)[1]
        loss = torch.nn.functional.cross_entropy(logits.float(), targets, label_smoothing=LABEL_SMOOTHING)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        if on_step:
            on_step(step, float(loss.detach()))
    return model.eval()


def test_figures(model: SoundNet, clips: ClipsInMemory) -> dict:
    """Accuracy by folder, plain and after the codec: top-1 for one sound, "both in the top two" for two sounds."""
    probabilities = np.concatenate([_probabilities(model, clips, index) for index in range(0, len(clips), 32)])
    single = clips.targets.max(axis=1) == 1
    order = np.argsort(-probabilities, axis=1)
    right_single = order[:, 0] == clips.targets.argmax(axis=1)
    right_pair = np.take_along_axis(clips.targets, order[:, :2], axis=1).sum(axis=1) > 0.99
    folders = np.array(clips.folders)
    figures = {}
    for folder in sorted(set(clips.folders)):
        for kind, decoded in (("", False), (" after the codec", True)):
            here = (folders == folder) & (clips.decoded == decoded)
            for noun, chosen, right in (("one sound", single, right_single), ("two sounds", ~single, right_pair)):
                if (here & chosen).any():
                    rate = float(right[here & chosen].mean())
                    figures[f"{folder}: {noun}{kind}"] = {"accuracy": round(rate, 4), "n": int((here & chosen).sum())}
    return figures


def recall_by_class(model: SoundNet, clips: ClipsInMemory) -> dict[str, dict]:
    """{class: {"recall", "n", "most often taken for"}} over single sounds of all folders."""
    probabilities = np.concatenate([_probabilities(model, clips, index) for index in range(0, len(clips), 32)])
    table = {}
    for number, name in enumerate(clips.classes):
        guesses = probabilities[clips.targets[:, number] == 1].argmax(axis=1)
        if len(guesses):
            wrong = [clips.classes[guess] for guess in guesses if guess != number]
            taken_for = max(set(wrong), key=wrong.count) if wrong else None
            table[name] = {
                "recall": round(float((guesses == number).mean()), 3),
                "n": len(guesses),
                "taken_for": taken_for,
            }
    return table


def _batch(clips: ClipsInMemory, chosen: np.ndarray, rng: np.random.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    levels, targets = [], []
    for index in chosen:
        db, target = clips.db(index), clips.targets[index]
        if target.max() == 1 and rng.random() < MIXED_SHARE:
            other = int(rng.choice(chosen))
            db = mix(np.roll(db, rng.integers(len(db)), axis=0), clips.db(other), rng.uniform(0, 8))
            target = (target + clips.targets[other]) / 2
        levels.append(augment(db, rng, may_move=target.max() == 1))
        targets.append(target)
    return torch.from_numpy(np.stack(levels)), torch.from_numpy(np.stack(targets))


@torch.no_grad()
def _probabilities(model: SoundNet, clips: ClipsInMemory, start: int) -> np.ndarray:
    levels = relative_levels(np.stack([clips.db(i) for i in range(start, min(start + 32, len(clips)))]))
    return model(torch.from_numpy(levels))[1].softmax(dim=1).numpy()
