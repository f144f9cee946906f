"""LoRAs in a pipeline: checked before they are loaded, remembered for parameters and recipes.

Each function takes the pipeline and diffusers' own method, which does the work once a file has passed.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from spectrogram.adapters.lora import check_adapter
from spectrogram.adapters.state import LoadedLora
from spectrogram.params import KEY as PARAMS_KEY
from spectrogram.params import SpectrogramParams


def load_lora(pipeline, stock: Callable, source, adapter_name: str | None, hotswap: bool, **others):
    """Load a LoRA, safetensors only; a local file or folder is checked before anything of it is loaded."""
    metadata, name = {}, "adapter" if isinstance(source, dict) else Path(source).name
    if not isinstance(source, dict) and Path(source).exists():
        adapter = check_adapter(source, pipeline)
        source, name, metadata = str(adapter.path.parent), adapter.name, adapter.metadata
        others["weight_name"] = adapter.path.name
    if not isinstance(source, dict):
        others["use_safetensors"] = True
    adapter_name = adapter_name or name.replace(".", "_")
    stock(source, adapter_name=adapter_name, hotswap=hotswap, **others)
    text = metadata.get(PARAMS_KEY)
    params = None if text is None else SpectrogramParams.from_json(text)
    pipeline.state.loras[adapter_name] = LoadedLora(name, params)


def set_adapters(pipeline, stock: Callable, adapter_names, adapter_weights):
    """Choose LoRAs and their strengths; they are remembered for the recipes."""
    stock(adapter_names, adapter_weights)
    names = [adapter_names] if isinstance(adapter_names, str) else list(adapter_names)
    weights = adapter_weights if isinstance(adapter_weights, list) else [adapter_weights] * len(names)
    for name, weight in zip(names, weights, strict=True):
        scale = float(weight) if isinstance(weight, int | float) else 1.0
        pipeline.state.loras[name] = replace(pipeline.state.loras[name], scale=scale)


def active_loras(pipeline) -> list[LoadedLora]:
    """What is known of each LoRA in use; one that was attached behind our back has only its name."""
    if not pipeline.state.loras:
        return []
    return [pipeline.state.loras.get(name, LoadedLora(name)) for name in pipeline.get_active_adapters()]
