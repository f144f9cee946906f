"""`python -m benchmarks.codec RECORDINGS`: our codec beside riffusion's and librosa's on real clips, in one run.

One thread, process time, the codecs in alternation on each clip, so that a busy machine slows all alike. Quality: see
`judges`. Prints a table and the ratios to riffusion; `--plot` draws them.
"""

import os

from spectrogram.files import json_file

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")

import argparse
import json
import time
from pathlib import Path

import numpy as np

from benchmarks.codec import claims, judges
from benchmarks.codec import peers as codec_peers
from benchmarks.codec.recordings import SECONDS, choose_clips

PICTURES = ("clean", "vae", "jpeg90")


def measure(peers, clips, degradations) -> dict:
    """{peer: {"encode_ms", "decode_ms", degradation: mean judgements}}; peers alternate on every clip."""
    found = {peer.name: {"encode": [], "decode": [], **{name: [] for name in degradations}} for peer in peers}
    for peer in peers:  # compile, fill caches
        peer.decode(*peer.encode(clips[0][0]))
    for index, clip in enumerate(clip[0] for clip in clips):
        for peer in peers:
            start = time.process_time()
            picture, side = peer.encode(clip)
            encoded = time.process_time()
            for name, degrade in degradations.items():
                seen = degrade(picture, index)
                begun = time.process_time()
                heard = peer.decode(seen, side)
                found[peer.name]["decode"].append(time.process_time() - begun)
                found[peer.name][name].append(judges.judge(clip, heard))
            found[peer.name]["encode"].append(encoded - start)
    return {
        peer: {
            "encode_ms": 1000 * float(np.median(values["encode"])),
            "decode_ms": 1000 * float(np.median(values["decode"])),
            **{name: np.mean(values[name], axis=0).round(3).tolist() for name in degradations},
        }
        for peer, values in found.items()
    }


def table(results: dict, degradations) -> str:
    """Markdown: a row for each codec and degradation, then the ratios of time to riffusion's."""
    lines = ["| codec | picture | " + " | ".join(judges.NAMES) + " | encode ms | decode ms |"]
    lines.append("|---" * (len(judges.NAMES) + 4) + "|")
    for peer, values in results.items():
        for name in degradations:
            figures = " | ".join(f"{value:.3g}" for value in values[name])
            lines.append(f"| {peer} | {name} | {figures} | {values['encode_ms']:.1f} | {values['decode_ms']:.0f} |")
    base = next((values for peer, values in results.items() if peer.startswith("riffusion")), None)
    lines.append("")
    for peer, values in results.items() if base else ():
        encode, decode = (base[key] / values[key] for key in ("encode_ms", "decode_ms"))
        lines.append(f"* {peer}: encode {encode:.1f} ×, decode {decode:.0f} × as fast as riffusion's")
    return "\n".join(lines)


def draw(results: dict, path: str):
    """Quality over speed, one dot for each codec and picture."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(7, 4), layout="constrained")
    for peer, values in results.items():
        speeds = SECONDS * 1000 / values["decode_ms"]
        names = [name for name in values if not name.endswith("_ms")]
        axes.plot([speeds] * len(names), [values[name][0] for name in names], "o-", label=peer)
        left = peer.endswith("colour")  # as fast as grey nearly, so that the names would lie on one another
        for name in names:
            place = {"xytext": (-6 if left else 6, 2), "ha": "right" if left else "left"}
            axes.annotate(name, (speeds, values[name][0]), textcoords="offset points", fontsize=7, **place)
    axes.set(xscale="log", xlabel="seconds of sound decoded per second, one thread", ylabel="log-spectral distance, dB")
    axes.margins(x=0.1)
    axes.legend(fontsize=8)
    figure.savefig(path, dpi=150)


def two_threads(preset: str, clips) -> float:
    """How many times faster two threads decode than one (wall clock)."""
    from spectrogram.codec import SpectrogramCodec
    from spectrogram.params import SpectrogramParams

    codec = SpectrogramCodec(SpectrogramParams.preset(preset))
    images = codec.encode_batch(clips * 3, judges.RATE_HZ)
    seconds = []
    for threads in (1, 2, 1, 2):
        start = time.perf_counter()
        codec.decode_batch(images, threads=threads)
        seconds.append(time.perf_counter() - start)
    return min(seconds[0], seconds[2]) / min(seconds[1], seconds[3])


def measure_all(options, clips) -> dict:
    """{"clips", "seed", "load", "results" of `measure`, "claims" that no peer has}."""
    peers = [codec_peers.ours("sd15", "ours, grey"), codec_peers.ours("sd15-fine", "ours, fine colour")]
    peers += [codec_peers.ours("mini", "ours, mini"), codec_peers.ours("mini64", "ours, mini64")]
    if not options.fast:
        peers += [codec_peers.riffusion()]
        peers += [] if options.without_librosa else [codec_peers.librosa_style()]
    vae = judges.through_vae(options.vae) if options.vae else judges.through_vae_proxy
    every = {"clean": lambda picture, _: picture, "vae": vae, "jpeg90": judges.through_jpeg}
    degradations = {name: every[name] for name in options.pictures}
    load = os.getloadavg()[0]
    results = measure(peers, clips, degradations)
    return {
        "clips": len(clips),
        "seed": options.seed,
        "load": [load, os.getloadavg()[0]],
        "results": results,
        "claims": claims.measure(Path(options.recordings), options.clips, options.seed),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument(
        "recordings", nargs="?", default="../shared/data", help="folder of audio (default: ../shared/data)"
    )
    parser.add_argument("--clips", type=int, default=8)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--vae", help="measure a real VAE instead of the proxy: folder or Hub id")
    parser.add_argument("--fast", action="store_true", help="leave the slow peers out")
    parser.add_argument("--without-librosa", action="store_true", help="compare with riffusion only")
    parser.add_argument("--pictures", nargs="+", choices=PICTURES, default=PICTURES, help="default: all")
    parser.add_argument("--json", help="write the figures here")
    parser.add_argument("--table", metavar="JSON", help="keep an earlier run's figures; measure only the threads anew")
    parser.add_argument("--plot", help="draw quality over speed into this PNG")
    options = parser.parse_args()
    import torch

    torch.set_num_threads(1)
    clips = choose_clips(Path(options.recordings), options.clips, options.seed)
    figures = json.loads(Path(options.table).read_text()) if options.table else measure_all(options, clips)
    figures["two_threads"] = {"times": two_threads("sd15", clips), "load": os.getloadavg()[0]}
    print(table(figures["results"], options.pictures), json.dumps(figures["claims"], allow_nan=False), sep="\n")
    print(f"* two threads decode {figures['two_threads']['times']:.2f} × as fast as one (wall clock)")
    if options.json:
        json_file.write(Path(options.json), figures)
    if options.plot:
        draw(figures["results"], options.plot)


if __name__ == "__main__":
    main()
