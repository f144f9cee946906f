"""The console command ``sd-audio``: the rooms of the project under one name, from any folder.

sd-audio dataset recordings/ --out sd-audio-spectrograms     python -m dataset_builder
sd-audio train sd-audio-spectrograms --out runs/owl          python -m training
sd-audio generate "an owl hooting" -o owl.wav                python -m spectrogram generate
"""

import importlib
import sys

# The word, the package whose command line it is, and the extra that brings what it needs.
ROOMS = {
    "dataset": ("dataset_builder", "data", "recordings and captions become a dataset of spectrogram pictures"),
    "train": ("training", "train", "teach a Stable Diffusion model a sound"),
    "measure": ("metrics", "metrics", "compare two sets of sounds"),
    "card": ("model_card", "metrics", "write and publish the card of what was taught"),
    "space": ("space", "space", "deploy the page"),
}
# Commands of the codec alone need no extra.
CORE = ("encode", "decode", "inspect")


def main(words: list[str] | None = None) -> int:
    """Exit code of the named room's own command line; the words after the name are handed on as they are."""
    words = sys.argv[1:] if words is None else words
    if not words or words[0] in ("-h", "--help"):
        print(overview())
        return 0 if words else 2
    name, rest = words[0], words[1:]
    package, extra, _ = ROOMS.get(name, ("spectrogram", None if name in CORE else "pipeline", ""))
    try:
        return importlib.import_module(f"{package}.__main__").main(rest if name in ROOMS else words) or 0
    except ModuleNotFoundError as error:
        if extra is None or (error.name or "").split(".")[0] in {
            "spectrogram",
            *(room for room, _, _ in ROOMS.values()),
        }:
            raise
        print(
            f"sd-audio {name} needs the package {error.name}. Install it with: "
            f'pip install "sd-audio-spectrograms[{extra}]"',
            file=sys.stderr,
        )
        return 5


def overview() -> str:
    """What there is, a line each."""
    from spectrogram.__main__ import COMMANDS

    lines = [(name, about) for name, (_, _, about) in ROOMS.items()]
    lines += [(name, about) for name, (_, about) in COMMANDS.items()]
    return "\n".join(
        ["usage: sd-audio COMMAND ...   (sd-audio COMMAND --help)", "", *(f"  {n:12} {a}" for n, a in lines)]
    )


if __name__ == "__main__":
    sys.exit(main())
