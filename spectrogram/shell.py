"""Commands that are printed for a person to copy: they run as they stand, whatever a name holds."""

import shlex
from pathlib import Path


def command(module: str, *words: object) -> str:
    """``python -m dataset_builder 'my owls' --out set``."""
    return f"python -m {module} " + shlex.join(shown(word) for word in words)


def page(adapters: Path = Path("runs")) -> str:
    """``python app.py``, which shows the adapters in ``runs``; with --adapters where they lie elsewhere."""
    where = [] if adapters.absolute() == Path("runs").absolute() else ["--adapters", adapters]
    return shlex.join(["python", "app.py", *map(shown, where)])


def shown(word: object) -> str:
    """A word of a command; a path that begins with a dash would be taken for an option."""
    return f"./{word}" if isinstance(word, Path) and str(word).startswith("-") else str(word)
