"""'3-5 a robin sings': a range and what is to be heard in it."""

import re

from spectrogram.problems import UsageProblem

RANGE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*[-–]\s*(\d+(?:\.\d+)?)\s*(?:s|Hz|hz)?\s+(\S.*)", re.DOTALL)
EXAMPLES = {"s": "write '0-4 forest'", "Hz": "write '0-500 thunder'"}


def parse_range(text: str, unit: str) -> tuple[float, float, str]:
    """(from, to, prompt) of '3-5 a robin sings'; raises UsageProblem for anything else."""
    match = RANGE.fullmatch(text)
    if match is None:
        raise UsageProblem(f"{text!r} is unreadable", f"'FROM-TO PROMPT' in {unit}", EXAMPLES[unit])
    return float(match[1]), float(match[2]), match[3].strip()
