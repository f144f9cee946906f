"""JSON as text, out and in, where pydantic is not at hand: whatever is wrong with one of a stranger is a ValueError."""

import json
from typing import Any

from spectrogram.problems import Problem

# The largest number that Python's floats hold has 309 digits.
MOST_DIGITS = 300


def parsed(text: str | bytes) -> Any:
    """What a JSON text holds.

    Raises:
        ValueError: It is no JSON (json.JSONDecodeError, with its place), is nested more deeply than can be followed,
            or holds an integer that no float can.
    """
    try:
        return json.loads(text, parse_int=_integer)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def _integer(digits: str) -> int:
    if len(digits) > MOST_DIGITS:
        raise ValueError(f"a number has {len(digits):,} digits")
    return int(digits)


def dumps(value: Any, name: str = "the JSON", **how) -> str:
    """`json.dumps` for the whole project: what JSON has no number for (NaN, an infinity) is refused.

    Args:
        value: Plain values.
        name: What the message calls the text.
        how: The other settings of `json.dumps`.

    Raises:
        Problem: The value holds NaN or an infinity.
    """
    try:
        return json.dumps(value, allow_nan=False, **how)
    except ValueError as error:
        raise Problem(f"{name} would hold a number that is none", "finite numbers", str(error)) from error
