"""`python -m spectrogram.codec.fitting.inverse`: solve for the coefficients of `learned_inverse`.

Half of the clips are tones, glides and harmonics over noise (pitch is what bands blur most). Each is encoded to 8 bits
and asked for the log-magnitudes of its own fine spectrum: weighted least squares with a ridge, one system for each bin.
"""

import argparse
from pathlib import Path

import numpy as np

from spectrogram import json_text
from spectrogram.codec.codec import SpectrogramCodec
from spectrogram.codec.fitting.clips import recorded_clip, sound_files, synthetic_clip
from spectrogram.codec.learned_inverse import FINE, FLOOR_DB, NEIGHBOURS, SCALE_DB, look, weights_path
from spectrogram.codec.pixels import levels_of, quantise
from spectrogram.codec.stft import stft
from spectrogram.params import SpectrogramParams

RIDGE = 1e-3


def example(audio: np.ndarray, params: SpectrogramParams):
    """(inputs, target (bins, frames, FINE) as change from the base level in units of SCALE_DB, its weight)."""
    planes = SpectrogramCodec(params).levels(audio[None])
    levels = levels_of(quantise(planes, params).astype(np.float32), params)[0]
    level_db = np.maximum(20 * np.log10(np.maximum(levels, 1e-9)), FLOOR_DB).astype(np.float32)
    inputs, base = look(level_db, params)
    fine = params.replace(step_ms=params.step_ms / FINE)
    size = np.abs(stft(audio, fine, level_db.shape[1] * FINE)).T
    target_db = np.maximum(20 * np.log10(np.maximum(size, 1e-9)), FLOOR_DB).reshape(len(size), -1, FINE)
    # Loud parts matter more; -90 dB under the loudest point not at all.
    weight = np.clip((base - base.max() + 90) / 60, 0, 1)[..., None]
    return inputs, ((target_db - base[..., None]) / SCALE_DB).astype(np.float32), weight.astype(np.float32)


def solve(params: SpectrogramParams, files: list[Path], clips: int, units: int, seed: int, report=print) -> Path:
    """Write the coefficients (half precision) with their recipe; they depend on the files, counts and seed alone."""
    rng = np.random.default_rng(seed)
    inputs = len(NEIGHBOURS) + 1
    mixtures = rng.normal(0, 1.5 / inputs**0.5, (inputs, units)).astype(np.float32)
    bins, width = params.fft_samples // 2 + 1, inputs + units
    gram, cross = np.zeros((bins, width, width)), np.zeros((bins, width, FINE))
    for clip in range(clips):
        audio = synthetic_clip(params, rng) if not files or clip % 2 else recorded_clip(files, params, rng)
        seen, target, weight = example(audio, params)
        terms = np.concatenate([seen, np.maximum(seen @ mixtures, 0)], axis=2)
        weighted = (terms * weight).transpose(0, 2, 1)
        gram += weighted @ terms
        cross += weighted @ target
        if (clip + 1) % 20 == 0:
            report(f"{clip + 1}/{clips} clips")
    ridge = RIDGE * np.trace(gram, axis1=1, axis2=2)[:, None, None] / width + 1e-6
    coefficients = np.linalg.solve(gram + ridge * np.eye(width), cross)
    path = weights_path(params)
    path.parent.mkdir(exist_ok=True)
    recipe = json_text.dumps({"clips": clips, "units": units, "seed": seed, "recordings": len(files)})
    np.savez_compressed(path, recipe=recipe, mixtures=mixtures, coefficients=coefficients.astype(np.float16))
    return path


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folders", nargs="*", help="folders of recordings whose licence allows it")
    parser.add_argument("--preset", default="mini64")
    parser.add_argument("--clips", type=int, default=240)
    parser.add_argument("--units", type=int, default=32)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    files = sound_files(options.folders)
    params = SpectrogramParams.preset(options.preset)
    print(solve(params, files, options.clips, options.units, options.seed, lambda line: print(line, flush=True)))


if __name__ == "__main__":
    main()
