"""Hostile and broken adapters are refused before a byte reaches the model; good ones of each convention pass."""

import json
import os
import pickle
import struct

import pytest
import torch
from safetensors.torch import load_file, save_file

from spectrogram.adapters.kinds import LORA, AdapterProblem
from spectrogram.adapters.lora import check_adapter


class Bomb:
    def __init__(self, trace):
        self.trace = trace

    def __reduce__(self):
        return os.mkdir, (str(self.trace),)


def weights(folder):
    return load_file(folder / LORA.file)


def refused(path, pipeline, reason):
    before = {name: tensor.clone() for name, tensor in pipeline.unet.state_dict().items()}
    with pytest.raises(AdapterProblem, match=reason):
        pipeline.load_lora_weights(path)
    after = pipeline.unet.state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_what_training_writes_is_accepted(tiny_lora, pipeline):
    adapter = check_adapter(tiny_lora, pipeline)
    assert (adapter.name, adapter.path) == ("rain", tiny_lora / LORA.file)
    assert check_adapter(tiny_lora / LORA.file, pipeline).layers.tensors.keys() == adapter.layers.tensors.keys()


def test_an_adapter_is_accepted_while_another_is_loaded(tiny_lora, pipeline):
    pipeline.load_lora_weights(tiny_lora, adapter_name="first")
    assert check_adapter(tiny_lora, pipeline).name == "rain"


def test_names_of_kohya_are_accepted(tiny_lora, pipeline, tmp_path):
    renamed = {}
    for key, tensor in weights(tiny_lora).items():
        layer, role = key.removeprefix("unet.").removesuffix(".weight").rsplit(".", 1)
        name = f"lora_unet_{layer.replace('.', '_')}"
        renamed[f"{name}.{'lora_down' if role == 'lora_A' else 'lora_up'}.weight"] = tensor
        renamed[f"{name}.alpha"] = torch.tensor(4.0)
    save_file(renamed, tmp_path / "kohya.safetensors")
    assert check_adapter(tmp_path / "kohya.safetensors", pipeline).name == "kohya"


@pytest.mark.parametrize("name", ["bomb.bin", "bomb.pt", "bomb.ckpt", "bomb.safetensors"])
def test_a_pickle_is_refused_under_every_name_and_runs_nothing(pipeline, tmp_path, name):
    (tmp_path / name).write_bytes(pickle.dumps(Bomb(tmp_path / "ran")))
    refused(tmp_path / name, pipeline, "pickle|not a .safetensors")
    assert not (tmp_path / "ran").exists()


def test_a_zipped_torch_file_named_safetensors_is_refused(pipeline, tmp_path):
    torch.save({"a": Bomb(tmp_path / "ran")}, tmp_path / "a.safetensors")
    refused(tmp_path / "a.safetensors", pipeline, "pickle in disguise")
    assert not (tmp_path / "ran").exists()


def test_a_folder_never_falls_back_to_a_bin_file(pipeline, tmp_path):
    (tmp_path / "pytorch_lora_weights.bin").write_bytes(pickle.dumps(Bomb(tmp_path / "ran")))
    refused(tmp_path, pipeline, "holds 0 safetensors files")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("length", [2**62, 2**64 - 1, 0, 1, 50_000_000])
def test_a_lying_header_length_is_refused(pipeline, tmp_path, length):
    (tmp_path / "a.safetensors").write_bytes(struct.pack("<Q", length) + b"{}" * 50)
    refused(tmp_path / "a.safetensors", pipeline, "no usable header")


def test_a_file_of_ten_gigabytes_is_refused_unread(pipeline, tmp_path):
    with open(tmp_path / "a.safetensors", "wb") as file:
        file.truncate(10 << 30)
    refused(tmp_path / "a.safetensors", pipeline, "10.0 GiB")


@pytest.mark.parametrize("text", ["[1]", '{"a": 3}', '{"a"', '{"__metadata__": 3}', "[" * 5000])
def test_a_broken_header_is_refused(pipeline, tmp_path, text):
    (tmp_path / "a.safetensors").write_bytes(struct.pack("<Q", len(text)) + text.encode())
    refused(tmp_path / "a.safetensors", pipeline, "broken header|one of F32")


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_no_numbers_are_refused(tiny_lora, pipeline, tmp_path, value):
    changed = weights(tiny_lora)
    next(iter(changed.values()))[0, 0] = value
    save_file(changed, tmp_path / "a.safetensors")
    refused(tmp_path / "a.safetensors", pipeline, "NaN or infinity")


def test_a_truncated_file_is_refused(tiny_lora, pipeline, tmp_path):
    data = (tiny_lora / LORA.file).read_bytes()
    (tmp_path / "a.safetensors").write_bytes(data[:-100])
    refused(tmp_path / "a.safetensors", pipeline, "damaged")


@pytest.mark.parametrize(
    "key", ["unet.no.such.layer.lora_A.weight", "vae.encoder.conv_in.weight", "__class__", "x" * 5000]
)
def test_unknown_keys_are_refused(tiny_lora, pipeline, tmp_path, key):
    save_file(weights(tiny_lora) | {key: torch.zeros(4, 4)}, tmp_path / "a.safetensors")
    refused(tmp_path / "a.safetensors", pipeline, "names no layer")


def test_an_adapter_for_another_model_is_refused_by_its_shapes(tiny_lora, pipeline, tmp_path):
    wider = {key: tensor.repeat(2, 2, *[1] * (tensor.ndim - 2)) for key, tensor in weights(tiny_lora).items()}
    save_file(wider, tmp_path / "a.safetensors")
    refused(tmp_path / "a.safetensors", pipeline, "has the shape")


def test_half_an_adapter_is_refused(tiny_lora, pipeline, tmp_path):
    half = {key: tensor for key, tensor in weights(tiny_lora).items() if "lora_A" in key}
    save_file(half, tmp_path / "a.safetensors")
    refused(tmp_path / "a.safetensors", pipeline, "incomplete")


def test_mixed_names_are_read_whole(tiny_lora, pipeline, tmp_path):
    mixed = {
        key.replace("lora_A", "lora.down").replace("lora_B", "lora.up") if "to_q" in key else key: tensor
        for key, tensor in weights(tiny_lora).items()
    }
    save_file(mixed, tmp_path / "a.safetensors")
    read, known = (check_adapter(path, pipeline).layers.tensors for path in (tmp_path / "a.safetensors", tiny_lora))
    assert read.keys() == known.keys()


def test_integers_and_an_empty_file_are_refused(tiny_lora, pipeline, tmp_path):
    save_file({key: tensor.to(torch.int32) for key, tensor in weights(tiny_lora).items()}, tmp_path / "a.safetensors")
    refused(tmp_path / "a.safetensors", pipeline, "one of F32")
    empty = json.dumps({}).encode()
    (tmp_path / "b.safetensors").write_bytes(struct.pack("<Q", len(empty)) + empty)
    refused(tmp_path / "b.safetensors", pipeline, "holds no tensors")


def test_a_missing_adapter_is_named(tmp_path):
    with pytest.raises(AdapterProblem, match="nowhere does not exist"):
        LORA.find(tmp_path / "nowhere")
