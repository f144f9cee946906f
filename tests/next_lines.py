"""What a command says comes next is run as it is printed."""

import importlib
import re
import shlex


def next_words(printed: str) -> list[str]:
    """The words of the last command that was printed behind ``next:``, as a shell parts them."""
    lines = re.findall(r"^next: (python .*)$", printed, re.MULTILINE)
    assert lines, f"no next: line in {printed[-400:]!r}"
    return shlex.split(lines[-1])


def follow(printed: str, *more: str, **placeholders: object) -> int:
    """Exit code of that command, run in this process.

    ``placeholders`` are what a person puts in for a word in capitals; ``more`` is what makes the run short.
    """
    python, module_flag, module, *words = next_words(printed)
    assert (python, module_flag) == ("python", "-m")
    words = [str(placeholders.get(word, word)) for word in words]
    return importlib.import_module(f"{module}.__main__").main([*words, *more]) or 0
