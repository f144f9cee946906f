"""JSON that is read back: checked against a model, so that a damaged file is one sentence and never a traceback."""

from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from spectrogram import json_text
from spectrogram.files import atomic
from spectrogram.problems import Problem

T = TypeVar("T")
LARGEST_BYTES = 64_000_000
WRITTEN_ANEW = "take it from a backup, or remove it so that it is written anew"


def read(path, model: type[T], remedy: str = WRITTEN_ANEW) -> T:
    """What a JSON file holds, as `model` describes it.

    Args:
        path: The file, UTF-8, at most 64 MB.
        model: A pydantic model, a dataclass, or a type such as `dict[str, float]` or `list[Row]`.
        remedy: What to do when it is damaged, for the message.

    Raises:
        Problem: The file is missing, too large, no JSON, or not what the model says; the text names the place in it.
    """
    path = Path(path)
    return parse(_bytes(path, remedy), model, str(path), remedy)


def read_lines(path, model: type[T], remedy: str = WRITTEN_ANEW) -> list[T]:
    """What the lines of a JSONL file hold; an unfinished last line, as a kill leaves it, is left out.

    Args and errors are those of `read`; a missing file has no lines.
    """
    path = Path(path)
    if not path.is_file():
        return []
    *whole, _ = _bytes(path, remedy).split(b"\n")
    return [parse(line, model, f"{path}, line {i}", remedy) for i, line in enumerate(whole, 1) if line.strip()]


def parse(data: bytes | str, model: type[T], name: str, remedy: str = WRITTEN_ANEW) -> T:
    """`read` for JSON that is at hand; `name` says where it is from. Raises Problem."""
    try:
        return _adapter(model).validate_json(data)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        place = ".".join(str(part)[:40] for part in first["loc"][:6])
        at = f" at {place}" if place else ""
        reason = first["msg"][:1].lower() + first["msg"][1:200]
        raise Problem(f"{name} is damaged{at} ({reason})", "what this project writes there", remedy) from error


def read_text(path, expected: str = "a text file", remedy: str = WRITTEN_ANEW) -> str:
    """The text of a small UTF-8 file.

    Args:
        path: The file, at most 64 MB.
        expected, remedy: For the message.

    Raises:
        Problem: It is missing, too large, or no UTF-8.
    """
    data = _bytes(Path(path), remedy, expected)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Problem(f"{path} is no UTF-8 text (byte {error.start})", expected, remedy) from error


def write(path, value: Any, indent: int | None = 1) -> Path:
    """Write a pydantic model, a dataclass or plain values, atomically; a number that JSON does not have is refused.

    Raises:
        Problem: The value holds NaN or an infinity.
        EnvironmentProblem: It cannot be written.
    """
    plain = TypeAdapter(type(value)).dump_python(value, mode="python", exclude_none=False)
    return atomic.write_text(path, json_text.dumps(plain, Path(path).name, indent=indent, ensure_ascii=False) + "\n")


@cache
def _adapter(model) -> TypeAdapter:
    return TypeAdapter(model)


def _bytes(path: Path, remedy: str, expected: str = "a JSON file") -> bytes:
    try:
        size = path.stat().st_size
        if size > LARGEST_BYTES or not path.is_file():
            raise Problem(f"{path} is no file of this project ({size:,} bytes)", expected, remedy)
        return path.read_bytes()
    except OSError as error:
        raise Problem(f"{path} cannot be read ({error.strerror})", expected, remedy) from error
