"""LoRAs are strangers' files: everything about one is checked before anything of it is loaded.

Only safetensors is read (no code can hide in it), only keys that name a layer of the model, only finite numbers.
"""

from dataclasses import dataclass
from pathlib import Path

from spectrogram import json_text
from spectrogram.adapters import layouts
from spectrogram.adapters.kinds import LORA, AdapterProblem
from spectrogram.adapters.layer_names import layer_shapes, parse_key
from spectrogram.adapters.safetensors_file import read_header, read_tensors

FLOATS = ("F32", "F16", "BF16", "F64")
INTEGERS = ("I64", "I32", "I16", "I8", "U8")


@dataclass(frozen=True)
class Adapter:
    """A checked LoRA: `name` for people, `metadata` is the header's own table, `layers` hold it with its strengths."""

    path: Path
    name: str
    metadata: dict
    layers: layouts.Layers


def read_lora(path: str | Path, shapes: dict) -> Adapter:
    """The adapter in a file or folder, when it is whole, harmless and made for layers of these `layer_shapes`.

    Raises AdapterProblem otherwise.
    """
    file = LORA.find(path)
    header = read_header(file)
    metadata = header.pop("__metadata__", {})
    _check_header(file, header, shapes)
    layers = layouts.read(read_tensors(file), metadata, shapes, _peft_config(file), file.name)
    return Adapter(file, LORA.name_of(file), metadata, layers)


def check_adapter(path: str | Path, pipeline) -> Adapter:
    """`read_lora` for a pipeline's own layers."""
    return read_lora(path, layer_shapes(pipeline))


def _check_header(file: Path, header: dict, shapes: dict):
    """Names and types before a tensor is read."""
    for key, entry in header.items():
        kind, shape = (entry.get("dtype"), entry.get("shape")) if isinstance(entry, dict) else (None, None)
        layer, role = parse_key(key, shapes)
        allowed = (*FLOATS, *INTEGERS) if role == "alpha" else FLOATS
        lengths = isinstance(shape, list) and all(type(length) is int for length in shape)
        if kind not in allowed or not lengths or (role == "alpha" and shape not in ([], [1])):
            raise AdapterProblem(
                f"{file.name}: {key[:80]} is {kind} {shape}", f"one of {', '.join(allowed)}", layouts.ANOTHER
            )
        if layer is None:
            raise layouts.unreadable(key, file.name)


def _peft_config(file: Path) -> dict | None:
    """adapter_config.json, where the file is the one that peft itself wrote beside it."""
    path = file.parent / "adapter_config.json"
    if file.name != "adapter_model.safetensors" or not path.is_file():
        return None
    try:
        config = json_text.parsed(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise AdapterProblem(f"{path} is damaged ({error})", "JSON", "fetch it again") from error
    if config.get("peft_type") not in ("LORA", "LOHA", "LOKR"):
        raise AdapterProblem(f"{path} is of type {config.get('peft_type')}", "LORA", "merge it with its own tool first")
    return config
