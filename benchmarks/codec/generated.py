"""`python -m benchmarks.codec.generated PICTURES`: pictures that Stable Diffusion made in riffusion's format, as sound.

No sound has exactly such a picture. Each decoder's sound is drawn again by riffusion's own transform, and the PSNR of
that picture against the generated one is taken at the gain that suits it best. One thread, process time, alternating.
"""

import os

import torch

from spectrogram.files import json_file

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")

import argparse
import time
from pathlib import Path

import numpy as np

from benchmarks.codec import peers
from spectrogram.codec import SpectrogramCodec
from spectrogram.files.pictures import read_picture
from spectrogram.params import PRESETS


def shades_of(image) -> np.ndarray:
    """Loudness 0..1 (bands, columns), lowest band first, of a picture in riffusion's format."""
    return 1 - np.asarray(image.convert("RGB"), dtype=np.float64).mean(axis=2)[::-1] / 255


def best_psnr(wanted: np.ndarray, sizes: np.ndarray, power: float) -> float:
    """PSNR in dB of the picture of band magnitudes `sizes` at the gain that makes it largest."""
    columns = min(wanted.shape[1], sizes.shape[1])
    wanted, got = wanted[:, :columns], (sizes[:, :columns] / sizes.max()) ** power
    gain = np.sum(got * wanted) / np.sum(got * got)
    tried = [np.mean((np.minimum(gain * factor * got, 1) - wanted) ** 2) for factor in np.linspace(0.9, 1.1, 81)]
    return float(-10 * np.log10(min(tried)))


def measure(files: list[Path], iterations: tuple[int, ...], preset: str = "dissertation") -> dict:
    """{decoder: {"psnr_db", "decode_ms"}} over the pictures, all read by the parameters of one preset."""
    found: dict[str, list] = {}
    params = PRESETS[preset]
    judge = peers.riffusion_transform(params)
    for index, file in enumerate(files):
        image = read_picture(file)
        decoders = {"ours": lambda image: SpectrogramCodec(params).decode(image)[0][0]}
        for count in iterations:
            decoders[f"riffusion (GL {count})"] = peers.riffusion_decoder(params, count)
        if index == 0:
            decoders["ours"](image)
        for name, decode in decoders.items():
            start = time.process_time()
            audio = decode(image)
            spent = time.process_time() - start
            found.setdefault(name, []).append((best_psnr(shades_of(image), judge(audio), params.power), spent))
    return {
        name: {
            "psnr_db": float(np.mean([psnr for psnr, _ in rows])),
            "decode_ms": 1000 * float(np.median([seconds for _, seconds in rows])),
        }
        for name, rows in found.items()
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("pictures", nargs="?", default="../shared/data/seed_outputs/pairs")
    parser.add_argument("--count", type=int, default=7, help="pictures, spread over the folder (default: 7)")
    parser.add_argument("--iterations", type=int, nargs="+", default=[8, 32], help="riffusion's Griffin-Lim rounds")
    parser.add_argument("--preset", default="dissertation", help="whose pictures they are (default: dissertation)")
    parser.add_argument("--json", help="write the figures here")
    options = parser.parse_args()
    torch.set_num_threads(1)
    files = sorted(Path(options.pictures).glob("*.png"))
    results = measure(
        files[:: max(1, len(files) // options.count)][: options.count], tuple(options.iterations), options.preset
    )
    for name, row in results.items():
        ratio = row["decode_ms"] / results["ours"]["decode_ms"]
        print(f"{name}: {row['psnr_db']:.2f} dB, {row['decode_ms']:.0f} ms, x{ratio:.1f} of ours")
    if options.json:
        json_file.write(Path(options.json), results)


if __name__ == "__main__":
    main()
