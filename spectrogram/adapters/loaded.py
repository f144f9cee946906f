"""A pipeline that takes adapters: checked before they are loaded, remembered for parameters and recipes."""

from pathlib import Path

from spectrogram.adapters.lora import check_adapter
from spectrogram.params import KEY as PARAMS_KEY
from spectrogram.params import SpectrogramParams


class Adapted:
    """Part of the pipeline: diffusers' LoRA methods, which only take safetensors that passed `check_adapter`."""

    # Name, params and scale of each loaded adapter; replaced, never changed, because it belongs to the class at first.
    _adapters: dict[str, dict] = {}  # noqa: RUF012 - see above

    def load_lora_weights(self, pretrained_model_name_or_path_or_dict, adapter_name=None, hotswap=False, **others):
        """diffusers' method, safetensors only; a local file or folder is checked before anything of it is loaded."""
        source, metadata = pretrained_model_name_or_path_or_dict, {}
        name = "adapter" if isinstance(source, dict) else Path(source).name
        if not isinstance(source, dict) and Path(source).exists():
            adapter = check_adapter(source, self)
            source, name, metadata = str(adapter.path.parent), adapter.name, adapter.metadata
            others["weight_name"] = adapter.path.name
        if not isinstance(source, dict):
            others["use_safetensors"] = True
        adapter_name = adapter_name or name.replace(".", "_")
        super().load_lora_weights(source, adapter_name=adapter_name, hotswap=hotswap, **others)
        text = metadata.get(PARAMS_KEY)
        params = None if text is None else SpectrogramParams.from_json(text)
        self._adapters = {**self._adapters, adapter_name: {"name": name, "params": params, "scale": 1.0}}

    def set_adapters(self, adapter_names, adapter_weights=None):
        """diffusers' method; the weights are remembered for the recipes."""
        super().set_adapters(adapter_names, adapter_weights)
        names = [adapter_names] if isinstance(adapter_names, str) else list(adapter_names)
        weights = adapter_weights if isinstance(adapter_weights, list) else [adapter_weights] * len(names)
        for name, weight in zip(names, weights, strict=True):
            scale = float(weight) if isinstance(weight, int | float) else 1.0
            self._adapters = {**self._adapters, name: {**self._adapters[name], "scale": scale}}

    def unload_lora_weights(self, **others):
        """diffusers' method; the base's own parameters hold again."""
        super().unload_lora_weights(**others)
        self._adapters = {}

    def _active_adapters(self) -> list[dict]:
        """What is known of each adapter in use; one that was attached behind our back has only its name."""
        if not self._adapters:
            return []
        unknown = {"params": None, "scale": 1.0}
        return [self._adapters.get(name, {"name": name, **unknown}) for name in self.get_active_adapters()]
