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
# Commands of the codec alone need no extra, and run on Python 3.10; what the rooms are built on does not.
CORE = ("encode", "decode", "inspect")
ROOMS_NEED_PYTHON = (3, 11)


def main(words: list[str] | None = None) -> int:
    """Exit code of the named room's own command line; the words after the name are handed on as they are."""
    words = sys.argv[1:] if words is None else words
    if not words or words[0] in ("-h", "--help"):
        print(overview())
        return 0 if words else 2
    name, rest = words[0], words[1:]
    package, extra, _ = ROOMS.get(name, ("spectrogram", None if name in CORE else "pipeline", ""))
    if extra and known(name) and sys.version_info[:2] < ROOMS_NEED_PYTHON:
        newest = ".".join(map(str, ROOMS_NEED_PYTHON))
        print(f"sd-audio {name} needs Python {newest} or newer. Here run: {', '.join(CORE)}.", file=sys.stderr)
        return 5
    try:
        return importlib.import_module(f"{package}.__main__").main(rest if name in ROOMS else words) or 0
    except ImportError as error:
        stranger = (error.name or "").split(".")[0]
        if extra is None or stranger in {"", "spectrogram", *(room for room, _, _ in ROOMS.values())}:
            raise
        missing = isinstance(error, ModuleNotFoundError)
        wanted = f"the package {error.name}" if missing else f"another version of {stranger} ({error.msg})"
        print(
            f'sd-audio {name} needs {wanted}. Install it with: pip install "sd-audio-spectrograms[{extra}]"',
            file=sys.stderr,
        )
        return 5


def known(name: str) -> bool:
    """Whether there is such a word; the pipeline's own parser answers to others."""
    from spectrogram.__main__ import COMMANDS

    return name in ROOMS or name in COMMANDS


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
