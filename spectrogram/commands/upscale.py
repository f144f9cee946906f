"""`python -m spectrogram upscale in.wav --high 20000 --model RealESRGAN_x2.safetensors -o out.wav`"""

import argparse
from pathlib import Path

from spectrogram.commands.options import add_model_arguments, add_output_arguments, check_output, finish


def add_arguments(parser: argparse.ArgumentParser):
    add = parser.add_argument
    add("source", type=Path, metavar="SOUND", help="audio file to start from")
    add("--factor", type=int, default=2, help="columns and bands: 1, 2 or 4 times as many (%(default)s)")
    add("--high", type=float, metavar="HZ", help="also continue the treble up to this frequency")
    add("--model", type=Path, help="picture upscaler of the ESRGAN kind, .safetensors (Lanczos when left out)")
    add_output_arguments(parser)
    add_model_arguments(parser)


def run(options: argparse.Namespace) -> int:
    from spectrogram.models import load_pipeline

    check_output(options)
    pipeline = load_pipeline(options.base, options.device, vram_gb=options.vram)
    return finish(pipeline.upscale(options.source, options.factor, options.high, options.model), options)
