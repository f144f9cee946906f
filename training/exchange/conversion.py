"""Adapters of others become ours: safetensors of any layout are imported, old pickles are converted."""

import json
import pickle
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from spectrogram.adapters.lora import WEIGHTS_FILE, AdapterProblem, check_values, find_adapter, read_header
from spectrogram.files.names import checked_name, checked_path
from spectrogram.problems import UsageProblem
from training.exchange import layouts
from training.exchange.export import shapes_of

LARGEST_PICKLE_BYTES = 2 << 30


def import_adapter(source, base, out):
    """Write ``out``/pytorch_lora_weights.safetensors from any layout; the file is checked before it is read."""
    peft = Path(source) / "adapter_config.json"
    file = find_adapter(source)
    header = read_header(file).get("__metadata__", {})
    check_values(file)
    scale = _peft_scale(peft) if peft.is_file() else None
    return _write(layouts.read(load_file(file), header, shapes_of(base), scale), header, out, base)


def _peft_scale(path):
    config = json.loads(path.read_text(encoding="utf-8"))
    if config.get("peft_type") != "LORA":
        raise AdapterProblem(f"{path} is of type {config.get('peft_type')}", "LORA", "merge it with its own tool first")
    root = config["r"] ** 0.5 if config.get("use_rslora") else config["r"]
    return config["lora_alpha"] / root


def _write(layers, header, out, base):
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    state, metadata = layouts.to_peft(layers)
    kept = {key: value for key, value in header.items() if key != layouts.METADATA and isinstance(value, str)}
    save_file(state, out / WEIGHTS_FILE, metadata={**kept, "base_model": base, "format": "pt", **metadata})
    return out / WEIGHTS_FILE


def read_pickle(path):
    """The tensors of a pickle by torch's weights-only reader; anything else in it is refused."""
    path = Path(path)
    if not path.is_file() or path.suffix.lower() not in (".bin", ".pt", ".ckpt"):
        raise UsageProblem(f"{path} is no .bin or .pt file", "an old pickle", "use import for safetensors")
    if path.stat().st_size > LARGEST_PICKLE_BYTES:
        raise AdapterProblem(f"{path.name} is {path.stat().st_size / 2**30:.1f} GiB", "2 GiB at most", "do not use it")
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError, TypeError, KeyError) as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise AdapterProblem(
            f"{path.name} is refused ({reason[:160]})", "tensors and nothing else", "do not use it, it may run code"
        ) from error


def convert(path, base, out):
    """Safetensors from an old pickle: an adapter, a learned word, or an aesthetic, whichever it holds."""
    held = read_pickle(path)
    if isinstance(held, torch.Tensor):
        return _convert_aesthetic(held, path, out)
    if isinstance(held, dict) and "string_to_param" in held:
        words = held["string_to_param"]
        if not isinstance(words, dict) or not words:
            raise AdapterProblem(f"{path} holds no word", "the vectors of one", "convert it with its own tool")
        return _save_word(next(iter(words.values())), held.get("name") or Path(path).stem, out)
    if isinstance(held, dict) and len(held) == 1 and str(next(iter(held))).startswith("<"):
        word, vectors = next(iter(held.items()))
        return _save_word(vectors, word, out)
    if (
        isinstance(held, dict)
        and held
        and all(isinstance(key, str) and isinstance(value, torch.Tensor) for key, value in held.items())
    ):
        state = {_with_part(key): value for key, value in held.items()}
        return _write(layouts.read(state, {}, shapes_of(base)), {}, out, base)
    raise AdapterProblem(f"{path} holds no adapter, word or aesthetic", "one of them", "convert it with its own tool")


def _with_part(key):
    """Old UNet-only files name no part."""
    return key if key.startswith(("unet.", "text_encoder.", "lora_")) else f"unet.{key}"


def _as_file(out, name):
    out = Path(out)
    if out.suffix == ".safetensors":
        return out
    path = checked_path(out, f"{checked_name(name)}.safetensors")
    out.mkdir(parents=True, exist_ok=True)
    return path


def _save_word(vectors, word, out):
    if not isinstance(vectors, torch.Tensor) or not vectors.ndim or not vectors.numel():
        raise AdapterProblem(f"the vectors of {str(word)[:40]!r} are none", "a table of numbers", "do not use it")
    bare = str(word).strip("<>")
    path = _as_file(out, bare)
    vectors = vectors.detach().float().reshape(-1, vectors.shape[-1]).contiguous()
    save_file({"emb_params": vectors}, path, metadata={"token": f"<{bare}>", "format": "pt"})
    return path


def _convert_aesthetic(tensor, path, out):
    """AUTOMATIC1111's aesthetic embeddings are rows of the CLIP of Stable Diffusion 1.5, unnormalised."""
    if not tensor.ndim or not tensor.numel() or not torch.isfinite(tensor.float()).all():
        raise AdapterProblem(f"{Path(path).name} holds no rows", "finite rows of an ear", "do not use it")
    from spectrogram.adapters.aesthetic import Aesthetic
    from spectrogram.ears.clip import CLIP_OF_SD15

    row = torch.nn.functional.normalize(tensor.detach().float().reshape(-1, tensor.shape[-1]).mean(dim=0), dim=0)
    ear = {"name": CLIP_OF_SD15, "version": "clip", "sha256": "not stated"}
    return Aesthetic(row, ear, Path(path).stem, {"converted": Path(path).name}).save(_as_file(out, Path(path).stem))
