"""Every layout of adapter is loaded with the change that its own definition says, or refused by its own name."""

import json
import subprocess
import sys

import pytest
import torch
from peft.tuners.tuners_utils import BaseTunerLayer
from safetensors.torch import save_file

from spectrogram.adapters import layouts
from spectrogram.adapters.kinds import LORA, WORD, AdapterProblem, kind_in
from spectrogram.adapters.layer_names import layer_shapes
from spectrogram.adapters.lora import read_lora
from spectrogram.adapters.safetensors_file import write
from spectrogram.problems import UsageProblem

LINEAR = "down_blocks.1.attentions.0.transformer_blocks.0.attn1.to_q"
OTHER = "down_blocks.1.attentions.0.transformer_blocks.0.attn1.to_v"
CONV = "down_blocks.1.resnets.0.conv1"
TEXT = "encoder.layers.0.self_attn.q_proj"
FAST = {"num_inference_steps": 1}


def numbers(*shape):
    generator = torch.Generator().manual_seed(sum(shape) + len(shape))
    return torch.randn(shape, generator=generator)


def changes(pipeline, file):
    """{layer: what it adds to the weight} once the pipeline has loaded a file."""
    pipeline.load_lora_weights(file, adapter_name="tried")
    found = {}
    for part in (pipeline.unet, pipeline.text_encoder):
        for name, layer in part.named_modules():
            if isinstance(layer, BaseTunerLayer) and "tried" in layer.lora_A:
                found[name.removeprefix("text_model.")] = layer.get_delta_weight("tried").detach()
    pipeline.unload_lora_weights()
    return found


def near(first, second):
    return torch.allclose(first, second, atol=1e-4 * float(second.abs().max()))


def kohya(layer, **tensors):
    name = f"lora_te_text_model_{layer}" if layer == TEXT else f"lora_unet_{layer}"
    return {f"{name.replace('.', '_')}.{role}": tensor for role, tensor in tensors.items()}


def saved(path, *parts, metadata=None):
    save_file({name: tensor.clone().contiguous() for part in parts for name, tensor in part.items()}, path, metadata)
    return path


def lora(shape, rank, alpha=None):
    down, up = numbers(rank, *shape[1:]), numbers(shape[0], rank, *[1] * (len(shape) - 2))
    found = {"lora_down.weight": down, "lora_up.weight": up}
    return found if alpha is None else found | {"alpha": alpha}


@pytest.fixture
def shapes(pipeline):
    return {name: shape for (_, name), shape in layer_shapes(pipeline).items()}


@pytest.mark.parametrize("alpha", [torch.tensor(2), torch.tensor(2.0), torch.tensor([2.0], dtype=torch.float16), None])
def test_each_layer_has_the_strength_of_its_own_rank_and_alpha(pipeline, shapes, tmp_path, alpha):
    ranks = {LINEAR: 2, OTHER: 8, CONV: 3, TEXT: 4}
    parts = {layer: lora(shapes[layer], rank, alpha) for layer, rank in ranks.items()}
    found = changes(pipeline, saved(tmp_path / "a.safetensors", *(kohya(n, **t) for n, t in parts.items())))
    assert found.keys() == ranks.keys()
    for layer, tensors in parts.items():
        plain = tensors["lora_up.weight"].flatten(1) @ tensors["lora_down.weight"].flatten(1)
        wanted = plain * (1 if alpha is None else 2 / ranks[layer])
        assert near(found[layer].flatten(1), wanted), layer


def test_alphas_that_differ_at_one_rank_are_each_layers_own(pipeline, shapes, tmp_path):
    parts = {LINEAR: lora(shapes[LINEAR], 4, torch.tensor(4.0)), OTHER: lora(shapes[OTHER], 4, torch.tensor(1.0))}
    found = changes(pipeline, saved(tmp_path / "a.safetensors", *(kohya(n, **t) for n, t in parts.items())))
    for layer, scale in ((LINEAR, 1.0), (OTHER, 0.25)):
        tensors = parts[layer]
        assert near(found[layer], scale * tensors["lora_up.weight"] @ tensors["lora_down.weight"])


def test_diffusers_settings_in_the_header_may_differ_by_layer(pipeline, shapes, tmp_path):
    state = {}
    for layer, rank in ((LINEAR, 4), (OTHER, 2)):
        state |= {f"unet.{layer}.lora_A.weight": numbers(rank, shapes[layer][1])}
        state |= {f"unet.{layer}.lora_B.weight": numbers(shapes[layer][0], rank)}
    told = {"unet.r": 4, "unet.lora_alpha": 8, "unet.use_rslora": True, "unet.alpha_pattern": {"attn1.to_v": 6}}
    told |= {"unet.rank_pattern": {"attn1.to_v": 2}}
    file = saved(tmp_path / "a.safetensors", state, metadata={layouts.METADATA: json.dumps(told)})
    found = changes(pipeline, file)
    for layer, scale in ((LINEAR, 8 / 4**0.5), (OTHER, 6 / 2**0.5)):
        wanted = scale * state[f"unet.{layer}.lora_B.weight"] @ state[f"unet.{layer}.lora_A.weight"]
        assert near(found[layer], wanted)


@pytest.mark.parametrize("layer", [LINEAR, CONV, TEXT])
def test_loha_is_the_product_of_two_products(pipeline, shapes, tmp_path, layer):
    out, rest, rank = shapes[layer][0], int(torch.tensor(shapes[layer][1:]).prod()), 3
    a1, b1, a2, b2 = numbers(out, rank), numbers(rank, rest), numbers(out, rank) + 1, numbers(rank, rest) - 1
    tensors = {"hada_w1_a": a1, "hada_w1_b": b1, "hada_w2_a": a2, "hada_w2_b": b2, "alpha": torch.tensor(1)}
    found = changes(pipeline, saved(tmp_path / "a.safetensors", kohya(layer, **tensors)))
    assert near(found[layer].flatten(1), (a1 @ b1) * (a2 @ b2) / rank)


def test_loha_with_cores_is_read(pipeline, shapes, tmp_path):
    (out, into, high, wide), rank = shapes[CONV], 2
    tensors, wanted = {"alpha": torch.tensor(1.0)}, 1.0
    for n in (1, 2):
        core, a, b = numbers(rank, rank, high, wide) + n, numbers(rank, out) + n, numbers(rank, into) - n
        tensors |= {f"hada_t{n}": core, f"hada_w{n}_a": a, f"hada_w{n}_b": b}
        wanted = wanted * torch.einsum("ijkl,jr,ip->prkl", core, b, a)
    found = changes(pipeline, saved(tmp_path / "a.safetensors", kohya(CONV, **tensors)))
    assert near(found[CONV], wanted / rank)


# A core belongs to a convolution.
LOKR = [(layer, form) for layer in (LINEAR, CONV) for form in ("whole", "second", "both", "flat")] + [(CONV, "core")]


@pytest.mark.parametrize(("layer", "form"), LOKR)
def test_lokr_is_a_kronecker_product(pipeline, shapes, tmp_path, layer, form):
    (out, into), kernel, rank = shapes[layer][:2], shapes[layer][2:], 2
    first, second = numbers(4, 2), numbers(out // 4, into // 2, *kernel)
    tensors, scale = {"lokr_w1": first, "lokr_w2": second, "alpha": torch.tensor(7.0)}, 1.0
    if form != "whole":
        del tensors["lokr_w2"]
        flat = int(torch.tensor((into // 2, *kernel)).prod())
        left, right, scale = numbers(out // 4, rank), numbers(rank, flat), 7 / rank
        second = (left @ right).reshape(out // 4, into // 2, *kernel)
        tensors |= {"lokr_w2_a": left, "lokr_w2_b": right}
    if form == "core":
        core, left, right = numbers(rank, rank, *kernel), numbers(rank, out // 4), numbers(rank, into // 2)
        second = torch.einsum("ijkl,ip,jr->prkl", core, left, right).contiguous()
        tensors |= {"lokr_t2": core, "lokr_w2_a": left, "lokr_w2_b": right}
    if form == "both":
        del tensors["lokr_w1"]
        tensors |= {"lokr_w1_a": numbers(4, rank), "lokr_w1_b": numbers(rank, 2)}
        first = tensors["lokr_w1_a"] @ tensors["lokr_w1_b"]
    found = changes(pipeline, saved(tmp_path / "a.safetensors", kohya(layer, **tensors)))
    wanted = torch.kron(first[..., None, None] if kernel else first, second)
    assert near(found[layer], wanted * scale)


def test_locon_with_a_core_is_one_kernel(pipeline, shapes, tmp_path):
    (out, into, high, wide), rank = shapes[CONV], 3
    up, mid, down = numbers(out, rank, 1, 1), numbers(rank, rank, high, wide), numbers(rank, into, 1, 1)
    tensors = {"lora_up.weight": up, "lora_mid.weight": mid, "lora_down.weight": down, "alpha": torch.tensor(6)}
    found = changes(pipeline, saved(tmp_path / "a.safetensors", kohya(CONV, **tensors)))
    assert near(found[CONV], torch.einsum("or,rskl,si->oikl", up[..., 0, 0], mid, down[..., 0, 0]) * 2)


def test_names_without_a_part_are_the_unets(pipeline, shapes, tmp_path):
    tensors = lora(shapes[LINEAR], 2)
    place = LINEAR.removesuffix(".to_q")
    old = {f"{place}.processor.to_q_lora.{role}.weight": tensors[f"lora_{role}.weight"] for role in ("down", "up")}
    peft = {f"base_model.model.{LINEAR}.lora_{r}.weight": old[f"{place}.processor.to_q_lora.{n}.weight"]
            for r, n in (("A", "down"), ("B", "up"))}  # fmt: skip
    for state in (old, peft):
        found = changes(pipeline, saved(tmp_path / "a.safetensors", state))
        assert near(found[LINEAR], tensors["lora_up.weight"] @ tensors["lora_down.weight"])


@pytest.mark.parametrize("layer", [LINEAR, CONV])
def test_a_dora_in_kohyas_names_is_a_dora(pipeline, shapes, tmp_path, layer):
    ones = [1] * (len(shapes[layer]) - 1)
    tensors = lora(shapes[layer], 2, torch.tensor(2.0)) | {"dora_scale": numbers(shapes[layer][0], *ones).abs()}
    pipeline.load_lora_weights(saved(tmp_path / "a.safetensors", kohya(layer, **tensors)), adapter_name="tried")
    pipeline.fuse_lora()
    found = pipeline.unet.get_submodule(layer).weight.detach()
    pipeline.unfuse_lora()
    weight = pipeline.unet.get_submodule(layer).weight.detach()
    change = tensors["lora_up.weight"].flatten(1) @ tensors["lora_down.weight"].flatten(1)
    weight = weight + change.reshape(weight.shape)
    wanted = tensors["dora_scale"] * weight / weight.flatten(1).norm(dim=1).reshape(-1, *ones)
    assert near(found, wanted)


@pytest.mark.parametrize(
    ("tensors", "kind"),
    [
        ({"oft_blocks": numbers(2, 2)}, "OFT"),
        ({"a1.weight": numbers(2, 2)}, "GLoRA"),
        ({"on_input": numbers(2)}, "IA³"),
        ({"diff": numbers(2, 2)}, "full differences"),
        ({"w_norm": numbers(2)}, "trained norms"),
        ({"hada_w3_a": numbers(2, 2)}, "unknown layout"),
        ({"hada_w1_a": numbers(2, 2), "hada_w1_b": numbers(2, 2)}, "does not fit"),
        ({"lokr_w1": numbers(3, 3), "lokr_w2": numbers(5, 5)}, "does not fit"),
        ({"lora_down.weight": numbers(2, 32), "lora_up.weight": numbers(32, 3)}, "incomplete|has the shape"),
        ({"lora_down.weight": numbers(1, 32), "lora_up.weight": numbers(32)}, "incomplete"),
        ({"lora_down.weight": numbers(1), "lora_up.weight": numbers(32, 1)}, "incomplete"),
    ],
)
def test_what_cannot_be_read_is_refused_by_its_own_name(pipeline, tmp_path, tensors, kind):
    with pytest.raises(AdapterProblem, match=kind):
        pipeline.load_lora_weights(saved(tmp_path / "a.safetensors", kohya(LINEAR, **tensors)))


def test_adapters_of_other_models_are_refused_by_their_name(pipeline, tmp_path):
    for name, kind in (("lora_te2_text_model_x.lora_down.weight", "SDXL"), ("transformer.x.lora_A.weight", "Flux")):
        with pytest.raises(AdapterProblem, match=kind):
            pipeline.load_lora_weights(saved(tmp_path / "a.safetensors", {name: numbers(2, 2)}))


def test_a_dora_over_inputs_and_one_in_some_layers_are_refused(pipeline, shapes, tmp_path):
    plain = lora(shapes[LINEAR], 2)
    over_inputs = kohya(LINEAR, **plain, dora_scale=numbers(1, shapes[LINEAR][1] + 1))
    with pytest.raises(AdapterProblem, match="DoRA over inputs"):
        pipeline.load_lora_weights(saved(tmp_path / "a.safetensors", over_inputs))
    some = kohya(LINEAR, **plain, dora_scale=numbers(shapes[LINEAR][0], 1)), kohya(OTHER, **lora(shapes[OTHER], 2))
    with pytest.raises(AdapterProblem, match="DoRA in 1 of 2 layers"):
        pipeline.load_lora_weights(saved(tmp_path / "a.safetensors", *some))


@pytest.mark.parametrize("name", ["train", "keys", "weight", "a.b", "to", "0"])
def test_a_file_may_be_called_what_torch_calls_its_methods(pipeline, shapes, tmp_path, name):
    file = saved(tmp_path / f"{name}.safetensors", kohya(LINEAR, **lora(shapes[LINEAR], 2)))
    pipeline.load_lora_weights(file)
    pipeline.load_lora_weights(file)  # a second file of that name
    assert list(pipeline.state.loras) == [name, f"{name}_2"]
    pipeline.set_adapters([name], [0.5])
    recipe = pipeline("rain", seed=1, **FAST).recipes[0]
    assert (recipe.adapter, recipe.adapter_scale) == (name, 0.5)
    with pytest.raises(UsageProblem, match="An adapter is called"):
        pipeline.load_lora_weights(file, adapter_name=name)
    pipeline.delete_adapters(name)
    assert list(pipeline.state.loras) == [f"{name}_2"]


def test_equal_content_is_equal_bytes(tmp_path):
    tensors = {f"{n}.lora_A.weight": numbers(2, 3) for n in "abcdef"}
    metadata = {f"key {n}": str(n) for n in range(9)}
    one = write(tmp_path / "one.safetensors", tensors, metadata)
    other = write(tmp_path / "two.safetensors", dict(reversed(tensors.items())), dict(reversed(metadata.items())))
    assert one.read_bytes() == other.read_bytes()
    told = [json.dumps({"unet.r": 4, "unet.target_modules": names}) for names in (["b", "a"], ["a", "b"])]
    assert layouts.canonical({layouts.METADATA: told[0]}) == layouts.canonical({layouts.METADATA: told[1]})


def test_a_folder_of_training_is_one_adapter_and_never_one_of_another_kind(tmp_path):
    (tmp_path / WORD.file).write_bytes(b"")
    assert kind_in(tmp_path) is WORD
    with pytest.raises(AdapterProblem, match="holds 0 safetensors files"):
        LORA.find(tmp_path)


def test_files_are_looked_for_without_loading_torch():
    program = (
        "import sys; import spectrogram.adapters.kinds, spectrogram.prompts.language; print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_read_lora_needs_shapes_alone(tiny_lora, pipeline):
    adapter = read_lora(tiny_lora, layer_shapes(pipeline))
    assert adapter.name == "rain"
    assert len(layouts.to_state(adapter.layers)) == 2 * len(adapter.layers.tensors) > 0


@pytest.mark.parametrize(("key", "word"), [("*", "owl"), ("emb_params", "owl"), ("<bird>", "<bird>")])
def test_a_learned_word_of_any_tool_is_loaded(pipeline, tmp_path, key, word):
    width = pipeline.text_encoder.config.hidden_size
    pipeline.load_textual_inversion(saved(tmp_path / "owl.safetensors", {key: numbers(1, width)}))
    assert word in pipeline.tokenizer.get_vocab()
    pipeline.unload_textual_inversion()
