"""``python -m training export | import | convert``: adapters out to other tools and in from them.

import  reads safetensors only: kohya-ss, today's and old diffusers, peft folders.
convert reads ``.bin`` and ``.pt`` (old diffusers adapters, textual inversion, aesthetic gradients) with torch's
weights-only reader, which builds tensors and runs no code, and writes safetensors.
"""

import argparse
from pathlib import Path

from spectrogram.shell import command


def _export_parser():
    parser = argparse.ArgumentParser(
        prog="python -m training export",
        description="A kohya file for AUTOMATIC1111 and ComfyUI, or a merged model folder.",
    )
    parser.add_argument("adapter", type=Path, help="runs/NAME or a .safetensors adapter")
    parser.add_argument("--base", default="base_model", help="the base that it was trained on")
    parser.add_argument("--kohya", type=Path, help="write this file (default: NAME_kohya.safetensors beside it)")
    parser.add_argument("--merge", type=Path, help="write a model folder with the adapter inside its weights instead")
    parser.add_argument("--scale", type=float, default=1.0, help="strength of the adapter in the merge")
    return parser


def export_main(argv):
    """``export``: the kohya file, or with --merge the model folder."""
    arguments = _export_parser().parse_args(argv)
    from spectrogram.adapters.safetensors_file import read_header
    from training.exchange import export

    if arguments.merge:
        export.merge(arguments.adapter, arguments.base, arguments.merge, arguments.scale)
        print(f"merged model in {arguments.merge}")
        how = ("generate", "a sound", "-o", "out.wav", "--base", arguments.merge)
        print("next: " + command("spectrogram", *how))
        return 0
    path = export.kohya(arguments.adapter, arguments.base, arguments.kohya)
    error = read_header(path)["__metadata__"].get(export.ERROR_KEY)
    if error:
        print(f"DoRA as a plain difference: it misses at most {float(error):.2%} of a layer's change")
    print(f"{path}\nnext: put it into models/Lora (AUTOMATIC1111) or models/loras (ComfyUI)")
    return 0


def _import_parser(name):
    parser = argparse.ArgumentParser(prog=f"python -m training {name}", description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--out", type=Path, required=True, help="folder of the adapter, or .safetensors file to write")
    parser.add_argument("--base", default="base_model", help="the base that it was trained for")
    return parser


def import_main(argv):
    """``import``: exit code 0, or 4 with the reason for which a file is refused."""
    arguments = _import_parser("import").parse_args(argv)
    from training.exchange import conversion

    path = conversion.import_adapter(arguments.file, arguments.base, arguments.out)
    how = ("generate", "a sound", "-o", "out.wav", "--lora", arguments.out, "--base", arguments.base)
    print(f"{path}\nnext: " + command("spectrogram", *how))
    return 0


def convert_main(argv):
    """``convert``: old pickles become safetensors."""
    arguments = _import_parser("convert").parse_args(argv)
    from training.exchange import conversion

    print(conversion.convert(arguments.file, arguments.base, arguments.out))
    return 0
