"""One adapter, many layouts: each layer's own down and up inside, read from and written to what other tools use.

`Layers` holds them all: for each layer its down, up and (DoRA) magnitude, with the layer's own strength already in
`up`, so that alpha equals the rank and no reader can scale wrongly.

    kohya-ss, LyCORIS   each layer's alpha over its own rank; without alpha the strength is 1
    diffusers, peft     alpha / r, or alpha / sqrt(r) with rsLoRA, from the header or adapter_config.json; else 1
"""

import math
import re
from dataclasses import dataclass
from typing import Annotated, Any

import torch
from pydantic import BaseModel, Field, FiniteFloat, ValidationError

from spectrogram import json_text
from spectrogram.adapters import lycoris
from spectrogram.adapters.kinds import AdapterProblem
from spectrogram.adapters.layer_names import other_kind, parse_key
from spectrogram.files import json_file

METADATA = "lora_adapter_metadata"
# The settings in it that say how weights are computed. diffusers hands all that it finds to peft's LoraConfig, and an
# older peft than the one that wrote them refuses settings that it does not know.
COMPUTED_BY = ("alpha_pattern", "lora_alpha", "r", "rank_pattern", "target_modules", "use_dora", "use_rslora")
TEXT_PREFIX = "text_model."
NAMES, OLDER_NAMES = (
    ("lora_A.weight", "lora_B.weight"),
    ("lora_linear_layer.down.weight", "lora_linear_layer.up.weight"),
)
# transformers, which loads what belongs to a text encoder, passes by a name without its last part.
MAGNITUDES = {"unet": "lora_magnitude_vector", "text_encoder": "lora_magnitude_vector.weight"}
ANOTHER, MERGE = "use an adapter that was trained for this base model", "merge it into a model with its own tool"


@dataclass
class Layers:
    """{(part, layer): {"down": (r, in…), "up": (out, r…), "magnitude": (out,) or missing}}; strength is inside `up`."""

    tensors: dict[tuple[str, str], dict[str, torch.Tensor]]


def read(state: dict, metadata: dict, shapes: dict, peft: dict | None = None, name: str = "the adapter") -> Layers:
    """Layers of a state dict in any layout.

    Args:
        state: {key: tensor}.
        metadata: the file's header table, which may hold diffusers' own settings.
        shapes: `layer_shapes` of the model.
        peft: what adapter_config.json says, where one lies beside the file.
        name: what messages call the file.

    Raises:
        AdapterProblem: a key that names no layer, a kind that cannot be read, shapes that do not fit.
    """
    found: dict[tuple[str, str], dict[str, torch.Tensor]] = {}
    for key, tensor in state.items():
        layer, role = parse_key(key, shapes)
        if layer is None:
            raise unreadable(key, name)
        if role in found.setdefault(layer, {}):
            what = f"{name} holds {role} of {'.'.join(layer)} twice, under two names"
            raise AdapterProblem(what, "each layer once", "fetch it again")
        found[layer][role] = tensor.float()
    settings = {part: _settings(metadata, peft, part) for part in ("unet", "text_encoder")}
    layers = {}
    for layer, roles in found.items():
        layers[layer] = _read_layer(layer, roles, shapes[layer], settings[layer[0]], name)
    if not layers:
        raise AdapterProblem(f"{name} holds no tensors", "the weights of an adapter", "train or fetch it again")
    _check_dora(layers, settings, name)
    return Layers(layers)


def unreadable(key: str, name: str) -> AdapterProblem:
    """The reason for which a key is refused: the kind that it belongs to, else that no layer is called so."""
    kind = other_kind(key)
    if kind is not None:
        return AdapterProblem(f"{name}: {key[:80]} belongs to {kind}", "LoRA, LoCon, DoRA, LoHa or LoKr", MERGE)
    return AdapterProblem(f"{name}: {key[:80]} names no layer of this model", "its own layers", ANOTHER)


def _read_layer(layer, roles: dict, shape: tuple, settings: dict, name: str) -> dict:
    """{"down", "up", "magnitude" or missing} of one layer, in the dimensions of its weight, its strength in `up`."""
    where = f"{name}: {'.'.join(layer)}"
    alpha, magnitude = roles.pop("alpha", None), _magnitude(roles, shape, where)
    plain = not any(role == "mid" or role.startswith(("hada", "lokr")) for role in roles)
    if plain:
        down, up, rank = _plain_pair(roles, shape, where)
    else:
        if magnitude is not None:
            raise AdapterProblem(f"{where} is a DoRA of LoHa, LoKr or CP", "a DoRA of LoRA", MERGE)
        try:
            down, up, rank = lycoris.to_pair(roles, shape)
        except (ValueError, RuntimeError) as error:
            raise AdapterProblem(f"{where} does not fit ({error})", f"factors of {shape}", ANOTHER) from error
    # LyCORIS leaves the strength of a Kronecker product of two whole matrices at 1.
    own = 1.0 if alpha is None or rank is None else float(alpha) / rank
    scale = _strength(settings, layer[1], rank, where) if alpha is None else own
    if not scale:
        # Some readers take it for the rank, others for nothing.
        raise AdapterProblem(f"{where} has the alpha 0", "an alpha other than 0", "set it to what was meant")
    convolution = len(shape) == 4
    pair = {"down": down.reshape(len(down), *shape[1:]), "up": up.flatten(1) * scale}
    pair["up"] = pair["up"][..., None, None] if convolution else pair["up"]
    if not all(torch.isfinite(tensor).all() for tensor in pair.values()):
        raise AdapterProblem(f"{where} is stronger than any number", "finite weights", "fetch it again")
    return pair if magnitude is None else pair | {"magnitude": magnitude}


def _plain_pair(roles: dict, shape: tuple, where: str):
    whole = set(roles) == {"down", "up"} and min(roles["down"].ndim, roles["up"].ndim) > 1
    if not whole or roles["down"].shape[0] != roles["up"].shape[1:2].numel():
        raise AdapterProblem(f"{where} is incomplete", "down and up of one rank", "fetch it again")
    down, up = roles["down"], roles["up"]
    rank = len(down)
    if rank == 0 or down[0].numel() != math.prod(shape[1:]) or up.numel() != shape[0] * rank or not 1 <= rank <= 4096:
        got = " and ".join(str(tuple(tensor.shape)) for tensor in (down, up))
        raise AdapterProblem(f"{where} has the shape {got}", f"one for a layer of {shape}", ANOTHER)
    return down, up, rank


def _magnitude(roles: dict, shape: tuple, where: str) -> torch.Tensor | None:
    """(out,) of a DoRA, taken out of `roles`.

    peft's is (out,), of a convolution (1, out, 1, 1); LyCORIS' is (out, 1, …), over inputs it is (1, in, …).
    """
    magnitude, scale = roles.pop("magnitude", None), roles.pop("dora_scale", None)
    if magnitude is None and scale is None:
        return None
    given = scale if magnitude is None else magnitude
    outputs = {(shape[0],), (shape[0], *[1] * (len(shape) - 1))}
    if magnitude is not None:
        outputs.add((1, shape[0], *[1] * (len(shape) - 2)))
    if tuple(given.shape) not in outputs:
        what = f"{where} is a DoRA over inputs, {tuple(given.shape)}"
        raise AdapterProblem(what, f"one length for each of {shape[0]} outputs", MERGE)
    return given.flatten()


def _settings(metadata: dict, peft: dict | None, part: str) -> dict:
    """What the header says of a part's strengths, else what adapter_config.json says."""
    told = peft or {}
    if metadata.get(METADATA) is not None:
        whole = json_file.parse(metadata[METADATA], dict[str, Any], f"the header's {METADATA}", "fetch it again")
        mine = {key.removeprefix(f"{part}."): value for key, value in whole.items() if key.startswith(f"{part}.")}
        told = mine or told
    return _checked(told)


def _strength(told: dict, layer: str, rank: int | None, where: str) -> float:
    """The strength of a layer that has no alpha of its own."""
    alpha = _pattern(told.get("alpha_pattern"), layer, told.get("lora_alpha", told.get("alpha")))
    stated = _pattern(told.get("rank_pattern"), layer, told.get("r"))
    rank = rank or stated
    if alpha is None or not rank:
        return 1.0
    if stated not in (None, rank):
        what = f"{where} has the rank {rank}, its settings say {stated}"
        raise AdapterProblem(what, "one rank, by which alpha is divided", "fetch it again")
    return alpha / (rank**0.5 if told.get("use_rslora") else rank)


# Plain names, perhaps several: what repeats itself could be made to search for ever.
Pattern = Annotated[str, Field(pattern=r"^[\w.|^$\\-]+$", max_length=300)]


class _Strengths(BaseModel):
    """What peft's settings say of strengths; what else they say is passed by."""

    alpha_pattern: dict[Pattern, FiniteFloat] | None = None
    rank_pattern: dict[Pattern, int] | None = None
    lora_alpha: FiniteFloat | None = None
    alpha: FiniteFloat | None = None
    r: int | None = None
    use_rslora: bool = False
    use_dora: bool = False


def _checked(told: dict) -> dict:
    try:
        found = _Strengths.model_validate(told).model_dump(exclude_unset=True)
        for pattern in (*(found.get("alpha_pattern") or {}), *(found.get("rank_pattern") or {})):
            re.compile(pattern)
    except (ValidationError, re.error) as error:
        reason = str(error).splitlines()[0]
        raise AdapterProblem(
            f"the header's {METADATA} is damaged ({reason})", "peft's settings", "fetch it again"
        ) from error
    return found


def _pattern(patterns: dict | None, layer: str, otherwise):
    """peft's own rule: a pattern is the whole name of a layer, or its end after a dot."""
    for pattern, value in (patterns or {}).items():
        if any(re.match(rf"(.*\.)?({pattern})$", name) for name in (layer, TEXT_PREFIX + layer)):
            return value
    return otherwise


def _check_dora(layers: dict, settings: dict, name: str):
    """peft makes all layers of a part DoRA or none, and its settings say which."""
    for part in ("unet", "text_encoder"):
        mine = [tensors for (p, _), tensors in layers.items() if p == part]
        with_it = sum("magnitude" in tensors for tensors in mine)
        if 0 < with_it < len(mine) or (mine and not with_it and settings[part].get("use_dora")):
            raise AdapterProblem(
                f"{name} is DoRA in {with_it} of {len(mine)} layers of the {part}",
                "all of them or none",
                MERGE,
            )


def to_state(layers: Layers) -> dict[str, torch.Tensor]:
    """{name: tensor} as `load_lora_weights` takes them; each layer keeps its own rank."""
    state = {}
    # diffusers tells a text encoder's names apart by those of its attention; without any it knows only the older ones.
    attended = any(part == "text_encoder" and ".self_attn." in layer for part, layer in layers.tensors)
    for (part, layer), tensors in layers.tensors.items():
        prefix = f"{part}.{TEXT_PREFIX if part == 'text_encoder' else ''}{layer}"
        down, up = NAMES if part == "unet" or attended else OLDER_NAMES
        state[f"{prefix}.{down}"] = tensors["down"].contiguous()
        state[f"{prefix}.{up}"] = tensors["up"].contiguous()
        if "magnitude" in tensors:
            magnitude = tensors["magnitude"]
            # peft keeps a convolution's lengths in the place of its outputs: (1, out, 1, 1).
            across = magnitude[None, :, None, None] if tensors["down"].ndim == 4 else magnitude
            state[f"{prefix}.{MAGNITUDES[part]}"] = across.contiguous()
    return state


def to_peft(layers: Layers) -> tuple[dict[str, torch.Tensor], dict[str, str]]:
    """(tensors of `to_state`, the header's table) for a file: ranks are padded to one, all that some read."""
    ranks = {}
    for part in dict.fromkeys(part for part, _ in layers.tensors):
        ranks[part] = max(len(t["down"]) for (p, _), t in layers.tensors.items() if p == part)
    padded = Layers({layer: _padded(tensors, ranks[layer[0]]) for layer, tensors in layers.tensors.items()})
    return to_state(padded), {METADATA: json_text.dumps(_peft_metadata(layers, ranks))}


def _padded(tensors: dict, rank: int) -> dict:
    down, up = tensors["down"], tensors["up"]
    missing = rank - len(down)
    return tensors | {
        "down": torch.cat([down, down.new_zeros(missing, *down.shape[1:])]),
        "up": torch.cat([up, up.new_zeros(len(up), missing, *up.shape[2:])], 1),
    }


def _peft_metadata(layers: Layers, ranks: dict) -> dict:
    told = {}
    for part, rank in ranks.items():
        mine = [(layer, tensors) for (p, layer), tensors in layers.tensors.items() if p == part]
        told |= {
            f"{part}.r": rank,
            f"{part}.lora_alpha": rank,
            f"{part}.use_dora": any("magnitude" in tensors for _, tensors in mine),
            # Ends of names, which is how peft matches: transformers 5 has no `text_model.` before them, 4 has.
            f"{part}.target_modules": sorted(layer for layer, _ in mine),
        }
    return told


def canonical(metadata: dict[str, str]) -> dict[str, str]:
    """The header with the settings that every peft knows, in an order of their own: peft keeps names in sets."""
    if METADATA not in metadata:
        return metadata
    told = json_file.parse(metadata[METADATA], dict[str, Any], f"the header's {METADATA}", "fetch it again")
    ordered = {
        key: sorted(value) if _is_names(value) else value
        for key, value in sorted(told.items())
        if key.rpartition(".")[2] in COMPUTED_BY
    }
    return metadata | {METADATA: json_text.dumps(ordered)}


def _is_names(value) -> bool:
    return isinstance(value, list) and all(isinstance(name, str) for name in value)


def to_kohya(layers: Layers) -> dict[str, torch.Tensor]:
    """{name: tensor} as kohya-ss, AUTOMATIC1111 and ComfyUI read it; alpha equals each layer's rank.

    Raises AdapterProblem for DoRA, which each of them reads in another way.
    """
    state = {}
    for (part, layer), tensors in layers.tensors.items():
        if "magnitude" in tensors:
            raise AdapterProblem(
                "a DoRA has no kohya file that all hosts read alike", "a plain difference", "make it plain first"
            )
        name = f"lora_te_text_model_{layer}" if part == "text_encoder" else f"lora_unet_{layer}"
        name = name.replace(".", "_")
        state[f"{name}.lora_down.weight"] = tensors["down"].contiguous()
        state[f"{name}.lora_up.weight"] = tensors["up"].contiguous()
        state[f"{name}.alpha"] = torch.tensor(float(len(tensors["down"])))
    return state


def delta(tensors: dict) -> torch.Tensor:
    """What a layer's tensors add to its weight, in the weight's own shape up to trailing ones (DoRA not included)."""
    down, up = tensors["down"], tensors["up"]
    return (up.flatten(1) @ down.flatten(1)).reshape(len(up), *down.shape[1:])
