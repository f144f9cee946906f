"""The one trainer: a network, clips, a loss, augmentation, early stopping; the seed decides everything random."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from sklearn.metrics import average_precision_score

from bioacoustics.classifiers.augmentation import NONE, Augmentation, changed, masked, mixed
from bioacoustics.classifiers.clips import Clips, ClipsProblem
from bioacoustics.classifiers.front_end import FrontEnd
from bioacoustics.classifiers.losses import LOSSES
from bioacoustics.classifiers.network import NETWORKS, LinearHead
from spectrogram.problems import UsageProblem

LAST_LAYER, CONVOLUTIONS = "classes.", "trunk."
Progress = Callable[[int, int, float], None]


@dataclass(frozen=True)
class TrainingSettings:
    """``loss`` empty: cross-entropy for one label a clip, BCE for several.  ``patience`` counts validations."""

    network: str = "cnn"
    loss: str = ""
    steps: int = 600
    batch: int = 32
    rate: float = 3e-3
    weight_decay: float = 0.02
    dropout: float = 0.3
    smoothing: float = 0.05
    balanced: bool = True
    look_every: int = 50
    patience: int = 6
    seed: int = 0
    augmentation: Augmentation = field(default_factory=Augmentation)

    def __post_init__(self) -> None:
        for name, table in (("network", NETWORKS), ("loss", {"": None, **LOSSES})):
            if getattr(self, name) not in table:
                raise UsageProblem(f"{name} is {getattr(self, name)!r}", f"one of {', '.join(table)}", "choose one")
        for name in ("steps", "batch", "rate"):
            if getattr(self, name) <= 0:
                raise UsageProblem(f"{name} is {getattr(self, name)}", "more than 0", "correct it")


@dataclass
class Fitted:
    """A trained network and what became of it: ``history`` of (step, loss, validation score), ``best_step``."""

    network: torch.nn.Module
    history: list[tuple[int, float, float | None]]
    best_step: int


def chances(targets: np.ndarray, balanced: bool) -> np.ndarray:
    """How often each clip is drawn: balanced, every class as often as any other (clips with none as often as one)."""
    if not balanced:
        return np.full(len(targets), 1 / len(targets))
    sizes = np.maximum(targets.sum(axis=0), 1)
    weights = (targets / sizes).sum(axis=1)
    weights[targets.sum(axis=1) == 0] = 1 / max(1, int((targets.sum(axis=1) == 0).sum()))
    return weights / weights.sum()


def fit(
    clips: Clips,
    front: FrontEnd | None,
    settings: TrainingSettings,
    validation: Clips | None = None,
    noise: Clips | None = None,
    progress: Progress = lambda step, steps, loss: None,
    start: Mapping[str, torch.Tensor] | None = None,
) -> Fitted:
    """Train a network.

    Args:
        clips: what it learns from.
        front: turns stored decibels into levels; None for embeddings (network "linear"), which are taken as they are.
        settings: see ``TrainingSettings``.
        validation: with it, the weights of the best look are kept and training ends after ``patience`` looks without a
            better one.
        noise: recordings that are mixed under the clips; None: steady noise of random colours.
        progress: told the step, all steps and the loss.
        start: weights of a network that learned other classes; all but its last layer are begun from.
    """
    torch.manual_seed(settings.seed)
    rng = np.random.default_rng(settings.seed)
    network = network_for(clips, settings)
    if start is not None:
        begin_from(network, start)
    optimizer = torch.optim.AdamW(network.parameters(), lr=settings.rate, weight_decay=settings.weight_decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, settings.rate, total_steps=settings.steps, pct_start=0.15)
    loss_of = LOSSES[settings.loss or ("bce" if clips.multi_label else "cross_entropy")]
    drawn = chances(clips.targets, settings.balanced)
    history, best, best_score, best_step, idle = [], None, -np.inf, settings.steps, 0
    for step in range(1, settings.steps + 1):
        levels, targets = batch_of(clips, rng.choice(len(clips), settings.batch, p=drawn), front, noise, settings, rng)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=front is not None):
            logits = network.train()(torch.from_numpy(levels))
        loss = loss_of(logits.float(), torch.from_numpy(targets), settings.smoothing)
        if not torch.isfinite(loss):
            raise ClipsProblem(f"the loss is {float(loss)} at step {step}", "a number", "lower the rate")
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        progress(step, settings.steps, float(loss.detach()))
        if validation is not None and (step % settings.look_every == 0 or step == settings.steps):
            score = validation_score(network, validation, front)
            history.append((step, float(loss.detach()), score))
            idle += 1
            if score > best_score:
                best, best_score, best_step, idle = copy.deepcopy(network.state_dict()), score, step, 0
            if idle >= settings.patience:
                break
    if best is not None:
        network.load_state_dict(best)
    return Fitted(network.eval(), history, best_step)


def network_for(clips: Clips, settings: TrainingSettings) -> torch.nn.Module:
    network = NETWORKS[settings.network](len(clips.classes), clips.stored.shape[2], settings.dropout)
    if isinstance(network, LinearHead):
        rows = torch.from_numpy(clips.stored.mean(axis=1).astype(np.float32))
        network.mean.copy_(rows.mean(dim=0))
        network.spread.copy_(rows.std(dim=0).clamp_min(1e-6))
    return network


def begin_from(network: torch.nn.Module, start: Mapping[str, torch.Tensor]) -> None:
    """Give a network the weights of another, but for the layer that names classes.

    A network of the other kind, cnn or crnn, gives its convolutions alone.  Raises UsageProblem when no layer fits.
    """
    own = network.state_dict()
    taken = {name: value for name, value in start.items() if not name.startswith(LAST_LAYER)}
    if set(taken) != {name for name in own if not name.startswith(LAST_LAYER)}:
        taken = {name: value for name, value in taken.items() if name.startswith(CONVOLUTIONS)}
    if not taken or any(name not in own or own[name].shape != value.shape for name, value in taken.items()):
        raise UsageProblem("the network to begin from has other layers", "a cnn or crnn", "choose another")
    network.load_state_dict(own | taken)


def batch_of(clips: Clips, chosen, front, noise, settings: TrainingSettings, rng) -> tuple[np.ndarray, np.ndarray]:
    """Levels (batch, frames, bands) and targets (batch, classes) of the chosen clips, changed and mixed."""
    if front is None:
        return clips.stored[chosen].astype(np.float32), clips.targets[chosen]
    augmentation, levels = settings.augmentation, []
    for index in chosen:
        under = noise.db(int(rng.integers(len(noise)))) if noise is not None else None
        db = changed(clips.db(index), fitted(under, clips.stored.shape[1]), augmentation, rng)
        levels.append(masked(front.levels(db), augmentation, rng))
    return mixed(np.stack(levels).astype(np.float32), clips.targets[chosen], augmentation, rng)


def fitted(db: np.ndarray | None, frames: int) -> np.ndarray | None:
    return None if db is None else np.resize(db, (frames, db.shape[1]))


@torch.inference_mode()
def scores(
    network: torch.nn.Module, clips: Clips, front: FrontEnd | None, several: bool | None = None, batch: int = 32
) -> np.ndarray:
    """Probabilities (n, classes): softmax for one label a clip, sigmoid for ``several`` (None: as the clips have)."""
    several = clips.multi_label if several is None else several
    out = []
    for start in range(0, len(clips), batch):
        part = clips.at(np.arange(start, min(start + batch, len(clips))))
        levels, _ = batch_of(part, range(len(part)), front, None, TrainingSettings(augmentation=NONE), NO_DRAWS)
        out.append(network(torch.from_numpy(levels)).float())
    logits = torch.cat(out)
    return (logits.sigmoid() if several else logits.softmax(dim=1)).numpy()


# With ``NONE`` nothing is drawn that changes a clip; the generator is only asked and its answers are not used.
NO_DRAWS = np.random.default_rng(0)


def validation_score(network: torch.nn.Module, clips: Clips, front: FrontEnd | None) -> float:
    """Mean average precision over the classes that occur: it moves before accuracy does, on few clips too."""
    given = scores(network.eval(), clips, front)
    present = [number for number in range(len(clips.classes)) if clips.targets[:, number].sum() > 0]
    return float(np.mean([average_precision_score(clips.targets[:, one], given[:, one]) for one in present]))
