"""The two sides of the speed benchmark, each a program that takes a few training steps for each line it reads.

    python -m benchmarks.training.sides ours|theirs PRECISION CLIPS

Each has a process of its own, as it would have at a user's: what one of them leaves in the allocator does not help or
hinder the other.
"""

import io
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from benchmarks.training.reference import ReferenceLoop
from dataset_builder.soundscapes.composer import RATE_HZ, compose
from spectrogram.codec import SpectrogramCodec
from spectrogram.params import SpectrogramParams
from training import base as base_model
from training.data import latents
from training.flags import settings_of
from training.loop.devices import open_accelerator, place
from training.loop.loop import Loop, Material
from training.methods import choose

BATCH, RANK = 16, 16
TURN = 4


def material(clips):
    """(pictures uint8 (clips, h, w, 3), their PNG files, captions) of composed soundscapes."""
    codec, pictures, pngs, captions = SpectrogramCodec(SpectrogramParams.preset("mini")), [], [], []
    for index in range(clips):
        scape = compose(11, index)
        pictures.append(np.asarray(codec.encode(scape.audio[None], RATE_HZ).convert("RGB")))
        file = io.BytesIO()
        Image.fromarray(pictures[-1]).save(file, "PNG")
        pngs.append(file.getvalue())
        captions.append(scape.captions[0])
    return np.stack(pictures), pngs, captions


def ours(settings, pictures, captions, folder):
    """(our Loop on a fresh cache, CPU seconds that the cache took)."""
    base = base_model.load(settings.base)
    began = time.process_time()
    cached = latents.cache(folder, pictures, [[c] for c in captions], base.vae, base.tokenizer, base.text_encoder)
    seconds = time.process_time() - began
    base.free("vae", "text_encoder")
    accelerator = open_accelerator(settings.precision)
    place(base.unet, settings, accelerator.device)
    method = choose(settings.method).build(settings, base)
    everything = np.arange(len(pictures))
    source = Material(cached, everything, [], everything[:2], [str(n) for n in everything])
    loop = Loop(settings, accelerator, method, base.scheduler, source)
    loop.student.train()
    return loop, seconds


def theirs(settings, pngs, captions):
    half = settings.precision == "bf16"
    return ReferenceLoop(base_model.load(settings.base), pngs, captions, settings.batch, settings.rank, half)


class Ignore:
    def write(self, event, **values):
        pass


def cpu_seconds(action):
    began = time.process_time()
    action()
    return time.process_time() - began


class Side:
    """A side in its own process; ``turn()`` lets it take some steps and returns the CPU seconds of each."""

    def __init__(self, name, precision, clips):
        line = [sys.executable, "-m", "benchmarks.training.sides", name, precision, str(clips)]
        alone = {**os.environ, "OMP_NUM_THREADS": "1"}
        self.process = subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=alone)
        self.cache_seconds = self._answer()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.process.stdin.close()
        self.process.wait()

    def _answer(self):
        text = self.process.stdout.readline()
        if not text:
            raise SystemExit(f"a side of the benchmark ended with code {self.process.wait()}: see above")
        return json.loads(text)

    def turn(self):
        self.process.stdin.write("turn\n")
        self.process.stdin.flush()
        return self._answer()


def main(name, precision, clips):
    torch.set_num_threads(1)
    # Answers go to the real output; what libraries print goes to the error output.
    answers, sys.stdout = sys.stdout, sys.stderr
    half = precision != "no"
    settings = settings_of({"precision": precision, "half_base": half, "batch": BATCH, "rank": RANK, "steps": 10**6})
    pictures, pngs, captions = material(int(clips))
    with tempfile.TemporaryDirectory() as folder:
        if name == "ours":
            loop, seconds = ours(settings, pictures, captions, Path(folder))
            advance = lambda: loop.advance(Ignore())  # noqa: E731
        else:
            advance, seconds = theirs(settings, pngs, captions).advance, 0.0
        advance()
        print(json.dumps(seconds, allow_nan=False), file=answers, flush=True)
        for _ in sys.stdin:
            print(json.dumps([cpu_seconds(advance) for _ in range(TURN)], allow_nan=False), file=answers, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
