"""Whether one optimizer step of ours is one of diffusers' own scripts: same weights, batches, noise and rate.

    python -m benchmarks.training.equality CHECKOUT [--base FOLDER] [--resolution 128] [--cases NAMES] [--json FILE]

A script of the checkout runs unchanged in float32 for two steps (`recorder.py` writes down what it draws); our loop is
given the same passes and the same first weights. Told is the relative difference |ours - theirs| / |theirs| over all
trained tensors, of the weights and of what the steps changed in them. Without --base: random small weights; a base of
Stable Diffusion 1.5's size is made by `python -m benchmarks.training.real_size FOLDER`.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from diffusers import DDPMScheduler, UNet2DConditionModel
from PIL import Image
from safetensors.torch import load_file

from benchmarks.training.sides import Ignore
from spectrogram.files import json_file
from tests.tiny_sd import build_tiny_sd
from training import base as base_model
from training.flags import settings_of
from training.loop.devices import open_accelerator
from training.loop.feed import Pass
from training.loop.loop import Loop, Material
from training.methods import choose

LORA = "text_to_image/train_text_to_image_lora.py"
DREAMBOOTH = "dreambooth/train_dreambooth_lora.py"
WORDS = "textual_inversion/textual_inversion.py"
STEPS, BATCH, RATE, RANK, CLIPS = 2, 2, 1e-3, 4, 4
# Larger than any gradient norm: the LoRA script clips nothing, because its list of parameters is used up by then.
NEVER = 1e9
# Below the signal-to-noise ratio of nearly every time step: with the usual 5 only the first sixth of them is weighted.
LOW_GAMMA = 0.01


@dataclass(frozen=True)
class Case:
    """One comparison: the script, its further flags, and our settings that mean the same."""

    name: str
    script: str
    flags: tuple[str, ...]
    settings: dict


CASES = (
    Case("lora, epsilon", LORA, (), {}),
    Case("lora, epsilon, accumulation", LORA, ("--gradient_accumulation_steps", "2"), {"accumulate": 2}),
    Case("lora, epsilon, Min-SNR", LORA, ("--snr_gamma", str(LOW_GAMMA)), {"min_snr_gamma": LOW_GAMMA}),
    Case("lora, v-prediction", LORA, (), {}),
    Case("lora, v-prediction, Min-SNR, accumulation", LORA,
         ("--snr_gamma", "5", "--gradient_accumulation_steps", "2"), {"min_snr_gamma": 5.0, "accumulate": 2}),
    Case("dreambooth, epsilon", DREAMBOOTH, (), {"method": "dreambooth"}),
    Case("dreambooth, prior preservation", DREAMBOOTH,
         ("--with_prior_preservation", "--class_prompt", "a sound", "--num_class_images", str(CLIPS)),
         {"method": "dreambooth", "replay": 0.5}),
    Case("textual inversion, epsilon", WORDS, (), {"method": "textual_inversion", "weight_decay": 0.01}),
)  # fmt: skip


class Recorded:
    """A Feed that gives the passes of a record, in their order."""

    def __init__(self, record, reads_words):
        self.record, self.words = record, "ids" if reads_words else "words"

    def get(self, number, following):
        values = (self.record[f"pass.{number}.{name}"] for name in ("latents", "noise", "timesteps", self.words))
        latents, *others = values
        # The scripts count every column.
        heard = torch.ones(len(latents), latents.shape[-1])
        return Pass(torch.zeros(BATCH, dtype=torch.long), latents, *others, heard)


class Texts:
    """What a Loop asks of a cache whose passes are all recorded."""

    texts, text = ("",), torch.zeros(1, 1, 1)


def with_prediction(base: Path, folder: Path, kind: str) -> Path:
    """A base's folder with another prediction type and an ordinary schedule; its weights are links."""
    for source in base.rglob("*"):
        target = folder / source.relative_to(base)
        if source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            os.symlink(source.resolve(), target)
    config = folder / "scheduler" / "scheduler_config.json"
    told = json.loads(config.read_text(encoding="utf-8"))
    config.unlink()
    told |= {"prediction_type": kind, "rescale_betas_zero_snr": False, "timestep_spacing": "leading"}
    json_file.write(config, told, indent=None)
    return folder


def pictures(folder: Path, resolution: int, seed: int = 0) -> Path:
    """A folder of random pictures with captions, as the scripts read it."""
    folder.mkdir(parents=True)
    random = np.random.default_rng(seed)
    with open(folder / "metadata.jsonl", "w", encoding="utf-8") as table:
        for n in range(CLIPS):
            Image.fromarray(random.integers(256, size=(resolution, resolution, 3), dtype=np.uint8)).save(
                folder / f"{n}.png"
            )
            table.write(json.dumps({"file_name": f"{n}.png", "text": f"rain {n}"}, allow_nan=False) + "\n")
    return folder


def theirs(checkout: Path, case: Case, base: Path, folder: Path, resolution: int) -> dict:
    """The record of a script's two steps."""
    data, record = pictures(folder / "pictures", resolution), folder / "record.safetensors"
    shared = {"pretrained_model_name_or_path": base, "resolution": resolution, "train_batch_size": BATCH,
              "max_train_steps": STEPS, "learning_rate": RATE, "lr_scheduler": "constant", "lr_warmup_steps": 0,
              "adam_beta2": 0.99, "seed": 0, "mixed_precision": "no", "output_dir": folder / "out",
              "checkpointing_steps": 10**6}  # fmt: skip
    own = {
        LORA: {"train_data_dir": data, "caption_column": "text", "rank": RANK, "max_grad_norm": NEVER},
        DREAMBOOTH: {"instance_data_dir": data, "instance_prompt": "a sks sound", "rank": RANK, "max_grad_norm": NEVER},
        WORDS: {"train_data_dir": data, "placeholder_token": "<new-sound>", "initializer_token": "rain",
                "num_vectors": 2, "save_steps": 10**6, "repeats": 4},
    }[case.script]  # fmt: skip
    if "--with_prior_preservation" in case.flags:
        own["class_data_dir"] = pictures(folder / "kind", resolution, seed=1)
        (folder / "kind" / "metadata.jsonl").unlink()
    if case.script != LORA:
        # The other scripts take every file of the folder for a picture.
        (data / "metadata.jsonl").unlink()
    flags = [part for name, value in {**shared, **own}.items() for part in (f"--{name}", str(value))]
    script = Path(checkout) / "examples" / case.script
    line = [sys.executable, "-m", "benchmarks.training.recorder", record, script, *flags, *case.flags]
    done = subprocess.run([str(part) for part in line], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{case.script} ended with code {done.returncode}:\n{done.stderr[-3000:]}")
    return load_file(record)


def ours(case: Case, base: Path, record: dict) -> list[list[torch.Tensor]]:
    """Our trained tensors after each step, from the same first weights and passes."""
    few = {"steps": STEPS, "batch": BATCH, "rate": RATE, "rank": RANK, "warmup_steps": 0, "flat_share": 1.0,
           "clip_norm": NEVER, "precision": "no", "optimizer": "adamw", "prefetch": False, "min_snr_gamma": 0.0,
           "vectors": 2, "initial_word": "rain", "replay": 0.0, "base": str(base)}  # fmt: skip
    settings = settings_of({**few, **case.settings})
    parts = base_model.load(str(base))
    parts.free("vae")
    method = choose(settings.method).build(settings, parts)
    with torch.no_grad():
        for number, parameter in enumerate(method.parameters):
            parameter.copy_(taught_rows(case, record[f"step.0.{number}"]))
    clips = np.arange(CLIPS)
    kind = clips if settings.replay else []
    loop = Loop(settings, open_accelerator("no"), method, parts.scheduler, Material(Texts(), clips, kind, clips, []))
    loop.feed = Recorded(record, method.reads_words)
    loop.student.train()
    found = []
    for _ in range(STEPS):
        loop.advance(Ignore())
        found.append([parameter.detach().clone() for parameter in method.parameters])
    return found


def weighted_unevenly(case: Case, base: Path, record: dict) -> bool:
    """Whether a pass of the record gives its clips different weights: an even one is lost on Adam's first step."""
    scheduler = DDPMScheduler.from_pretrained(base, subfolder="scheduler")
    share = scheduler.alphas_cumprod / (1 - scheduler.alphas_cumprod)
    below = share + 1 if scheduler.config.prediction_type == "v_prediction" else share
    weights = share.clamp(max=case.settings["min_snr_gamma"]) / below
    drawn = [weights[steps] for name, steps in record.items() if name.endswith(".timesteps")]
    return any(float(own.max() / own.min()) > 1.1 for own in drawn)


def taught_rows(case: Case, tensor):
    """What is trained of a recorded tensor: of the script's whole table of embeddings, its new rows."""
    return tensor[-2:] if case.script == WORDS else tensor


def compare(case: Case, record: dict, found) -> list[dict]:
    """For each step the relative difference of the weights, and of what changed in them."""

    def flat(number):
        own = (taught_rows(case, record[f"step.{number}.{n}"]).flatten() for n in range(len(found[0])))
        return torch.cat(list(own)).double()

    rows, first = [], flat(0)
    for step, tensors in enumerate(found, start=1):
        mine, their = torch.cat([tensor.flatten() for tensor in tensors]).double(), flat(step)
        difference = (mine - their).norm()
        told = {"weights": float(difference / their.norm()), "change": float(difference / (their - first).norm())}
        rows.append({"case": case.name, "step": step, "trained": len(mine), **told})
    return rows


def unet_parameters(base: Path) -> int:
    """Weights of a base's UNet, from its configuration alone."""
    with torch.device("meta"):
        unet = UNet2DConditionModel.from_config(UNet2DConditionModel.load_config(base, subfolder="unet"))
    return sum(parameter.numel() for parameter in unet.parameters())


def script_version(checkout: Path, script: str) -> str:
    """The version of diffusers that a script asks for at least: that of its release."""
    text = (Path(checkout) / "examples" / script).read_text(encoding="utf-8")
    found = re.search(r"""check_min_version\(["']([\w.]+)["']\)""", text)
    return found[1] if found else "unknown"


def merged(path: Path, rows: list[dict]) -> list[dict]:
    """The rows of a file with these in place of those of the same case and base, in the order of CASES."""
    known = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else []
    key = lambda row: (row["case"], row["base_parameters"], row["step"])  # noqa: E731
    kept = [row for row in known if key(row) not in {key(new) for new in rows}]
    order = [case.name for case in CASES]
    return sorted(kept + rows, key=lambda row: (order.index(row["case"]), -row["base_parameters"], row["step"]))


def run(checkout: Path, base: Path | None = None, resolution: int = 128, cases=None) -> Iterator[dict]:
    """Rows of all cases, or of those whose names are given, as they are found."""
    with tempfile.TemporaryDirectory() as place:
        if base is None:
            base = build_tiny_sd(Path(place) / "tiny")
        for number, case in enumerate(CASES):
            if cases and case.name not in cases:
                continue
            folder = Path(place) / str(number)
            kind = "v_prediction" if "v-prediction" in case.name else "epsilon"
            model = with_prediction(Path(base), folder / "base", kind)
            record = theirs(checkout, case, model, folder, resolution)
            if "min_snr_gamma" in case.settings and not weighted_unevenly(case, model, record):
                raise SystemExit(f"{case.name}: every clip drawn has the same weight, nothing would be compared")
            size = {"base_parameters": unet_parameters(model), "resolution": resolution}
            size |= {"script_version": script_version(checkout, case.script), "torch": torch.__version__}
            yield from ({**row, **size} for row in compare(case, record, ours(case, model, record)))


def main():
    parser = argparse.ArgumentParser(prog="python -m benchmarks.training.equality", description=__doc__.splitlines()[0])
    parser.add_argument("checkout", type=Path, help="checkout of huggingface/diffusers")
    parser.add_argument("--base", type=Path, help="model folder (default: small random weights)")
    parser.add_argument("--resolution", type=int, default=128)
    parser.add_argument("--cases", nargs="+", metavar="NAME", help="; ".join(case.name for case in CASES))
    parser.add_argument("--json", type=Path, help="file that the rows are added to")
    arguments = parser.parse_args()
    for row in run(arguments.checkout, arguments.base, arguments.resolution, arguments.cases):
        told = f"weights {row['weights']:.1e}, change {row['change']:.1e}"
        print(f"{row['case']:44} step {row['step']}: {told}", flush=True)
        if arguments.json:
            arguments.json.parent.mkdir(parents=True, exist_ok=True)
            rows = merged(arguments.json, [row])
            json_file.write(arguments.json, rows)


if __name__ == "__main__":
    main()
