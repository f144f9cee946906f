"""What each choice of the base's recipe buys: small models that differ in one thing, for the same CPU seconds.

    python -m benchmarks.base_model.choices [--only pictures,vae,unet] [--named frames,mini] [--seconds 120] --json FILE

``pictures``: rate, bands and sub-frames in colour, each with a VAE of its own from nothing; ``vae``: its widths and
latent channels. Both are judged by the sound after the VAE: how many fast sounds are still heard as fast, and the error
of the mel spectrum in dB. ``unet``: what it predicts and its widths, from nothing on the base's latents and words;
judged by the share of clips that are heard as their class. A small model says which way to go, not how far one gets.
"""

import argparse
import json
from pathlib import Path

from benchmarks.base_model import choices_unet as unets
from benchmarks.base_model import choices_vae as vaes

GROUPS = {"pictures": vaes.PICTURES, "vae": vaes.VAES, "unet": unets.VARIANTS}


def main():
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.base_model.choices", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--only", default=",".join(GROUPS), help="groups, joined by commas")
    parser.add_argument("--named", default="", help="only variants whose names hold one of these, joined by commas")
    parser.add_argument("--seconds", type=float, default=120, help="CPU seconds that each variant may learn for")
    parser.add_argument("--clips", type=int, default=1000, help="composed clips that all learn from")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    import torch

    torch.set_num_threads(1)
    rows = {}
    for group in arguments.only.split(","):
        measure = unets.measure if group == "unet" else vaes.measure
        for name, variant in GROUPS[group].items():
            if not any(part in name for part in arguments.named.split(",")):
                continue
            row = rows[f"{group}: {name}"] = measure(variant, arguments.seconds, arguments.clips)
            print(f"{group:9} {name:28}", "  ".join(f"{key} {value:g}" for key, value in row.items()), flush=True)
            if arguments.json:
                arguments.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
