"""`python -m spectrogram.codec.fitting.restoration`: solve for the kernels of `restoration` on recordings and tones.

Each kind of damage (a blur of so many pixels, noise of so many 8-bit steps; with --vae also a real VAE's round trip) is
done to the pictures of the same clips; a kernel is the weighted least-squares road back, with a ridge.
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL
from scipy.ndimage import gaussian_filter

from spectrogram import json_text
from spectrogram.codec.codec import SpectrogramCodec
from spectrogram.codec.fitting.clips import recorded_clip, sound_files, synthetic_clip
from spectrogram.codec.restoration import REACH, measure_grain, restoration_path
from spectrogram.params import SpectrogramParams

BLURS, NOISES = (0.0, 0.5, 0.75, 1.0, 1.3), (0.0, 2.0, 4.0, 6.0)
RIDGE = 1e-4
EVERY = 5  # columns of a picture that enter the equations


def damages(vae: str | None) -> dict:
    """{name: function of (picture (rows, columns, 3) uint8, random generator)}, the first one doing nothing."""
    kinds = {"none": lambda picture, rng: picture.astype(np.float32)}
    for blur in BLURS:
        for noise in NOISES:
            if blur or noise:
                kinds[f"blur {blur:g}, noise {noise:g}"] = lambda picture, rng, b=blur, n=noise: spoil(
                    picture, b, n, rng
                )
    if vae:
        kinds[f"vae {Path(vae).name}"] = through_vae(vae)
    return kinds


def spoil(picture: np.ndarray, blur: float, noise: float, rng: np.random.Generator) -> np.ndarray:
    """The picture blurred by `blur` pixels (sigma), with noise of `noise` steps, the same in equal planes, rounded."""
    blurred = gaussian_filter(picture.astype(np.float32), (blur, blur, 0))
    grey = np.array_equal(picture[..., 0], picture[..., 1]) and np.array_equal(picture[..., 0], picture[..., 2])
    drawn = rng.normal(0, noise, (*picture.shape[:2], 1 if grey else 3))
    return np.clip(np.rint(blurred + drawn), 0, 255).astype(np.float32)


def through_vae(model_id: str):
    """A function like `spoil` by a real AutoencoderKL: a folder or Hub id, its `vae` subfolder if there is one."""
    try:
        vae = AutoencoderKL.from_pretrained(model_id, subfolder="vae")
    except OSError:
        vae = AutoencoderKL.from_pretrained(model_id)

    def spoil_by_vae(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        values = torch.from_numpy(picture.astype(np.float32) / 127.5 - 1).permute(2, 0, 1)[None]
        with torch.no_grad():
            out = vae.decode(vae.encode(values).latent_dist.mode()).sample[0]
        return ((out.clamp(-1, 1) + 1) * 127.5).round().permute(1, 2, 0).numpy()

    return spoil_by_vae


def equations(seen: np.ndarray, clean: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Normal matrix and right side for the weights of a pixel's neighbours' differences from it."""
    padded = np.pad(seen, REACH, mode="edge")
    rows, columns = seen.shape
    size = 2 * REACH + 1
    around = np.stack(
        [padded[y : y + rows, x : x + columns : EVERY] for y in range(size) for x in range(size)], axis=-1
    )
    here = seen[:, ::EVERY]
    weight = np.clip((here - seen.max() + 190) / 120, 0, 1).reshape(-1, 1)
    terms = (around - here[..., None]).reshape(-1, size * size)
    return (terms * weight).T @ terms, (terms * weight).T @ (clean[:, ::EVERY] - here).reshape(-1)


def kernel_of(gram: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Kernel (rows, columns) with sum 1: a level surface stays what it is."""
    size = 2 * REACH + 1
    weights = np.linalg.solve(gram + RIDGE * np.trace(gram) / len(gram) * np.eye(len(gram)), right)
    kernel = weights.reshape(size, size)
    kernel[REACH, REACH] = 0
    kernel[REACH, REACH] = 1 - kernel.sum()
    return kernel


def solve(params: SpectrogramParams, files: list[Path], clips: int, seed: int, vae: str | None, report=print) -> Path:
    """Write kernels and grain of every kind of damage, with the recipe."""
    rng, codec, kinds = np.random.default_rng(seed), SpectrogramCodec(params), damages(vae)
    terms = (2 * REACH + 1) ** 2
    grams, rights = np.zeros((len(kinds), terms, terms)), np.zeros((len(kinds), terms))
    grains: list[list[np.ndarray]] = [[] for _ in kinds]
    for clip in range(clips):
        audio = synthetic_clip(params, rng) if not files or clip % 3 == 2 else recorded_clip(files, params, rng)
        picture = np.asarray(codec.encode(audio[None], params.sample_rate_hz))
        planes = 1 if np.array_equal(picture[..., 0], picture[..., 1]) else 3
        for index, spoilt in enumerate(kinds.values()):
            seen = spoilt(picture, rng)
            plane = clip % planes
            gram, right = equations(seen[..., plane], picture[..., plane].astype(np.float32))
            grams[index] += gram
            rights[index] += right
            found = [measure_grain(np.ascontiguousarray(seen[..., i])) for i in range(planes)]
            found = [grain for grain in found if grain is not None]
            grains[index] += [np.mean(found, axis=0)] if found else []
        if (clip + 1) % 10 == 0:
            report(f"{clip + 1}/{clips} clips")
    covariances = np.stack([np.cov(np.stack(rows).T) for rows in grains])
    covariances = 0.5 * covariances + 0.5 * covariances.mean(axis=0) + 1e-4 * np.eye(len(covariances[0]))
    path = restoration_path(params)
    path.parent.mkdir(exist_ok=True)
    np.savez_compressed(
        path,
        recipe=json_text.dumps({"clips": clips, "seed": seed, "recordings": len(files), "vae": vae and Path(vae).name}),
        names=np.array(list(kinds)),
        grain=np.stack([np.mean(rows, axis=0) for rows in grains]).astype(np.float32),
        precision=np.linalg.inv(covariances).astype(np.float32),
        kernels=np.stack([kernel_of(*pair) for pair in zip(grams, rights, strict=True)]).astype(np.float32),
    )
    return path


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folders", nargs="*", help="folders of recordings whose licence allows it")
    parser.add_argument("--preset", default="sd15")
    parser.add_argument("--clips", type=int, default=90)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--vae", help="also undo this VAE's damage: folder or Hub id")
    options = parser.parse_args()
    files = sound_files(options.folders)
    params = SpectrogramParams.preset(options.preset)
    print(solve(params, files, options.clips, options.seed, options.vae, lambda line: print(line, flush=True)))


if __name__ == "__main__":
    main()
