"""All phases of the base model in order; what is finished is recognised and skipped."""

import json
from pathlib import Path

import torch

from training.base_model import assemble
from training.base_model.phases import (
    from_nothing,
    line_sounds,
    more_channels,
    with_drills,
    with_recordings,
)

PHASES = {"second": with_recordings, "third": with_drills, "fourth": more_channels, "fifth": line_sounds}


def phases_of(base):
    """Names in the training log of a finished model; those of PHASES are its later phases."""
    return json.loads((base / "training_log.json").read_text(encoding="utf-8"))


def train(settings, work, out, stages, base=None, root=Path()):
    """All stages to a model folder; finished stages are recognised and skipped. Returns the checksums.

    Phase one starts from nothing; with ``base``, a finished model folder, the phases in its training log are left out.
    """
    torch.set_num_threads(settings.threads)
    torch.manual_seed(settings.seed)
    todo = [name for name in PHASES if getattr(settings, f"{name}_samples")]
    if base is None:
        base = work / "phase_one" if todo else out
        if not (base / "sha256.json").exists():
            from_nothing.train(settings, work, base, stages)
    else:
        todo = [name for name in todo if name == todo[-1] or name not in phases_of(base)]
    for name in todo:
        then = out if name == todo[-1] else work / f"phase_{name}"
        if then == out or not (then / "sha256.json").exists():
            PHASES[name].train(settings, work, base, then, stages, root)
        base = then
    return assemble.checksums(out)
