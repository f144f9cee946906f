"""Checkpoints that survive any kill: written aside, manifest last, renamed once, and believed only if hashes hold.

checkpoints/step-000100/ holds one safetensors file a part (weights, optimizer, …) and manifest.json with the step, the
sha256 of each file and of itself, what the run depends on, and small values. No pickle is written or read.
"""

import hashlib
import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import torch
from pydantic import AfterValidator, BaseModel, Field
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from spectrogram import json_text
from spectrogram.files import atomic, json_file
from spectrogram.files.names import checked_name
from spectrogram.problems import EnvironmentProblem, Problem, UsageProblem

MANIFEST = "manifest.json"
FORMAT = 1


class Manifest(BaseModel):
    """manifest.json: what a checkpoint holds, and what a run must be to go on from it."""

    format: int
    step: int = Field(ge=0)
    files: dict[Annotated[str, AfterValidator(checked_name)], str]
    identity: dict[str, Any]
    values: dict[str, Any]
    own: str = ""


def own_digest(manifest: dict) -> str:
    """The sha256 of what a manifest says; earlier versions wrote none into it."""
    said = {name: value for name, value in json.loads(json_text.dumps(manifest)).items() if name != "own"}
    return hashlib.sha256(json_text.dumps(said, sort_keys=True).encode()).hexdigest()


class NonFiniteWeights(Problem):
    """Weights that must not be kept."""

    exit_code = 6


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint whose files were found whole."""

    path: Path
    manifest: dict

    @property
    def step(self):
        return self.manifest["step"]

    @property
    def values(self):
        return self.manifest["values"]

    def tensors(self, part):
        return load_file(self.path / f"{part}.safetensors")


def digest(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check_finite(tensors, what):
    """Raise NonFiniteWeights, naming the first tensor that holds NaN or infinity."""
    for name, tensor in tensors.items():
        if tensor.is_floating_point() and not torch.isfinite(tensor).all():
            raise NonFiniteWeights(
                f"{what}: {name} holds NaN or infinity", "finite weights; nothing was saved", "lower --rate and resume"
            )


class Checkpoints:
    """The checkpoints of one run; ``save`` keeps the newest few, ``newest`` finds the last one that is whole."""

    def __init__(self, folder, keep):
        self.folder, self.keep = Path(folder), keep

    def save(self, step, parts, identity, values):
        """Write tensors by part; older checkpoints go only after this one was read back and found whole.

        Raises NonFiniteWeights before anything is written and EnvironmentProblem (5) when the disk is full.
        """
        for part, tensors in parts.items():
            check_finite(tensors, f"checkpoint of step {step}, {part}")
        needed = sum(tensor.nbytes for tensors in parts.values() for tensor in tensors.values())
        final = self.folder / f"step-{step:06d}"
        try:
            with atomic.replacing_folder(final, needed) as unfinished:
                self._write(unfinished, step, parts, identity, values)
        except OSError as error:
            raise EnvironmentProblem(
                f"{final} cannot be written ({error.strerror or error})",
                f"room for {needed / 1e6:.1f} MB; earlier checkpoints are untouched",
                "free some space and run the same command again",
            ) from error
        if inspect(final) is None:
            self._retire()
        return final

    def _write(self, folder, step, parts, identity, values):
        for part, tensors in parts.items():
            try:
                save_file(
                    {name: tensor.contiguous() for name, tensor in tensors.items()}, folder / f"{part}.safetensors"
                )
            except SafetensorError as error:
                raise OSError(None, str(error)) from error
            _sync(folder / f"{part}.safetensors")
        files = {file.name: digest(file) for file in sorted(folder.iterdir())}
        manifest = {"format": FORMAT, "step": step, "files": files, "identity": identity, "values": values}
        manifest["own"] = own_digest(manifest)
        json_file.write(folder / MANIFEST, manifest)
        _sync(folder / MANIFEST)

    def _found(self):
        return sorted(self.folder.glob("step-*"), reverse=True)

    def _retire(self):
        """Remove all but the newest whole checkpoints; what is not whole goes too."""
        whole = 0
        for path in self._found():
            whole += inspect(path) is None
            if whole > self.keep or inspect(path) is not None:
                shutil.rmtree(path)

    def newest(self, report=lambda text: None):
        """The newest whole Checkpoint, or None; every invalid one is reported in a sentence."""
        for leftover in self.folder.glob(atomic.LEFTOVERS):
            report(f"{leftover.name} was left by a run that was killed while saving: removed")
            shutil.rmtree(leftover, ignore_errors=True)
        for path in self._found():
            wrong = inspect(path)
            if wrong is None:
                return Checkpoint(path, read_manifest(path).model_dump())
            report(f"checkpoint {path.name} is not used: {wrong}")
        return None


def read_manifest(path) -> Manifest:
    """The manifest of a checkpoint's folder; raises Problem for a damaged one."""
    return json_file.read(path / MANIFEST, Manifest, "an earlier checkpoint is used")


def inspect(path):
    """None when a checkpoint is whole, else what is wrong with it."""
    try:
        manifest = read_manifest(path)
    except Problem:
        return "it has no readable manifest"
    if manifest.format != FORMAT:
        return f"it has format {manifest.format}, this version reads {FORMAT}"
    if manifest.own and manifest.own != own_digest(manifest.model_dump()):
        return "its manifest is not what was written"
    for name, expected in manifest.files.items():
        if not (path / name).is_file() or digest(path / name) != expected:
            return f"{name} is not what the manifest says"
    return None


def check_same_run(checkpoint, identity, force=False):
    """Refuse to continue a run under other settings, data, base or processes; ``force`` lets it pass."""
    before = checkpoint.manifest["identity"]
    keys = [key for key in sorted({*before, *identity}) if before.get(key) != identity.get(key)]
    if keys and not force:
        told = ", ".join(f"{key} ({before.get(key)!r} then, {identity.get(key)!r} now)" for key in keys)
        raise UsageProblem(
            f"{checkpoint.path.parent.parent} was begun with other {told}",
            "the same, so that the run means something",
            "choose another --out, begin anew with --fresh, or continue all the same with --force-resume",
        )
    return keys


def flatten_optimizer(optimizer):
    """(tensors by "<parameter>.<name>", JSON values) of an optimizer's state; ``restore_optimizer`` is the inverse.

    An entry may be a dictionary of further ones, as 8-bit moments are: "<parameter>.<name>.<name>".
    """
    state, tensors, scalars = optimizer.state_dict(), {}, {}

    def put(key, value):
        if isinstance(value, dict):
            for name, inner in value.items():
                put(f"{key}.{name}", inner)
        elif isinstance(value, torch.Tensor):
            tensors[key] = value.detach().cpu().clone()
        else:
            scalars[key] = value

    for number, entries in state["state"].items():
        put(str(number), entries)
    return tensors, {"groups": state["param_groups"], "scalars": scalars}


def restore_optimizer(optimizer, tensors, values):
    state = {}
    for key, value in {**tensors, **values["scalars"]}.items():
        number, *names, last = key.split(".")
        place = state.setdefault(int(number), {})
        for name in names:
            place = place.setdefault(name, {})
        place[last] = value
    groups = [{k: tuple(v) if k == "betas" else v for k, v in group.items()} for group in values["groups"]]
    optimizer.load_state_dict({"state": state, "param_groups": groups})


def _sync(path):
    with open(path, "rb") as file:
        os.fsync(file.fileno())
