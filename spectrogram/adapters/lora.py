"""Adapters are strangers' files: everything about one is checked before anything of it is loaded.

Only safetensors is read (no code can hide in it), only keys that name a layer of the model, only finite numbers.
Names follow diffusers (`unet.….to_q.lora_A.weight`) or kohya-ss (`lora_unet_…_to_q.lora_down.weight`).
"""

import json
import re
import struct
from dataclasses import dataclass
from pathlib import Path

from spectrogram.problems import Problem

WEIGHTS_FILE = "pytorch_lora_weights.safetensors"
LARGEST_BYTES = 2 << 30
LARGEST_HEADER_BYTES = 16 << 20
FLOATS = ("F32", "F16", "BF16")
TRAIN_AGAIN = "use an adapter that was trained for this base model"
DIFFUSERS_KEY = re.compile(
    r"(?P<part>unet|text_encoder)\.(?P<layer>.+?)\.(?:lora(?:_linear_layer)?[._])?"
    r"(?P<role>A|B|down|up|magnitude_vector|alpha)(?:\.weight)?"
)
PROCESSOR_KEY = re.compile(
    r"(?P<part>unet|text_encoder)\.(?P<layer>.+?)\.processor\.(?P<name>to_(?:q|k|v|out))_lora\.(?P<role>down|up)\.weight"
)
KOHYA_KEY = re.compile(
    r"lora_(?P<part>unet|te)_(?P<layer>[^.]+)\.(?:lora_)?(?P<role>down|up|alpha|dora_scale)(?:\.weight)?"
)
SAME_ROLE = {"A": "down", "B": "up", "dora_scale": "magnitude_vector"}


class AdapterProblem(Problem):
    """An adapter that is refused."""


@dataclass(frozen=True)
class Adapter:
    """A checked adapter file: `name` for people, `metadata` is the header's own table."""

    path: Path
    name: str
    metadata: dict


def find_adapter(path: str | Path) -> Path:
    """The one safetensors file that a path means: itself, or the adapter in the folder that training wrote."""
    path = Path(path)
    if path.is_dir():
        found = [path / WEIGHTS_FILE] if (path / WEIGHTS_FILE).is_file() else sorted(path.glob("*.safetensors"))
        if len(found) != 1:
            raise AdapterProblem(
                f"{path} holds {len(found)} safetensors files", f"a folder with {WEIGHTS_FILE}", "name the file itself"
            )
        return found[0]
    if not path.is_file():
        raise AdapterProblem(f"adapter {path} does not exist", "runs/NAME or a .safetensors file", "check --lora")
    if path.suffix.lower() != ".safetensors":
        raise AdapterProblem(
            f"{path.name} is not a .safetensors file",
            "safetensors, because other formats can run code when they are loaded",
            "convert it with a tool you trust",
        )
    return path


def check_adapter(path: str | Path, pipeline) -> Adapter:
    """The adapter, when it is whole, harmless and made for this pipeline's layers; raises AdapterProblem otherwise."""
    file = find_adapter(path)
    header = read_header(file)
    metadata = header.pop("__metadata__", {})
    shapes = {key: _shape(file, key, entry) for key, entry in header.items()}
    _check_layers(file, shapes, pipeline)
    check_values(file)
    return Adapter(file, file.parent.name if file.name == WEIGHTS_FILE else file.stem, metadata)


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
        header = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise AdapterProblem(
            f"{file.name} has a broken header", "a whole safetensors file", "fetch it again"
        ) from error
    if not isinstance(header, dict) or not isinstance(header.get("__metadata__", {}), dict):
        raise AdapterProblem(f"{file.name} has a broken header", "a table of tensors", "fetch it again")
    return header


def _shape(file: Path, key: str, entry) -> tuple[int, ...]:
    kind, shape = (entry.get("dtype"), entry.get("shape")) if isinstance(entry, dict) else (None, None)
    if kind not in FLOATS or not isinstance(shape, list) or not all(type(length) is int for length in shape):
        raise AdapterProblem(f"{file.name}: {key[:80]} is {kind} {shape}", f"one of {', '.join(FLOATS)}", TRAIN_AGAIN)
    return tuple(shape)


def _check_layers(file: Path, shapes: dict[str, tuple[int, ...]], pipeline):
    if any(".lora.down" in key for key in shapes) and any(".lora_A" in key for key in shapes):
        # diffusers reads one convention a file and silently leaves out the layers that are named by the other.
        raise AdapterProblem(
            f"{file.name} mixes the names lora.down and lora_A", "one convention", "save it with peft's names only"
        )
    layers, pairs = layer_shapes(pipeline), {}
    for key, shape in shapes.items():
        layer, role = parse_key(key, layers)
        if layer is None:
            raise AdapterProblem(f"{file.name}: {key[:80]} names no layer of this model", "its own layers", TRAIN_AGAIN)
        if not _fits(shape, role, layers[layer]):
            raise AdapterProblem(
                f"{file.name}: {key[:80]} has the shape {shape}", f"one for a layer of {layers[layer]}", TRAIN_AGAIN
            )
        pairs.setdefault(layer, {})[role] = shape
    for layer, roles in pairs.items():
        if "down" not in roles or "up" not in roles or roles["down"][0] != roles["up"][1]:
            raise AdapterProblem(
                f"{file.name}: {'.'.join(layer)} is incomplete", "down and up of one rank", "fetch it again"
            )
    if not pairs:
        raise AdapterProblem(f"{file.name} holds no tensors", "the weights of an adapter", "train or fetch it again")


def layer_shapes(pipeline) -> dict[tuple[str, str], tuple[int, ...]]:
    """Weight shapes of all layers that can be adapted, by (part, dotted name without `text_model.`)."""
    shapes = {}
    for part in ("unet", "text_encoder"):
        module = getattr(pipeline, part, None)
        for name, tensor in module.named_parameters() if module is not None else ():
            if name.endswith(".weight") and tensor.ndim in (2, 4):
                # Once an adapter is in, peft keeps the layer's own weight under `base_layer`.
                layer = name.removesuffix(".weight").removesuffix(".base_layer").removeprefix("text_model.")
                shapes[part, layer] = tuple(tensor.shape)
    return shapes


def parse_key(key: str, layers: dict) -> tuple[tuple[str, str] | None, str]:
    """((part, layer) of the model or None, role) of a tensor's name in either convention."""
    old = PROCESSOR_KEY.fullmatch(key)
    if old:
        name = "to_out.0" if old["name"] == "to_out" else old["name"]
        layer = (old["part"], f"{old['layer']}.{name}".removeprefix("text_model."))
        return (layer if layer in layers else None), old["role"]
    match = DIFFUSERS_KEY.fullmatch(key)
    if match:
        layer = (match["part"], match["layer"].removeprefix("text_model."))
        return (layer if layer in layers else None), SAME_ROLE.get(match["role"], match["role"])
    match = KOHYA_KEY.fullmatch(key)
    if match is None:
        return None, ""
    part = {"unet": "unet", "te": "text_encoder"}[match["part"]]
    wanted = match["layer"].removeprefix("text_model_")
    found = [layer for layer in layers if layer[0] == part and layer[1].replace(".", "_") == wanted]
    return (found[0] if found else None), SAME_ROLE.get(match["role"], match["role"])


def _fits(shape: tuple[int, ...], role: str, layer: tuple[int, ...]) -> bool:
    """Whether a tensor can belong to a layer whose weight is (out, in) or (out, in, height, width)."""
    if role == "alpha":
        return len(shape) <= 1
    if role == "magnitude_vector":
        return max(shape, default=0) == layer[0]
    if len(shape) not in (2, 4):
        return False
    if role == "down":
        return shape[1] == layer[1] and shape[2:] in ((), layer[2:], (1, 1)) and 1 <= shape[0] <= 4096
    return shape[0] == layer[0] and set(shape[2:]) <= {1}


def check_values(file: Path):
    import torch
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(file, framework="pt") as tensors:
            for key in tensors.keys():  # noqa: SIM118 - a safe_open handle cannot be iterated
                if not torch.isfinite(tensors.get_tensor(key)).all():
                    raise AdapterProblem(
                        f"{file.name}: {key[:80]} holds NaN or infinity",
                        "finite weights",
                        "train it again, lower the rate",
                    )
    except SafetensorError as error:
        raise AdapterProblem(
            f"{file.name} is damaged ({error})", "a whole safetensors file", "fetch it again"
        ) from error
