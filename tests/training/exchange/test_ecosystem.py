"""Adapters on their way out to other tools and in from them."""

import json
import shutil

import pytest
import torch
from diffusers import AutoencoderKL, StableDiffusionPipeline, UNet2DConditionModel
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from transformers import CLIPTextModel

from spectrogram.adapters import layouts
from spectrogram.adapters.kinds import LORA
from spectrogram.adapters.layer_names import layer_shapes
from spectrogram.adapters.lora import read_lora
from spectrogram.models import load_pipeline
from tests.next_lines import follow
from tests.training.exchange.web_ui_keys import TEXT, automatic_name, comfy_key_map, ldm_layers
from training import __main__ as command
from training import base as base_model
from training.exchange import conversion, export
from training.exchange.base_weights import BaseWeights
from training.flags import settings_of
from training.methods import lora

RANK = 3


def trained(base, folder, **settings):
    """A saved adapter of a random base with random weights."""
    parts = base_model.load(str(base))
    torch.manual_seed(0)
    method = lora.build(settings_of({"rank": RANK, "base": str(base), **settings}), parts)
    generator = torch.Generator().manual_seed(1)
    for p in method.parameters:
        p.data += 0.2 * torch.randn(p.shape, generator=generator)
    return method.save(folder, load_pipeline(base).params, {"trigger": "tawny", "base_model": "tiny"})


@pytest.fixture(scope="module")
def wide(tiny_base, tmp_path_factory):
    """An adapter on every kind of layer and on the text encoder."""
    return trained(tiny_base, tmp_path_factory.mktemp("wide") / "owl", targets="wide", text_encoder=True)


@pytest.fixture(scope="module")
def shapes(tiny_base):
    return export.shapes_of(str(tiny_base))


def merged_by_peft(base, adapter):
    """{(part, layer): weight} after diffusers has merged the adapter, if any."""
    pipeline = load_pipeline(base)
    if adapter is not None:
        pipeline.load_lora_weights(adapter)
        pipeline.fuse_lora()
        pipeline.unload_lora_weights()
    return weights_in(pipeline)


def weights_in(pipeline):
    return {
        (part, name.removesuffix(".weight").removeprefix("text_model.")): weight.detach()
        for part in ("unet", "text_encoder")
        for name, weight in getattr(pipeline, part).named_parameters()
        if name.endswith(".weight")
    }


def merged_by_a_web_ui(base, file):
    """{kohya name: weight} by the web UIs' formula, W + alpha / rank * up @ down, for every layer of the file."""
    pipeline, state, found = load_pipeline(base), load_file(file), {}
    modules = {f"lora_unet_{n.replace('.', '_')}": m for n, m in pipeline.unet.named_modules()}
    modules |= {f"lora_te_text_model_{n.replace('.', '_')}": m for n, m in pipeline.text_encoder.named_modules()}
    for key in [k for k in state if k.endswith(".alpha")]:
        name = key.removesuffix(".alpha")
        down, up = state[f"{name}.lora_down.weight"], state[f"{name}.lora_up.weight"]
        weight = modules[name].weight.detach()
        change = (up.flatten(1) @ down.flatten(1)).reshape(weight.shape)
        found[name] = weight + state[key].item() / len(down) * change
    return found


def test_the_kohya_file_merges_to_the_weights_that_peft_merges_to(wide, tiny_base, shapes, tmp_path):
    theirs = merged_by_a_web_ui(tiny_base, export.kohya(wide, str(tiny_base), tmp_path / "owl.safetensors"))
    ours = merged_by_peft(tiny_base, wide)
    plain = {key: w for key, w in merged_by_peft_names(ours).items() if key in theirs}
    assert len(plain) == len(theirs) > 60
    assert max((plain[name] - theirs[name]).abs().max().item() for name in theirs) < 1e-5


def merged_by_peft_names(merged):
    prefix = {"unet": "lora_unet_", "text_encoder": "lora_te_text_model_"}
    return {f"{prefix[part]}{layer.replace('.', '_')}": weight for (part, layer), weight in merged.items()}


@pytest.mark.parametrize("variant", ["rslora", "loha"])
def test_alpha_says_the_true_scale_whatever_the_kind_of_adapter(variant, tiny_base, shapes, tmp_path):
    adapter = trained(tiny_base, tmp_path / "owl", variant=variant)
    theirs = merged_by_a_web_ui(tiny_base, export.kohya(adapter, str(tiny_base)))
    ours = merged_by_peft_names(merged_by_peft(tiny_base, adapter))
    assert max((ours[name] - theirs[name]).abs().max().item() for name in theirs) < 1e-5


def test_the_lengths_of_a_dora_on_the_text_encoder_are_loaded_by_stock_diffusers(tiny_base, shapes, tmp_path):
    adapter = trained(tiny_base, tmp_path / "owl", variant="dora", targets="wide", text_encoder=True)
    state = load_file(adapter)
    # Lengths far from those of the weights, which a reader that passed them by would take instead.
    for name in (name for name in state if "magnitude" in name):
        state[name] = state[name] * 3
    save_file(state, adapter, safe_open(adapter, "pt").metadata())
    before, stock = merged_by_peft(tiny_base, None), StableDiffusionPipeline.from_pretrained(tiny_base)
    stock.load_lora_weights(adapter.parent, weight_name=adapter.name)
    stock.fuse_lora()
    stock.unload_lora_weights()
    read = read_lora(adapter, shapes).layers.tensors
    assert {part for part, _ in read} == {"unet", "text_encoder"}
    for loaded in (weights_in(stock), merged_by_peft(tiny_base, adapter)):
        for layer, tensors in read.items():
            moved = before[layer].flatten(1) + layouts.delta(tensors).flatten(1)
            wanted = tensors["magnitude"][:, None] * moved / moved.norm(dim=1, keepdim=True)
            assert torch.allclose(loaded[layer].flatten(1), wanted, atol=1e-5 * float(wanted.abs().max())), layer


def test_a_dora_leaves_as_the_plain_difference_that_it_makes(tiny_base, tmp_path):
    adapter = trained(tiny_base, tmp_path / "owl", variant="dora")
    file = export.kohya(adapter, str(tiny_base))
    assert not [key for key in load_file(file) if "dora" in key]
    theirs, ours = merged_by_a_web_ui(tiny_base, file), merged_by_peft_names(merged_by_peft(tiny_base, adapter))
    base = load_pipeline(tiny_base)
    modules = {f"lora_unet_{name.replace('.', '_')}": module for name, module in base.unet.named_modules()}
    missed = [float((theirs[name] - ours[name]).norm() / (ours[name] - modules[name].weight).norm()) for name in theirs]
    with safe_open(file, framework="pt") as opened:
        stated = float(opened.metadata()["dora_error"])
    assert max(missed) == pytest.approx(stated, abs=1e-3)
    assert stated <= 0.01


def test_a_dora_leaves_without_the_base_being_opened(tiny_base, tmp_path, monkeypatch):
    """Its export belongs to a run that promised a limit of memory: single weights are read, never a network."""
    adapter = trained(tiny_base, tmp_path / "owl", variant="dora")

    def opened(*given, **named):
        raise AssertionError("the base was opened")

    for kind in (UNet2DConditionModel, AutoencoderKL, CLIPTextModel):
        monkeypatch.setattr(kind, "from_pretrained", opened)
    assert export.kohya(adapter, str(tiny_base)).is_file()


@pytest.mark.parametrize("shards", ["10GB", "100KB"])
def test_single_weights_of_a_base_are_those_that_its_networks_have(tiny_base, tmp_path, shards):
    shutil.copytree(tiny_base, tmp_path / "base")
    pipeline = load_pipeline(tiny_base)
    for part in ("unet", "text_encoder"):
        shutil.rmtree(tmp_path / "base" / part)
        getattr(pipeline, part).save_pretrained(tmp_path / "base" / part, max_shard_size=shards)
    assert (len(list((tmp_path / "base" / "unet").glob("*.safetensors"))) > 1) == (shards != "10GB")
    read = BaseWeights(tmp_path / "base")
    wanted = {
        (part, name.removesuffix(".weight").removeprefix("text_model.")): weight
        for part in ("unet", "text_encoder")
        for name, weight in getattr(pipeline, part).named_parameters()
        if name.endswith(".weight")
    }
    assert set(read) == set(wanted)
    assert all(torch.equal(read[layer], weight) for layer, weight in wanted.items())


def test_a_base_whose_weights_are_missing_is_named(tiny_base, tmp_path):
    shutil.copytree(tiny_base, tmp_path / "base")
    for file in (tmp_path / "base" / "unet").glob("*.safetensors"):
        file.unlink()
    with pytest.raises(ValueError, match=r"has no unet/diffusion_pytorch_model\.safetensors"):
        BaseWeights(tmp_path / "base")


# What LoraConfig of peft 0.15 takes; diffusers hands the header's settings to it as they are.
PEFT_15 = {
    "alpha_pattern", "auto_mapping", "base_model_name_or_path", "bias", "corda_config", "eva_config", "exclude_modules",
    "fan_in_fan_out", "inference_mode", "init_lora_weights", "layer_replication", "layers_pattern",
    "layers_to_transform", "loftq_config", "lora_alpha", "lora_bias", "lora_dropout", "megatron_config",
    "megatron_core", "modules_to_save", "peft_type", "r", "rank_pattern", "revision", "runtime_config",
    "target_modules", "task_type", "trainable_token_indices", "use_dora", "use_rslora",
}  # fmt: skip


@pytest.mark.parametrize("settings", [{}, {"variant": "rslora"}, {"variant": "dora"}, {"text_encoder": True}], ids=str)
def test_the_header_of_an_adapter_asks_nothing_that_an_older_peft_does_not_know(settings, tiny_base, tmp_path):
    with safe_open(trained(tiny_base, tmp_path / "owl", **settings), framework="pt") as file:
        told = json.loads(file.metadata()["lora_adapter_metadata"])
    assert {"unet.r", "unet.lora_alpha", "unet.target_modules"} <= set(told)
    assert {key.split(".", 1)[1] for key in told} <= PEFT_15


@pytest.mark.parametrize("variant", ["lora", "rslora", "dora", "loha"])
def test_a_tool_that_ignores_the_header_reads_the_same_strength(variant, tiny_base, shapes, tmp_path):
    file = trained(tiny_base, tmp_path / "owl", variant=variant)
    save_file(load_file(file), tmp_path / "bare.safetensors")
    same(file, tmp_path / "bare.safetensors", shapes)


def test_equal_weights_are_equal_files(tiny_base, tmp_path):
    one, other = (trained(tiny_base, tmp_path / name / "owl", targets="wide") for name in ("one", "other"))
    assert one.read_bytes() == other.read_bytes()
    assert export.kohya(one, str(tiny_base)).read_bytes() == export.kohya(other, str(tiny_base)).read_bytes()


def test_every_key_for_stable_diffusion_is_found_by_comfyui_and_by_automatic1111():
    """All layers that training can touch, named for a real Stable Diffusion 1.5 (no weights needed)."""

    from training.settings import TARGETS

    with torch.device("meta"):
        unet = UNet2DConditionModel(
            block_out_channels=(320, 640, 1280, 1280), cross_attention_dim=768, attention_head_dim=8
        )
    names = [n for n, m in unet.named_modules() if n.endswith(TARGETS["wide"]) and hasattr(m, "weight")]
    text = [f"encoder.layers.{n}.{name}" for n in range(12) for name in TEXT]
    pair = {"down": torch.zeros(1, 1), "up": torch.zeros(1, 1)}
    layers = {("unet", name): dict(pair) for name in names} | {("text_encoder", name): dict(pair) for name in text}
    keys = {key.split(".", 1)[0] for key in layouts.to_kohya(layouts.Layers(layers))}
    assert len(keys) == len(names) + len(text) == 236 + 72
    originals = ldm_layers()
    comfy = comfy_key_map(12)
    assert [key for key in keys if key not in comfy] == []
    assert {comfy[key] for key in keys if key.startswith("lora_unet_")} <= originals
    known = {name.replace(".", "_") for name in originals} | {f"text_model_{n.replace('.', '_')}" for n in text}
    assert [key for key in keys if automatic_name(key) not in known] == []


def test_the_kohya_header_tells_rank_alpha_trigger_and_codec_parameters(wide, tiny_base, tmp_path):
    with safe_open(export.kohya(wide, str(tiny_base), tmp_path / "owl.safetensors"), framework="pt") as file:
        header = file.metadata()
    assert (header["ss_network_dim"], header["ss_network_alpha"]) == ("3", "3.0")
    assert header["trigger"] == "tawny"
    assert json.loads(header["spectrogram_params"])["mel_bands"] == 128


@pytest.mark.next_line("training/exchange/commands.py import_main")
def test_a_kohya_file_of_another_alpha_comes_in_with_its_true_strength(
    wide, tiny_base, shapes, tmp_path, capsys, monkeypatch
):
    state = load_file(export.kohya(wide, str(tiny_base), tmp_path / "owl.safetensors"))
    halved = {k: v / 2 if k.endswith(".alpha") else v * 2 if "lora_up" in k else v for k, v in state.items()}
    save_file(halved, tmp_path / "half.safetensors")
    where = ["--base", str(tiny_base), "--out", str(tmp_path / "my owl's #1")]
    assert command.main(["import", str(tmp_path / "half.safetensors"), *where]) == 0
    same(wide, tmp_path / "my owl's #1" / LORA.file, shapes)
    monkeypatch.chdir(tmp_path)
    assert follow(capsys.readouterr().out, "--steps", "1") == 0


def test_an_imported_text_encoder_is_loaded_by_stock_diffusers(wide, tiny_base, tmp_path):

    file = export.kohya(wide, str(tiny_base), tmp_path / "owl.safetensors")
    adapter = conversion.import_adapter(file, str(tiny_base), tmp_path / "in")
    stock = StableDiffusionPipeline.from_pretrained(tiny_base, safety_checker=None)
    stock.load_lora_weights(adapter.parent, weight_name=adapter.name)
    assert set(stock.get_list_adapters()) == {"unet", "text_encoder"}


def same(one, other, shapes):
    """Both files change every layer alike."""
    read = []
    for file in (one, other):
        with safe_open(file, framework="pt") as opened:
            read.append(layouts.read(load_file(file), opened.metadata() or {}, shapes).tensors)
    assert read[0].keys() == read[1].keys()
    for layer in read[0]:
        assert torch.allclose(layouts.delta(read[0][layer]), layouts.delta(read[1][layer]), atol=1e-5)


def old_diffusers(adapter, shapes):
    """The same attention layers in the layout of ``save_attn_procs``."""
    found = {}
    for (part, layer), tensors in layouts.read(load_file(adapter), {}, shapes).tensors.items():
        place, name = layer.rsplit(".to_", 1)
        for role in ("down", "up"):
            found[f"{part}.{place}.processor.to_{name.removesuffix('.0')}_lora.{role}.weight"] = tensors[role]
    return found


@pytest.fixture(scope="module")
def attention(tiny_base, tmp_path_factory):
    return trained(tiny_base, tmp_path_factory.mktemp("attention") / "owl")


def test_old_diffusers_files_come_in(attention, tiny_base, shapes, tmp_path):
    save_file(old_diffusers(attention, shapes), tmp_path / "old.safetensors")
    path = conversion.import_adapter(tmp_path / "old.safetensors", str(tiny_base), tmp_path / "in")
    same(attention, path, shapes)
    load_pipeline(tiny_base).load_lora_weights(path)


def test_an_old_pickle_is_refused_by_import_and_opened_by_convert_alone(attention, tiny_base, shapes, tmp_path, capsys):
    torch.save({k.removeprefix("unet."): v for k, v in old_diffusers(attention, shapes).items()}, tmp_path / "old.bin")
    where = ["--base", str(tiny_base), "--out", str(tmp_path / "in")]
    assert command.main(["import", str(tmp_path / "old.bin"), *where]) == 4
    assert "old.bin is not a .safetensors file" in capsys.readouterr().err
    assert command.main(["convert", str(tmp_path / "old.bin"), *where]) == 0
    same(attention, tmp_path / "in" / LORA.file, shapes)


def test_a_peft_folder_comes_in_with_the_scale_of_its_configuration(attention, tiny_base, shapes, tmp_path):
    state = {k.replace("unet.", "base_model.model.", 1): v for k, v in load_file(attention).items()}
    save_file({k: v / 2 if "lora_B" in k else v for k, v in state.items()}, tmp_path / "adapter_model.safetensors")
    config = {"peft_type": "LORA", "r": RANK, "lora_alpha": 2 * RANK}
    (tmp_path / "adapter_config.json").write_text(json.dumps(config))
    same(attention, conversion.import_adapter(tmp_path, str(tiny_base), tmp_path / "in"), shapes)


class Evil:
    def __reduce__(self):
        import os

        return os.system, ("touch /tmp/must-not-exist",)


def test_a_pickle_that_runs_code_is_refused_and_runs_none(tiny_base, tmp_path):
    from pathlib import Path

    torch.save({"x": Evil()}, tmp_path / "evil.bin")
    with pytest.raises(ValueError, match=r"evil\.bin is refused .*it may run code"):
        conversion.convert(tmp_path / "evil.bin", str(tiny_base), tmp_path / "in")
    assert not Path("/tmp/must-not-exist").exists()


def test_an_old_word_and_an_old_aesthetic_become_safetensors(tiny_base, tmp_path):
    from spectrogram.adapters.aesthetic import Aesthetic

    torch.save({"string_to_param": {"*": torch.ones(2, 32)}, "name": "owl"}, tmp_path / "word.pt")
    path = conversion.convert(tmp_path / "word.pt", str(tiny_base), tmp_path / "words")
    pipeline = load_pipeline(tiny_base)
    pipeline.load_textual_inversion(path)
    assert "<owl>" in pipeline.tokenizer.get_vocab()
    torch.save(torch.full((1, 768), 3.0), tmp_path / "mood.pt")
    made = Aesthetic.read(conversion.convert(tmp_path / "mood.pt", str(tiny_base), tmp_path / "mood.safetensors"))
    assert made.row.norm().item() == pytest.approx(1, abs=1e-5)


def test_an_original_textual_inversion_file_becomes_a_word(tiny_base, tmp_path):
    vectors = torch.nn.ParameterDict({"*": torch.nn.Parameter(torch.ones(2, 32))})
    torch.save({"string_to_token": {"*": torch.tensor(265)}, "string_to_param": vectors}, tmp_path / "owl.pt")
    torch.save({"*": torch.ones(32)}, tmp_path / "bird.bin")
    for name in ("owl.pt", "bird.bin"):
        pipeline = load_pipeline(tiny_base)
        pipeline.load_textual_inversion(conversion.convert(tmp_path / name, str(tiny_base), tmp_path / "words"))
        assert f"<{name.split('.')[0]}>" in pipeline.tokenizer.get_vocab()


@pytest.mark.next_line("training/exchange/commands.py export_main")
def test_a_merged_folder_sounds_like_the_base_with_its_adapter(wide, tiny_base, tmp_path, capsys, monkeypatch):
    line = ["export", str(wide.parent), "--base", str(tiny_base), "--merge", str(tmp_path / "my merged")]
    assert command.main(line) == 0
    monkeypatch.chdir(tmp_path)
    assert follow(capsys.readouterr().out, "--steps", "1") == 0
    merged, ours = load_pipeline(tmp_path / "my merged"), merged_by_peft(tiny_base, wide)
    for name, weight in merged.unet.named_parameters():
        if name.endswith(".weight"):
            assert torch.allclose(weight, ours["unet", name.removesuffix(".weight")], atol=2e-3)
    assert layer_shapes(merged) == layer_shapes(load_pipeline(tiny_base))
    assert set(load_file(tmp_path / "my merged" / "text_encoder" / "model.safetensors")) == {
        f"text_model.{name}" for name in merged.text_encoder.state_dict()
    }
