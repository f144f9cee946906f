"""Safetensors from strangers, read within limits; our own, written so that equal content is equal bytes."""

import json
import struct
from pathlib import Path

import safetensors.torch
import torch

from spectrogram import json_text
from spectrogram.adapters.kinds import AdapterProblem
from spectrogram.files import atomic

LARGEST_BYTES = 2 << 30
LARGEST_HEADER_BYTES = 16 << 20


def read_header(file: Path) -> dict:
    """The header of a safetensors file: JSON of {key: {dtype, shape, data_offsets}}, read within safe limits."""
    size = file.stat().st_size
    if size > LARGEST_BYTES:
        raise AdapterProblem(
            f"{file.name} is {size / 2**30:.1f} GiB", "2 GiB at most", "use an adapter, not a whole model"
        )
    with open(file, "rb") as source:
        start = source.read(8)
        length = struct.unpack("<Q", start)[0] if len(start) == 8 else 0
        if not 2 <= length <= min(LARGEST_HEADER_BYTES, size - 8):
            pickled = start[:2] == b"PK" or (start[:1] == b"\x80" and start[1:2] in b"\x02\x03\x04\x05")
            what = "is a pickle in disguise" if pickled else "has no usable header"
            raise AdapterProblem(f"{file.name} {what}", "a whole safetensors file", "do not use it, fetch it again")
        text = source.read(length)
    try:
        header = json_text.parsed(text)
    except ValueError as error:
        raise AdapterProblem(
            f"{file.name} has a broken header", "a whole safetensors file", "fetch it again"
        ) from error
    if not isinstance(header, dict) or not isinstance(header.get("__metadata__", {}), dict):
        raise AdapterProblem(f"{file.name} has a broken header", "a table of tensors", "fetch it again")
    return header


def read_tensors(file: Path) -> dict[str, torch.Tensor]:
    """{key: tensor} of a file whose header is good; raises AdapterProblem for damage, NaN and infinity."""
    try:
        tensors = safetensors.torch.load_file(file)
    except safetensors.SafetensorError as error:
        raise AdapterProblem(
            f"{file.name} is damaged ({error})", "a whole safetensors file", "fetch it again"
        ) from error
    for key, tensor in tensors.items():
        if not torch.isfinite(tensor).all():
            raise AdapterProblem(
                f"{file.name}: {key[:80]} holds NaN or infinity", "finite weights", "train it again, lower the rate"
            )
    return tensors


def write(path: str | Path, tensors: dict[str, torch.Tensor], metadata: dict[str, str]) -> Path:
    """Write a safetensors file in one step; its bytes depend on what it holds and on no order.

    The library itself writes the header's own table in an order that changes from one call to the next.
    """
    try:
        data = safetensors.torch.save({name: tensor.contiguous() for name, tensor in tensors.items()}, metadata)
    except UnicodeEncodeError as error:
        what = f"the name {error.object[:40]!a} cannot be written"
        raise AdapterProblem(what, "letters of Unicode", "give it another name") from error
    length = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8 : 8 + length])
    header["__metadata__"] = dict(sorted(header.get("__metadata__", {}).items()))
    text = json_text.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    path = Path(path)
    # A view: a slice would hold the weights of a large file once more, and a sum of both yet again.
    weights = memoryview(data)[8 + length :]
    with atomic.replacing(path, 8 + len(text) + len(weights)) as unfinished, open(unfinished, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        file.write(weights)
    return path
