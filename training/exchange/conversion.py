"""A stranger's adapter becomes one of ours; old pickles become safetensors."""

import pickle
from pathlib import Path

import torch

from spectrogram.adapters import layouts
from spectrogram.adapters.aesthetic import Aesthetic
from spectrogram.adapters.kinds import LORA, AdapterProblem
from spectrogram.adapters.lora import read_lora
from spectrogram.adapters.safetensors_file import write
from spectrogram.ears.clip import CLIP_OF_SD15
from spectrogram.files.names import checked_name, checked_path
from spectrogram.problems import UsageProblem
from training.exchange.export import shapes_of

LARGEST_PICKLE_BYTES = 2 << 30


def import_adapter(source, base, out):
    """Write ``out``/pytorch_lora_weights.safetensors from any layout; the file is checked before it is read."""
    adapter = read_lora(source, shapes_of(base))
    return _write(adapter.layers, adapter.metadata, out, base)


def _write(layers, header, out, base):
    state, metadata = layouts.to_peft(layers)
    kept = {key: value for key, value in header.items() if key != layouts.METADATA and isinstance(value, str)}
    return write(Path(out) / LORA.file, state, {**kept, "base_model": base, "format": "pt", **metadata})


def read_pickle(path):
    """The tensors of a pickle by torch's weights-only reader; anything else in it is refused."""
    path = Path(path)
    if not path.is_file() or path.suffix.lower() not in (".bin", ".pt", ".ckpt"):
        raise UsageProblem(f"{path} is no .bin or .pt file", "an old pickle", "use import for safetensors")
    if path.stat().st_size > LARGEST_PICKLE_BYTES:
        raise AdapterProblem(f"{path.name} is {path.stat().st_size / 2**30:.1f} GiB", "2 GiB at most", "do not use it")
    try:
        # The original textual inversion keeps its vectors in a module's dictionary.
        with torch.serialization.safe_globals([torch.nn.ParameterDict]):
            return torch.load(path, map_location="cpu", weights_only=True)
    except (
        pickle.UnpicklingError,
        RuntimeError,
        EOFError,
        ValueError,
        TypeError,
        LookupError,
        AttributeError,
        OverflowError,
        AssertionError,
    ) as error:
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
        if not isinstance(words, dict | torch.nn.ParameterDict) or not len(words):
            raise AdapterProblem(f"{path} holds no word", "the vectors of one", "convert it with its own tool")
        return _save_word(next(iter(words.values())), held.get("name") or Path(path).stem, out)
    if isinstance(held, dict) and len(held) == 1 and isinstance(next(iter(held.values())), torch.Tensor):
        word, vectors = next(iter(held.items()))
        if not isinstance(word, str):
            raise AdapterProblem(f"{path} holds no word", "a name and its vectors", "convert it with its own tool")
        return _save_word(vectors, Path(path).stem if word == "*" else word, out)
    if (
        isinstance(held, dict)
        and held
        and all(isinstance(key, str) and isinstance(value, torch.Tensor) for key, value in held.items())
    ):
        return _write(layouts.read(held, {}, shapes_of(base), name=Path(path).name), {}, out, base)
    raise AdapterProblem(f"{path} holds no adapter, word or aesthetic", "one of them", "convert it with its own tool")


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
    return write(path, {"emb_params": vectors}, {"token": f"<{bare}>", "format": "pt"})


def _convert_aesthetic(tensor, path, out):
    """AUTOMATIC1111's aesthetic embeddings are rows of the CLIP of Stable Diffusion 1.5, unnormalised."""
    if not tensor.ndim or not tensor.numel() or not torch.isfinite(tensor.float()).all():
        raise AdapterProblem(f"{Path(path).name} holds no rows", "finite rows of an ear", "do not use it")
    row = torch.nn.functional.normalize(tensor.detach().float().reshape(-1, tensor.shape[-1]).mean(dim=0), dim=0)
    ear = {"name": CLIP_OF_SD15, "version": "clip", "sha256": "not stated"}
    return Aesthetic(row, ear, Path(path).stem, {"converted": Path(path).name}).save(_as_file(out, Path(path).stem))
