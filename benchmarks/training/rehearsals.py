"""A rehearsal at Stable Diffusion 1.5's real size under a limit of memory, method by method.

    python -m benchmarks.training.rehearsals BASE [--vram 4] [--methods NAMES] [--json FILE]

BASE is a folder of real size (`python -m benchmarks.training.real_size FOLDER` writes one with random weights). Each
rehearsal runs in a process of its own. Without a GPU the process first loads the libraries, reads how much private
memory it has then (its own part), and lets the system refuse whatever goes further than --vram gigabytes beyond that
(RLIMIT_DATA; Linux). That limit counts addresses: those of the largest weights' file come on top, because it is mapped
while it is read, though none of its pages is written. So what is judged is the memory that was really held.

Told for each method: seconds and highest memory of each stage, its share of the limit, whether the run was refused any
memory, the time to the first line and the longest silence between two lines.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from dataset_builder import __main__ as builder
from dataset_builder.soundscapes import composer
from spectrogram.files import json_file

# By the name in the report: the flags of the run that is rehearsed.
METHODS = {
    "lora": ["--method", "lora"],
    "dreambooth": ["--method", "dreambooth", "--class-prompt", "an animal calling"],
    "textual_inversion": ["--method", "textual_inversion"],
    "dora": ["--method", "lora", "--variant", "dora"],
}
CLIPS = 6
GIB = 2**30
LIMITED = """
import resource, re, sys
from pathlib import Path
from training.__main__ import main
from training import rehearsal
import training.exchange.export, peft, accelerate
vram, report, mapped = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
import torch
own = int(re.search(r"VmData:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) * 1024
if not torch.cuda.is_available():
    resource.setrlimit(resource.RLIMIT_DATA, (own + mapped + vram * 2**30,) * 2)
print("limited", flush=True)
kept = rehearsal.rehearse
def rehearse(*given):
    import dataclasses, json
    found = kept(*given)
    told = {"process_bytes": own, "mapped_bytes": mapped, "fits": found.fits, "whole_s": found.whole_s}
    told |= {"device": "cuda" if torch.cuda.is_available() else "cpu", "threads": torch.get_num_threads()}
    told |= dataclasses.asdict(found)
    json_file.write(Path(report), told, indent=None)
    return found
rehearsal.rehearse = rehearse
sys.exit(main(sys.argv[4:]))
"""


def dataset(folder: Path) -> Path:
    """Six owls in pictures of 512 x 512."""
    table = composer.write(folder / "raw", CLIPS, seed=8, classes=("owl",), pair_share=0)
    line = [str(table), "--audio", str(folder / "raw"), "--out", str(folder / "owls"), "--workers", "1"]
    if builder.main([*line, "--preset", "sd15"]):
        raise SystemExit("the dataset was not built")
    return folder / "owls"


def rehearse(base: Path, method: str, owls: Path, folder: Path, vram: int, more: list[str]) -> dict:
    """What one rehearsal told, and how long it was silent."""
    report = folder / f"{method}.json"
    mapped = max(path.stat().st_size for path in base.rglob("*.safetensors"))
    line = [
        sys.executable,
        "-c",
        LIMITED,
        vram,
        report,
        mapped,
        owls,
        "--out",
        folder / "runs" / method,
        "--vram",
        vram,
    ]
    line += ["--base", base, "--rehearse", *METHODS[method], *more]
    began, spoke, silences = time.monotonic(), None, []
    with subprocess.Popen([str(part) for part in line], stdout=subprocess.PIPE, text=True, bufsize=1) as process:
        for text in process.stdout:
            now = time.monotonic()
            if spoke is None and text == "limited\n":
                # What the process is before the command begins is no silence of the command's.
                began = now
                continue
            silences.append(now - (spoke or began))
            spoke = now
            print(f"{now - began:7.1f} s  {text.rstrip()}", flush=True)
    told = json.loads(report.read_text(encoding="utf-8")) if report.is_file() else {"stages": []}
    return {"method": method, "vram": vram, "exit_code": process.returncode, "seconds": time.monotonic() - began,
            "first_line_s": silences[0], "longest_silence_s": max(silences[1:], default=0.0), **told}  # fmt: skip


def main():
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.training.rehearsals", description=__doc__.splitlines()[0]
    )
    parser.add_argument("base", type=Path, help="a model folder of real size")
    parser.add_argument("--vram", type=int, default=4)
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=list(METHODS))
    parser.add_argument("--json", type=Path, help="file that the rows are added to")
    arguments, more = parser.parse_known_args()
    with tempfile.TemporaryDirectory() as place:
        owls = dataset(Path(place))
        for method in arguments.methods:
            row = rehearse(arguments.base, method, owls, Path(place), arguments.vram, more)
            highest = max((stage["peak_bytes"] - row["own_bytes"] for stage in row["stages"]), default=0) / GIB
            silent = f"first line after {row['first_line_s']:.1f} s, longest silence {row['longest_silence_s']:.1f} s"
            print(f"{method}: code {row['exit_code']}, {highest:.2f} GiB of {arguments.vram}, {silent}", flush=True)
            if arguments.json:
                keep(arguments.json, row)


def keep(path: Path, row: dict):
    """Put a row into a file in place of that of the same method and limit."""
    known = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else []
    others = [old for old in known if (old["method"], old["vram"]) != (row["method"], row["vram"])]
    path.parent.mkdir(parents=True, exist_ok=True)
    json_file.write(path, [*others, row])


if __name__ == "__main__":
    main()
