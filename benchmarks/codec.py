"""`python -m benchmarks.codec RECORDINGS`: our codec beside riffusion's and librosa's on real clips, in one run.

One thread, process time, the codecs in alternation on each clip, so that a busy machine slows all alike. Quality: see
`codec_judges`. Prints a table and the ratios to riffusion; `--plot` draws them.
"""

import os

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")

import argparse
import json
import time
from pathlib import Path

import numpy as np

from benchmarks import codec_judges, codec_peers
from spectrogram.audio_io import read_audio

SECONDS = 5.12
SUFFIXES = (".wav", ".flac", ".ogg", ".mp3")


def choose_clips(folder: Path, count: int, seed: int) -> list[np.ndarray]:
    """Clips (samples,) of 5.12 s at 44.1 kHz, mono, from random recordings at least as long and not silent."""
    import soundfile

    files = sorted(
        file for file in folder.rglob("*") if file.suffix.lower() in SUFFIXES and "seed_outputs" not in str(file)
    )
    np.random.default_rng(seed).shuffle(files)
    clips = []
    for file in files:
        facts = soundfile.info(file)
        if facts.samplerate < codec_judges.RATE_HZ or facts.duration < SECONDS:
            continue
        audio, _ = read_audio(file, codec_judges.RATE_HZ, channels=1, seconds=SECONDS)
        clip = np.zeros(round(SECONDS * codec_judges.RATE_HZ), np.float32)
        clip[: audio.shape[1]] = audio[0, : len(clip)]
        if np.sqrt(np.mean(clip**2)) > 1e-4:
            clips.append(clip)
        if len(clips) == count:
            break
    return clips


def measure(peers, clips, degradations) -> dict:
    """{peer: {"encode_ms", "decode_ms", degradation: mean judgements}}; peers alternate on every clip."""
    found = {peer.name: {"encode": [], "decode": [], **{name: [] for name in degradations}} for peer in peers}
    for peer in peers:  # compile, fill caches
        peer.decode(*peer.encode(clips[0]))
    for index, clip in enumerate(clips):
        for peer in peers:
            start = time.process_time()
            picture, side = peer.encode(clip)
            encoded = time.process_time()
            for name, degrade in degradations.items():
                seen = degrade(picture, index)
                begun = time.process_time()
                heard = peer.decode(seen, side)
                found[peer.name]["decode"].append(time.process_time() - begun)
                found[peer.name][name].append(codec_judges.judge(clip, heard))
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
    lines = ["| codec | picture | " + " | ".join(codec_judges.NAMES) + " | encode ms | decode ms |"]
    lines.append("|---" * (len(codec_judges.NAMES) + 4) + "|")
    for peer, values in results.items():
        for name in degradations:
            figures = " | ".join(f"{value:.3g}" for value in values[name])
            lines.append(f"| {peer} | {name} | {figures} | {values['encode_ms']:.1f} | {values['decode_ms']:.0f} |")
    base = next((values for peer, values in results.items() if peer.startswith("riffusion")), None)
    for peer, values in results.items() if base else ():
        encode, decode = (base[key] / values[key] for key in ("encode_ms", "decode_ms"))
        lines.append(f"ratio {peer}: encode x{encode:.1f}, decode x{decode:.0f} against riffusion's")
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
        for name in names:
            axes.annotate(name, (speeds, values[name][0]), xytext=(5, 2), textcoords="offset points", fontsize=7)
    axes.set(xscale="log", xlabel="seconds of sound decoded per second, one thread", ylabel="log-spectral distance, dB")
    axes.legend(fontsize=8)
    figure.savefig(path, dpi=150)


def two_threads(preset: str, clips) -> float:
    """How many times faster two threads decode than one (wall clock)."""
    from spectrogram.codec import SpectrogramCodec
    from spectrogram.params import SpectrogramParams

    codec = SpectrogramCodec(SpectrogramParams.preset(preset))
    images = codec.encode_batch([clip[None] for clip in clips] * 3, codec_judges.RATE_HZ)
    seconds = []
    for threads in (1, 2, 1, 2):
        start = time.perf_counter()
        codec.decode_batch(images, threads=threads)
        seconds.append(time.perf_counter() - start)
    return min(seconds[0], seconds[2]) / min(seconds[1], seconds[3])


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument(
        "recordings", nargs="?", default="../shared/data", help="folder of audio (default: ../shared/data)"
    )
    parser.add_argument("--clips", type=int, default=8)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--vae", help="measure a real VAE instead of the proxy: folder or Hub id")
    parser.add_argument("--fast", action="store_true", help="leave the slow peers out")
    parser.add_argument("--json", help="write the figures here")
    parser.add_argument("--plot", help="draw quality over speed into this PNG")
    options = parser.parse_args()
    import torch

    torch.set_num_threads(1)
    clips = choose_clips(Path(options.recordings), options.clips, options.seed)
    peers = [codec_peers.ours("sd15", "ours, grey"), codec_peers.ours("sd15-fine", "ours, fine colour")]
    peers += [codec_peers.ours("mini", "ours, mini")]
    if not options.fast:
        peers += [codec_peers.riffusion(), codec_peers.librosa_style()]
    vae = codec_judges.through_vae(options.vae) if options.vae else codec_judges.through_vae_proxy
    degradations = {"clean": lambda picture, _: picture, "vae": vae, "jpeg90": codec_judges.through_jpeg}
    results = measure(peers, clips, degradations)
    print(table(results, degradations))
    print(f"two threads decode x{two_threads('sd15', clips):.2f} one thread (wall clock; needs two idle cores)")
    if options.json:
        Path(options.json).write_text(
            json.dumps({"clips": len(clips), "seed": options.seed, "results": results}, indent=1)
        )
    if options.plot:
        draw(results, options.plot)


if __name__ == "__main__":
    main()
