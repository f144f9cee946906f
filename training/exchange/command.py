"""``python -m training import FILE``: a stranger's adapter becomes one of ours; ``convert`` also opens old pickles.

import  reads safetensors only: kohya-ss, today's and old diffusers, peft folders.
convert reads ``.bin`` and ``.pt`` (old diffusers adapters, textual inversion, aesthetic gradients) with torch's
weights-only reader, which builds tensors and runs no code, and writes safetensors.
"""

import argparse
import shlex
from pathlib import Path


def build_parser(name):
    parser = argparse.ArgumentParser(prog=f"python -m training {name}", description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--out", type=Path, required=True, help="folder of the adapter, or .safetensors file to write")
    parser.add_argument("--base", default="base_model", help="the base that it was trained for")
    return parser


def main(argv):
    """``import``: exit code 0, or 4 with the reason for which a file is refused."""
    arguments = build_parser("import").parse_args(argv)
    from training.exchange import conversion

    path = conversion.import_adapter(arguments.file, arguments.base, arguments.out)
    used = ["--lora", str(arguments.out), "--base", arguments.base]
    print(f"{path}\nnext: {shlex.join(['python', '-m', 'spectrogram', 'generate', 'a sound', '-o', 'out.wav', *used])}")
    return 0


def convert_main(argv):
    """``convert``: old pickles become safetensors."""
    arguments = build_parser("convert").parse_args(argv)
    from training.exchange import conversion

    print(conversion.convert(arguments.file, arguments.base, arguments.out))
    return 0
