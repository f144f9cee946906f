"""Hosts' own loaders on our files: which keys they find, and how far their weights are from diffusers'.

    python -m benchmarks.hosts [--comfyui PATH] [--automatic1111 PATH] [--forge PATH] [--reforge PATH]
                               [--sd-scripts PATH] [--lycoris PATH] [--diffusers BASE] [--python PATH]
                               [--json FILE]

Each PATH is a checkout of that host. Our files (LoRA, rsLoRA, DoRA, LoHa, LoKr as exported for hosts, and a word) are
made from random weights of Stable Diffusion 1.5's layout; the reference is what stock diffusers merges or loads. With
LyCORIS, files that it writes are read by the project too, and there the weights that it trains with are the reference.
--diffusers runs the version of diffusers that --python has, on the adapters as training leaves them and on BASE
(base_model) in its pipelines. A host runs in a process of its own, by the interpreter of --python, which has the
packages that it wants.
--json keeps the rows of hosts and versions that this call does not run.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from spectrogram.files import json_file

HOSTS = ("comfyui", "automatic1111", "forge", "reforge", "sd-scripts", "lycoris", "diffusers")
ROOT = Path(__file__).resolve().parents[2]


def version(host: str, checkout: Path, python: str = sys.executable) -> str:
    """What a checkout (diffusers: an interpreter) says of itself; "not stated" where it says nothing."""
    if host == "diffusers":
        asked = "import importlib.metadata as told; print(told.version('diffusers'))"
        done = subprocess.run([python, "-c", asked], capture_output=True, text=True, timeout=60)
        return done.stdout.strip() or "not stated"
    if host == "comfyui" and (checkout / "comfyui_version.py").is_file():
        found = re.search(r'__version__ = "([^"]+)"', (checkout / "comfyui_version.py").read_text(encoding="utf-8"))
        return found[1] if found else "not stated"
    if host == "forge" and (checkout / "modules_forge" / "forge_version.py").is_file():
        told = (checkout / "modules_forge" / "forge_version.py").read_text(encoding="utf-8")
        found = re.search(r"version = '([^']+)'", told)
        return found[1] if found else "not stated"
    if host == "automatic1111" and (checkout / "CHANGELOG.md").is_file():
        return (checkout / "CHANGELOG.md").read_text(encoding="utf-8").splitlines()[0].lstrip("# ").strip()
    if host == "lycoris" and (checkout / "setup.py").is_file():
        found = re.search(r'version="([^"]+)"', (checkout / "setup.py").read_text(encoding="utf-8"))
        return found[1] if found else "not stated"
    if host == "sd-scripts" and (checkout / "README.md").is_file():
        found = re.search(r"\*\*Version (\d[\d.]*)", (checkout / "README.md").read_text(encoding="utf-8"))
        return found[1] if found else "not stated"
    return "not stated"


def measure(checkouts: dict[str, Path], python: str = sys.executable) -> list[dict]:
    """A row for each host and kind of file."""
    from benchmarks.hosts import artefacts, diffusers_versions, kohya
    from spectrogram.models import quiet_loading

    quiet_loading()
    rows = []
    with tempfile.TemporaryDirectory(prefix="hosts-") as folder:
        folder = Path(folder)
        refused = artefacts.make(folder)
        for host, checkout in checkouts.items():
            words = [python, "-m", "benchmarks.hosts.loaders", host, str(checkout), str(folder)]
            settings = os.environ | {"CUDA_VISIBLE_DEVICES": "", "HF_HUB_OFFLINE": "1"}
            done = subprocess.run(words, cwd=ROOT, env=settings, capture_output=True, text=True, timeout=900)
            told = {"host": host, "version": version(host, checkout, python)}
            if done.returncode:
                reason = (done.stderr.strip().splitlines() or ["no word"])[-1]
                rows.append({**told, "file": "all", "result": f"did not start: {reason[:200]}"})
                continue
            notes = json.loads((folder / host / "notes.json").read_text(encoding="utf-8"))
            for kind in (*artefacts.KINDS, artefacts.WORD):
                trouble = f"not exported: {refused[kind]}" if kind in refused else notes.get(kind)
                rows.append({**told, "file": kind, **({"result": trouble} if trouble else compare(folder, host, kind))})
            for pipeline in diffusers_versions.PIPELINES if host == "diffusers" else ():
                rows.append({**told, "file": f"base in {pipeline}", "result": notes[pipeline]})
            for kind in kohya.THEIRS if host == "lycoris" else ():
                refusal = {"result": notes[kind]} if kind in notes else kohya.read_theirs(folder, kind)
                rows.append(
                    {**told, "file": kind, **(refusal or compare(folder, host, kind, folder / host / "theirs"))}
                )
    return rows


def compare(folder: Path, host: str, kind: str, truth: Path | None = None) -> dict:
    """Layers changed of those that ``truth / "wanted"`` (default: diffusers) changed, and how far off they are.

    `worst` and `change` are of any single weight; `missed` is the largest share of a layer's change, in the Frobenius
    norm, that is off.
    """
    from safetensors.torch import load_file

    from benchmarks.hosts.artefacts import WORD, slug

    name = f"{slug(kind)}.safetensors"
    wanted, found = load_file((truth or folder) / "wanted" / name), load_file(folder / host / name)
    if kind == WORD:
        same = wanted[WORD].shape == found[WORD].shape
        worst = (wanted[WORD] - found[WORD]).abs().max().item() if same else float("inf")
        missed = ((wanted[WORD] - found[WORD]).norm() / wanted[WORD].norm()).item() if same else float("inf")
        change = wanted[WORD].abs().max().item()
        return {"layers": 1, "found": int(same), "worst": worst, "change": change, "missed": missed}
    base = load_file(folder / "weights.safetensors")
    wanted = base | wanted
    changed = [layer for layer in base if not (wanted[layer] == base[layer]).all()]
    # A layer that the host did not find is as far off as the adapter would have moved it.
    off = [(found.get(layer, base[layer]) - wanted[layer]).abs().max().item() for layer in {*changed, *found}]
    change = max((wanted[layer] - base[layer]).abs().max().item() for layer in changed)
    missed = [
        ((found.get(layer, base[layer]) - wanted[layer]).norm() / (wanted[layer] - base[layer]).norm()).item()
        for layer in changed
    ]
    found_of = len(set(changed) & {layer for layer in found if not (found[layer] == base[layer]).all()})
    return {"layers": len(changed), "found": found_of, "worst": max(off), "change": change, "missed": max(missed)}


def show(rows: list[dict]):
    ends = f"{'layers':>9} {'worst difference':>17} {'largest change':>15} {'missed':>9}"
    print(f"{'host':14} {'version':14} {'file':36} {ends}")
    for row in rows:
        line = f"{row['host']:14} {row['version']:14} {row['file']:36}"
        if "result" in row:
            print(f"{line} {row['result']}")
        else:
            figures = f"{row['worst']:17.2g} {row['change']:15.2g} {row['missed']:9.2g}"
            print(f"{line} {row['found']:4}/{row['layers']:<4} {figures}")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.hosts", description=__doc__.splitlines()[0])
    for host in HOSTS:
        parser.add_argument(f"--{host}", type=Path, help="a checkout of it")
    parser.add_argument("--python", default=sys.executable, help="the interpreter of the hosts (default: this one)")
    parser.add_argument("--json", type=Path, help="write the rows here too")
    options = parser.parse_args()
    given = {host: getattr(options, host.replace("-", "_")) for host in HOSTS}
    checkouts = {host: checkout for host, checkout in given.items() if checkout}
    if not checkouts:
        parser.error("name at least one checkout")
    for host, checkout in checkouts.items():
        if not checkout.is_dir():
            parser.error(f"--{host}: there is no folder {checkout}")
    rows = measure({host: checkout.resolve() for host, checkout in checkouts.items()}, options.python)
    show(rows)
    if options.json:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        known = json.loads(options.json.read_text(encoding="utf-8")) if options.json.is_file() else []
        run = {(row["host"], row["version"]) for row in rows}
        rows = [row for row in known if (row["host"], row["version"]) not in run] + rows
        rows.sort(key=lambda row: (HOSTS.index(row["host"]), row["version"]))
        json_file.write(options.json, rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
