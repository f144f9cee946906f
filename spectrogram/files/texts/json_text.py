"""JSON of whoever wrote it, where pydantic is not at hand: whatever is wrong with it is a ValueError."""

import json
from typing import Any

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
