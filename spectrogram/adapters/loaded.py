"""LoRAs in a pipeline: checked before they are loaded, known by the names that people gave them, told truly in recipes.

Each function takes the pipeline and diffusers' own method, which does the work once a file has passed.
"""

from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path

from huggingface_hub import list_repo_files
from peft.tuners.tuners_utils import BaseTunerLayer
from torch import nn

from spectrogram.adapters import layouts
from spectrogram.adapters.kinds import LORA, SUFFIX, AdapterProblem
from spectrogram.adapters.lora import check_adapter
from spectrogram.adapters.state import LoadedLora
from spectrogram.files.hub import asking, fetched
from spectrogram.params import KEY as PARAMS_KEY
from spectrogram.params import SpectrogramParams
from spectrogram.problems import UsageProblem

HUB_KEYWORDS = ("subfolder", "revision", "cache_dir", "token", "local_files_only", "force_download")


def load_lora(pipeline, stock: Callable, source, adapter_name: str | None, hotswap: bool, **others):
    """Load a LoRA from a file, a folder or the Hub, safetensors only, checked before anything of it is loaded.

    A state dict is diffusers' matter. Raises AdapterProblem for the file, UsageProblem for a name that is taken.
    """
    if isinstance(source, dict):
        name, params, state = adapter_name or "adapter", None, source
    else:
        adapter = check_adapter(_local(source, others), pipeline)
        text = adapter.metadata.get(PARAMS_KEY)
        name, params = adapter.name, None if text is None else SpectrogramParams.from_json(text)
        state = layouts.to_state(adapter.layers)
    if adapter_name in pipeline.state.loras and not hotswap:
        raise UsageProblem(f"an adapter is called {adapter_name!r}", "another name", "unload it first")
    key = adapter_name or _free_name(name, pipeline.state.loras)
    before = pipeline.state.loras.get(key)
    own = before.key if before else _free_name(_peft_name(key), {lora.key for lora in pipeline.state.loras.values()})
    stock(state, adapter_name=own, hotswap=hotswap, **others)
    pipeline.state.loras[key] = LoadedLora(name, params, own)


def _local(source, others: dict) -> Path:
    """The file that is meant: on this machine, else fetched from the Hub; takes its keywords out of `others`."""
    weight_name = others.pop("weight_name", None)
    hub = {name: others.pop(name) for name in HUB_KEYWORDS if name in others}
    if Path(source).exists() or len(Path(source).parts) != 2 or str(source)[0] in "./~\\":
        folder = Path(source) / hub["subfolder"] if hub.get("subfolder") else Path(source)
        return folder / weight_name if weight_name else folder
    if weight_name is None:
        below = f"{hub['subfolder']}/" if hub.get("subfolder") else ""
        with asking(f"{source} cannot be listed"):
            files = list_repo_files(str(source), revision=hub.get("revision"), token=hub.get("token"))
        names = [n.removeprefix(below) for n in files if n.startswith(below) and n.endswith(SUFFIX)]
        weight_name = LORA.file if LORA.file in names else names[0] if len(names) == 1 else None
        if weight_name is None:
            what = f"{source} holds {len(names)} safetensors files"
            raise AdapterProblem(what, f"one, or {LORA.file}", "name it with weight_name=")
    return fetched(str(source), weight_name, **hub)


def _free_name(name: str, taken) -> str:
    """The name, or the name with a number where it is taken."""
    return next(n for n in (name, *(f"{name}_{i}" for i in range(2, len(taken) + 3))) if n not in taken)


def _peft_name(name: str) -> str:
    """What peft may call an adapter: it keeps layers in a ModuleDict under that name, which has methods of its own."""
    safe = name.replace(".", "_") or "adapter"
    return f"{safe}_" if hasattr(nn.ModuleDict(), safe) or safe in ("weight", "bias") else safe


def peft_names(pipeline, names: str | list[str]) -> list[str]:
    """The names that peft knows; what was not loaded here keeps its own."""
    listed = [names] if isinstance(names, str) else list(names)
    return [pipeline.state.loras[name].key if name in pipeline.state.loras else name for name in listed]


def forget(pipeline, names: str | list[str]):
    """LoRAs that were deleted from the pipeline."""
    for name in [names] if isinstance(names, str) else list(names):
        pipeline.state.loras.pop(name, None)


def fuse(pipeline, stock: Callable, names: list[str] | None, scale: float, **others):
    """Put LoRAs into the weights; recipes tell them until they are taken out."""
    chosen = None if names is None else peft_names(pipeline, names)
    fused = {lora.key: (lora, _times(strength, scale)) for lora, strength in active_loras(pipeline)}
    stock(lora_scale=scale, adapter_names=chosen, **others)
    pipeline.state.fused |= {key: value for key, value in fused.items() if chosen is None or key in chosen}


def active_loras(pipeline, factor: float = 1.0) -> list[tuple[LoadedLora, float | dict]]:
    """Each LoRA in use and its strength, as the layers themselves have it, however it came there.

    `factor` is what one call multiplies them by. A strength that differs between blocks is a table {block: strength}.
    """
    known = {lora.key: lora for lora in pipeline.state.loras.values()}
    found: dict[str, dict[str, float]] = {}
    for part in ("unet", "text_encoder"):
        for place, layer in _layers(getattr(pipeline, part, None)):
            for name in () if layer.disable_adapters else layer.active_adapters:
                if name in layer.scaling and name not in layer.merged_adapters:
                    block = ".".join([part, *place.split(".")[:3]])
                    found.setdefault(name, {})[block] = round(factor * _strength(layer, name), 6)
    loaded = [
        (known.get(name, LoadedLora(name, key=name)), _one(blocks))
        for name, blocks in found.items()
        if any(blocks.values())
    ]
    return [*pipeline.state.fused.values(), *loaded]


def _one(blocks: dict[str, float]) -> float | dict[str, float]:
    return next(iter(blocks.values())) if len(set(blocks.values())) == 1 else blocks


def _times(strength: float | dict, factor: float) -> float | dict:
    if isinstance(strength, dict):
        return {block: value * factor for block, value in strength.items()}
    return strength * factor


@contextmanager
def scaled_text_encoder(text_encoder, factor: float | None):
    """Within the context the text encoder's LoRAs are `factor` times as strong."""
    layers = [] if factor in (None, 1.0) else [layer for _, layer in _layers(text_encoder)]
    before = [dict(layer.scaling) for layer in layers]
    for layer in layers:
        layer.scale_layer(factor)
    try:
        yield
    finally:
        for layer, scaling in zip(layers, before, strict=True):
            layer.scaling.update(scaling)


def _layers(module):
    if module is not None:
        yield from ((name, layer) for name, layer in module.named_modules() if isinstance(layer, BaseTunerLayer))


def _strength(layer, name: str) -> float:
    """How many times its own alpha / r an adapter is applied in a layer."""
    rank = layer.r[name] ** 0.5 if getattr(layer, "use_rslora", {}).get(name) else layer.r[name]
    alphas = layer.lora_alpha if hasattr(layer, "lora_alpha") else layer.alpha
    return float(layer.scaling[name]) / (alphas[name] / rank)
