"""Hosts' own loaders on our files: which keys they find, and how far their weights are from diffusers'.

    python -m benchmarks.hosts [--comfyui PATH] [--automatic1111 PATH] [--forge PATH] [--reforge PATH] [--json FILE]

Each PATH is a checkout of that host. Our files (LoRA, rsLoRA, DoRA, LoHa, LoKr as exported for hosts, and a word) are
made from random weights of Stable Diffusion 1.5's layout; the reference is what stock diffusers merges or loads. A host
runs in a process of its own; packages that it wants beyond ours (einops, torchsde) go on PYTHONPATH.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

HOSTS = ("comfyui", "automatic1111", "forge", "reforge")
ROOT = Path(__file__).resolve().parents[2]


def version(host: str, checkout: Path) -> str:
    """What a checkout says of itself; "not stated" where it says nothing."""
    if host == "comfyui" and (checkout / "comfyui_version.py").is_file():
        found = re.search(r'__version__ = "([^"]+)"', (checkout / "comfyui_version.py").read_text(encoding="utf-8"))
        return found[1] if found else "not stated"
    if host == "forge" and (checkout / "modules_forge" / "forge_version.py").is_file():
        told = (checkout / "modules_forge" / "forge_version.py").read_text(encoding="utf-8")
        found = re.search(r"version = '([^']+)'", told)
        return found[1] if found else "not stated"
    if (checkout / "CHANGELOG.md").is_file():
        first = (checkout / "CHANGELOG.md").read_text(encoding="utf-8").splitlines()[0]
        return first.lstrip("# ").strip() if host == "automatic1111" else "not stated"
    return "not stated"


def measure(checkouts: dict[str, Path]) -> list[dict]:
    """A row for each host and kind of file."""
    from benchmarks.hosts import artefacts
    from spectrogram.models import quiet_loading

    quiet_loading()
    rows = []
    with tempfile.TemporaryDirectory(prefix="hosts-") as folder:
        folder = Path(folder)
        refused = artefacts.make(folder)
        for host, checkout in checkouts.items():
            words = [sys.executable, "-m", "benchmarks.hosts.loaders", host, str(checkout), str(folder)]
            settings = os.environ | {"CUDA_VISIBLE_DEVICES": "", "HF_HUB_OFFLINE": "1"}
            done = subprocess.run(words, cwd=ROOT, env=settings, capture_output=True, text=True, timeout=900)
            told = {"host": host, "version": version(host, checkout)}
            if done.returncode:
                reason = (done.stderr.strip().splitlines() or ["no word"])[-1]
                rows.append({**told, "file": "all", "result": f"did not start: {reason[:200]}"})
                continue
            notes = json.loads((folder / host / "notes.json").read_text(encoding="utf-8"))
            for kind in (*artefacts.KINDS, artefacts.WORD):
                trouble = f"not exported: {refused[kind]}" if kind in refused else notes.get(kind)
                rows.append({**told, "file": kind, **({"result": trouble} if trouble else compare(folder, host, kind))})
    return rows


def compare(folder: Path, host: str, kind: str) -> dict:
    """Layers that the host changed of those that diffusers changed, and the worst difference beside the change."""
    from safetensors.torch import load_file

    from benchmarks.hosts.artefacts import WORD, slug

    name = f"{slug(kind)}.safetensors"
    wanted, found = load_file(folder / "wanted" / name), load_file(folder / host / name)
    if kind == WORD:
        same = wanted[WORD].shape == found[WORD].shape
        worst = (wanted[WORD] - found[WORD]).abs().max().item() if same else float("inf")
        return {"layers": 1, "found": int(same), "worst": worst, "change": wanted[WORD].abs().max().item()}
    base = load_file(folder / "weights.safetensors")
    changed = [layer for layer in base if not (wanted[layer] == base[layer]).all()]
    # A layer that the host did not find is as far off as the adapter would have moved it.
    off = [(found.get(layer, base[layer]) - wanted[layer]).abs().max().item() for layer in {*changed, *found}]
    change = max((wanted[layer] - base[layer]).abs().max().item() for layer in changed)
    return {"layers": len(changed), "found": len(set(changed) & set(found)), "worst": max(off), "change": change}


def show(rows: list[dict]):
    print(f"{'host':14} {'version':14} {'file':36} {'layers':>9} {'worst difference':>17} {'largest change':>15}")
    for row in rows:
        line = f"{row['host']:14} {row['version']:14} {row['file']:36}"
        if "result" in row:
            print(f"{line} {row['result']}")
        else:
            print(f"{line} {row['found']:4}/{row['layers']:<4} {row['worst']:17.2g} {row['change']:15.2g}")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.hosts", description=__doc__.splitlines()[0])
    for host in HOSTS:
        parser.add_argument(f"--{host}", type=Path, help="a checkout of it")
    parser.add_argument("--json", type=Path, help="write the rows here too")
    options = parser.parse_args()
    checkouts = {host: getattr(options, host) for host in HOSTS if getattr(options, host)}
    if not checkouts:
        parser.error("name at least one checkout")
    for host, checkout in checkouts.items():
        if not checkout.is_dir():
            parser.error(f"--{host}: there is no folder {checkout}")
    rows = measure({host: checkout.resolve() for host, checkout in checkouts.items()})
    show(rows)
    if options.json:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
