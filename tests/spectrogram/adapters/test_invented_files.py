"""Adapters that no tool wrote exactly so: each makes the change that its own definition says, in plain numpy, or is
refused by a sentence that names what is wrong with it."""

import json

import numpy as np
import pytest
import torch
from peft.tuners.tuners_utils import BaseTunerLayer
from safetensors.torch import save_file

from spectrogram.adapters import layouts
from spectrogram.adapters.kinds import AdapterProblem
from spectrogram.adapters.layer_names import layer_shapes

UNET = "down_blocks.1.attentions.0.transformer_blocks.0.attn1.to_q"
CROSS = "down_blocks.1.attentions.0.transformer_blocks.0.attn2.to_k"
CONV = "down_blocks.1.resnets.0.conv1"
ONE = "down_blocks.1.attentions.0.proj_in"
TEXT = "encoder.layers.0.mlp.fc1"
LAYERS = (UNET, CROSS, CONV, ONE, TEXT)


@pytest.fixture
def shapes(pipeline):
    return {name: shape for (_, name), shape in layer_shapes(pipeline).items()}


def drawn(seed, *shape):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def kohya(layer, tensors):
    name = f"lora_te_text_model_{layer}" if layer == TEXT else f"lora_unet_{layer}"
    return {f"{name.replace('.', '_')}.{role}": tensor for role, tensor in tensors.items()}


def file_of(path, state, metadata=None):
    tensors = {k: t if isinstance(t, torch.Tensor) else torch.tensor(np.asarray(t)) for k, t in state.items()}
    save_file({key: tensor.contiguous() for key, tensor in tensors.items()}, path, metadata)
    return path


def changes(pipeline, path):
    """{layer: the change of its weight as a flat table} once the pipeline has loaded the file."""
    pipeline.load_lora_weights(path, adapter_name="tried")
    found = {}
    for part in (pipeline.unet, pipeline.text_encoder):
        for name, layer in part.named_modules():
            if isinstance(layer, BaseTunerLayer) and "tried" in layer.lora_A:
                found[name.removeprefix("text_model.")] = layer.get_delta_weight("tried").detach().flatten(1).numpy()
    pipeline.unload_lora_weights()
    return found


def near(found, wanted, tolerance=1e-4):
    return np.abs(found - wanted).max() <= tolerance * np.abs(wanted).max()


def pair(shape, rank, seed=0, kernel=True):
    rest = shape[1:] if kernel else (int(np.prod(shape[1:])),)
    return drawn(seed, rank, *rest), drawn(seed + 1, shape[0], rank)


def product(down, up):
    return up.reshape(len(up), -1) @ down.reshape(len(down), -1)


@pytest.mark.parametrize("alpha", [3, -2.0, 1e-3, 64.0, None])
def test_every_kind_of_layer_at_a_rank_of_its_own(pipeline, shapes, tmp_path, alpha):
    state, wanted = {}, {}
    for rank, layer in enumerate(LAYERS, 1):
        down, up = pair(shapes[layer], rank, seed=rank)
        tensors = {"lora_down.weight": down, "lora_up.weight": up.reshape(*up.shape, *[1] * (len(shapes[layer]) - 2))}
        state |= kohya(layer, tensors if alpha is None else tensors | {"alpha": np.asarray(alpha, dtype=np.float32)})
        wanted[layer] = product(down, up) * (1 if alpha is None else alpha / rank)
    found = changes(pipeline, file_of(tmp_path / "a.safetensors", state))
    assert found.keys() == wanted.keys()
    assert all(near(found[layer], wanted[layer]) for layer in LAYERS)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
@pytest.mark.parametrize("alpha", [torch.int64, torch.uint8, torch.bfloat16])
def test_precisions_are_read_as_the_numbers_that_they_hold(pipeline, shapes, tmp_path, dtype, alpha):
    down, up = (torch.tensor(one).to(dtype) for one in pair(shapes[UNET], 4))
    state = kohya(UNET, {"lora_down.weight": down, "lora_up.weight": up, "alpha": torch.tensor(2, dtype=alpha)})
    found = changes(pipeline, file_of(tmp_path / "a.safetensors", state))
    assert near(found[UNET], product(down.float().numpy(), up.float().numpy()) / 2)


def test_a_text_encoder_alone_under_every_prefix(pipeline, shapes, tmp_path):
    down, up = pair(shapes[TEXT], 2)
    dotted = {"lora_down.weight": "lora_A.weight", "lora_up.weight": "lora_B.weight"}
    plain = {"lora_down.weight": down, "lora_up.weight": up}
    names = [
        kohya(TEXT, plain),
        {key.replace("lora_te_", "lora_te1_"): tensor for key, tensor in kohya(TEXT, plain).items()},
        {f"text_encoder.text_model.{TEXT}.{dotted[role]}": tensor for role, tensor in plain.items()},
        {f"text_encoder.{TEXT}.{dotted[role]}": tensor for role, tensor in plain.items()},
        {f"text_encoder.{TEXT}.{dotted[role].replace('.weight', '.default.weight')}": t for role, t in plain.items()},
    ]
    for state in names:
        found = changes(pipeline, file_of(tmp_path / "a.safetensors", state))
        assert list(found) == [TEXT]
        assert near(found[TEXT], product(down, up))


@pytest.mark.parametrize("layer", LAYERS)
def test_loha_in_numpy(pipeline, shapes, tmp_path, layer):
    shape, rank, alpha = shapes[layer], 3, 5
    rest = int(np.prod(shape[1:]))
    a1, b1, a2, b2 = drawn(1, shape[0], rank), drawn(2, rank, rest), drawn(3, shape[0], rank), drawn(4, rank, rest)
    state = kohya(layer, {"hada_w1_a": a1, "hada_w1_b": b1, "hada_w2_a": a2, "hada_w2_b": b2, "alpha": np.int64(alpha)})
    found = changes(pipeline, file_of(tmp_path / "a.safetensors", state))
    assert near(found[layer], (a1 @ b1) * (a2 @ b2) * alpha / rank)


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("alpha", [8.0, None])
def test_lokr_with_a_whole_and_a_split_factor_in_numpy(pipeline, shapes, tmp_path, layer, alpha):
    shape, rank = shapes[layer], 2
    (out, into), kernel = shape[:2], int(np.prod(shape[2:]))
    first, left, right = drawn(1, 2, 4), drawn(2, out // 2, rank), drawn(3, rank, into // 4 * kernel)
    state = {"lokr_w1": first, "lokr_w2_a": left, "lokr_w2_b": right}
    state = kohya(layer, state if alpha is None else state | {"alpha": np.float32(alpha)})
    found = changes(pipeline, file_of(tmp_path / "a.safetensors", state))
    second = (left @ right).reshape(out // 2, into // 4, kernel)
    wanted = np.einsum("ab,cdk->acbdk", first, second).reshape(out, into * kernel)
    assert near(found[layer], wanted * (1 if alpha is None else alpha / rank))


@pytest.mark.parametrize("layer", [CONV, ONE])
def test_locon_with_a_core_in_numpy(pipeline, shapes, tmp_path, layer):
    (out, into, high, wide), rank = shapes[layer], 3
    up, mid, down = drawn(1, out, rank, 1, 1), drawn(2, rank, rank, high, wide), drawn(3, rank, into, 1, 1)
    tensors = {"lora_up.weight": up, "lora_mid.weight": mid, "lora_down.weight": down, "alpha": np.float32(1.5)}
    found = changes(pipeline, file_of(tmp_path / "a.safetensors", kohya(layer, tensors)))
    wanted = np.einsum("or,rshw,si->oihw", up[..., 0, 0], mid, down[..., 0, 0]).reshape(out, -1) / 2
    assert near(found[layer], wanted)


@pytest.mark.parametrize("layer", LAYERS)
def test_dora_in_numpy_and_back_from_our_own_file(pipeline, shapes, tmp_path, layer):
    from safetensors.torch import load_file

    from training.exchange.conversion import _write

    shape = shapes[layer]
    down, up = pair(shape, 2)
    lengths = np.abs(drawn(5, shape[0], *[1] * (len(shape) - 1)))
    state = kohya(
        layer, {"lora_down.weight": down, "lora_up.weight": up, "dora_scale": lengths, "alpha": np.float32(1)}
    )
    theirs = file_of(tmp_path / "theirs.safetensors", state)
    read = layouts.read(load_file(theirs), {}, layer_shapes(pipeline))
    part = pipeline.text_encoder if layer == TEXT else pipeline.unet
    place = next(name for name, _ in part.named_modules() if name.removeprefix("text_model.") == layer)
    weight = part.get_submodule(place).weight.detach().clone().flatten(1).numpy()
    moved = weight + product(down, up) / 2
    wanted = lengths.reshape(-1, 1) * moved / np.linalg.norm(moved, axis=1, keepdims=True)
    for file in (theirs, _write(read, {}, tmp_path / "ours", "base")):
        pipeline.load_lora_weights(file, adapter_name="tried")
        pipeline.fuse_lora()
        assert near(part.get_submodule(place).weight.detach().flatten(1).numpy(), wanted)
        pipeline.unfuse_lora()
        pipeline.unload_lora_weights()


def bad(name, layer=UNET):
    """(tensors of one layer of this shape, what the sentence names)."""

    def tensors(shape):
        (down, up), rest = pair(shape, 4), int(np.prod(shape[1:]))
        whole = {"lora_down.weight": down, "lora_up.weight": up}
        hada = {
            f"hada_w{n}_{s}": drawn(n, *size) for n in (1, 2) for s, size in (("a", (shape[0], 2)), ("b", (2, rest)))
        }
        kron = {"lokr_w1": drawn(1, 2, 2), "lokr_w2": drawn(2, shape[0] // 2, rest // 2)}
        return {
            "alpha zero": whole | {"alpha": np.float32(0)},
            "alpha zero of LoHa": hada | {"alpha": np.int64(0)},
            "alpha NaN": whole | {"alpha": np.float32("nan")},
            "alpha infinite": whole | {"alpha": np.float32("inf")},
            "alpha as a table": whole | {"alpha": np.ones((1, 1), np.float32)},
            "alpha beyond floats": whole | {"alpha": torch.tensor(1e300, dtype=torch.float64)},
            "weights that overflow": {key: t * np.float32(3e38 / 10) for key, t in hada.items()},
            "down alone": {"lora_down.weight": down},
            "up alone": {"lora_up.weight": up},
            "alpha alone": {"alpha": np.float32(2)},
            "lengths alone": {"dora_scale": drawn(1, shape[0], 1)},
            "transposed": {"lora_down.weight": down.T.copy(), "lora_up.weight": up.T.copy()},
            "down transposed": {"lora_down.weight": down.T.copy(), "lora_up.weight": up},
            "rank zero": {"lora_down.weight": down[:0], "lora_up.weight": up[:, :0]},
            "LoHa without its second product": {key: t for key, t in hada.items() if "w1" in key},
            "LoHa with one core": hada | {"hada_t1": drawn(1, 2, 2)},
            "LoHa transposed": {key: t.T.copy() for key, t in hada.items()},
            "LoHa beside LoRA": hada | whole,
            "LoKr with half a factor": {"lokr_w1": kron["lokr_w1"], "lokr_w2_a": drawn(3, shape[0] // 2, 2)},
            "LoKr with a factor twice": kron | {"lokr_w2_a": drawn(3, 4, 2), "lokr_w2_b": drawn(4, 2, 4)},
            "LoKr beside LoHa": kron | hada,
            "DoRA over inputs of a square layer": whole | {"dora_scale": drawn(1, 1, shape[1])},
            "DoRA of LoHa": hada | {"dora_scale": drawn(1, shape[0], 1)},
            "float8": {key: torch.tensor(t).to(torch.float8_e4m3fn) for key, t in whole.items()},
            "integers": {key: (t * 100).astype(np.int8) for key, t in whole.items()},
            "OFT of kohya": {"oft_blocks": drawn(1, 2, 4, 4)},
            "OFT of peft": {"oft_R.weight": drawn(1, 2, 6)},
            "BOFT of peft": {"boft_R": drawn(1, 1, 2, 4, 4)},
            "IA3 of LyCORIS": {"on_input": drawn(1, 4)},
            "IA3 of peft": {"ia3_l": drawn(1, 4)},
            "AdaLoRA": whole | {"lora_E": drawn(1, 4, 1)},
            "VeRA": {"vera_lambda_b": drawn(1, 4)},
        }[name]

    return tensors, layer


SENTENCES = {
    "alpha zero": "has the alpha 0",
    "alpha zero of LoHa": "has the alpha 0",
    "alpha NaN": "alpha holds NaN or infinity",
    "alpha infinite": "alpha holds NaN or infinity",
    "alpha as a table": r"alpha is F32 \[1, 1\]",
    "alpha beyond floats": "stronger than any number",
    "weights that overflow": "stronger than any number",
    "down alone": "is incomplete",
    "up alone": "is incomplete",
    "alpha alone": "is incomplete",
    "lengths alone": "is incomplete",
    "transposed": "has the shape",
    "down transposed": "is incomplete",
    "rank zero": "has the shape",
    "LoHa without its second product": "hada_w2_a, hada_w2_b missing",
    "LoHa with one core": "hada_t2 missing",
    "LoHa transposed": "does not fit",
    "LoHa beside LoRA": "down, up too many",
    "LoKr with half a factor": "lokr_w2_b missing",
    "LoKr with a factor twice": "lokr_w2 too many",
    "LoKr beside LoHa": "lokr_w1, lokr_w2 too many",
    "DoRA over inputs of a square layer": "DoRA over inputs",
    "DoRA of LoHa": "DoRA of LoHa",
    "float8": "F8_E4M3",
    "integers": "is I8",
    "OFT of kohya": "belongs to OFT",
    "OFT of peft": "belongs to OFT",
    "BOFT of peft": "belongs to BOFT",
    "IA3 of LyCORIS": "belongs to IA³",
    "IA3 of peft": "belongs to IA³",
    "AdaLoRA": "belongs to AdaLoRA",
    "VeRA": "belongs to another method of peft",
}


@pytest.mark.parametrize("name", SENTENCES)
def test_what_has_no_one_reading_is_refused_by_name_and_changes_nothing(pipeline, shapes, tmp_path, name):
    make, layer = bad(name)
    file = file_of(tmp_path / "a.safetensors", kohya(layer, make(shapes[layer])))
    with pytest.raises(AdapterProblem, match=SENTENCES[name]) as refusal:
        pipeline.load_lora_weights(file)
    assert "\n" not in str(refusal.value)
    assert not pipeline.state.loras
    assert not any(isinstance(layer, BaseTunerLayer) for layer in pipeline.unet.modules())


def test_a_layer_that_two_names_give_twice_is_refused(pipeline, shapes, tmp_path):
    down, up = pair(shapes[UNET], 2)
    state = kohya(UNET, {"lora_down.weight": down, "lora_up.weight": up})
    state |= {f"unet.{UNET}.lora_A.weight": down, f"unet.{UNET}.lora_B.weight": up}
    with pytest.raises(AdapterProblem, match="twice, under two names"):
        pipeline.load_lora_weights(file_of(tmp_path / "a.safetensors", state))


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        ({"unet.r": 8, "unet.lora_alpha": 8}, "has the rank 4, its settings say 8"),
        ({"unet.r": 4, "unet.lora_alpha": 0}, "has the alpha 0"),
        ({"unet.r": 4, "unet.lora_alpha": 4, "unet.use_dora": True}, "DoRA in 0 of 1 layers"),
        ({"unet.r": 4, "unet.lora_alpha": float("nan")}, "damaged"),
        ({"unet.r": 4, "unet.lora_alpha": 4, "unet.rank_pattern": {"(a+)+": 4}}, "damaged"),
    ],
)
def test_settings_in_the_header_that_contradict_the_tensors_are_refused(pipeline, shapes, tmp_path, told, sentence):
    down, up = pair(shapes[UNET], 4)
    state = {f"unet.{UNET}.lora_A.weight": down, f"unet.{UNET}.lora_B.weight": up}
    file = file_of(tmp_path / "a.safetensors", state, {layouts.METADATA: json.dumps(told)})
    with pytest.raises(Exception, match=sentence):
        pipeline.load_lora_weights(file)


def test_a_rank_by_pattern_divides_alpha(pipeline, shapes, tmp_path):
    down, up = pair(shapes[UNET], 4)
    state = {f"unet.{UNET}.lora_A.weight": down, f"unet.{UNET}.lora_B.weight": up}
    told = {"unet.r": 8, "unet.lora_alpha": 8, "unet.rank_pattern": {"to_q": 4}, "unet.use_rslora": True}
    file = file_of(tmp_path / "a.safetensors", state, {layouts.METADATA: json.dumps(told)})
    assert near(changes(pipeline, file)[UNET], product(down, up) * 8 / 4**0.5)
