"""Each method on a random model: what it trains, what stays, and that its result loads where it should."""

import json

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from spectrogram.models import load_pipeline
from training import base as base_model
from training.flags import settings_of
from training.methods import dreambooth, flatten, lora, student, textual_inversion
from training.methods.method import token_ids
from training.presets import facts_about
from training.record.run_file import read_events
from training.run import train

FEW = {
    "steps": 3,
    "batch": 4,
    "warmup_steps": 1,
    "precision": "no",
    "samples": 1,
    "rank": 2,
    "tracker": "none",
    "replay": 0.0,
}


@pytest.fixture(scope="module")
def taught(owls, tiny_base, tmp_path_factory):
    """Folder of a short run of a method; nothing runs twice."""
    done = {}

    def teach(method, **changes):
        key = (method, *sorted(changes.items()))
        if key not in done:
            folder = tmp_path_factory.mktemp("taught") / "run"
            train(settings_of({**FEW, "base": str(tiny_base), "method": method, **changes}), owls, folder)
            done[key] = folder
        return done[key]

    return teach


def sound(pipeline, prompt="an owl"):
    return pipeline(prompt, seed=1, num_inference_steps=2).audios


@pytest.mark.parametrize("variant", ["lora", "dora", "rslora", "loha", "lokr"])
def test_every_kind_of_adapter_sounds_in_the_pipeline_as_it_did_in_training(variant, tiny_base, tmp_path):
    base = base_model.load(str(tiny_base))
    torch.manual_seed(0)
    method = lora.build(settings_of({"variant": variant, "rank": 3, "base": str(tiny_base)}), base)
    generator = torch.Generator().manual_seed(1)
    for p in method.parameters:
        p.data += 0.2 * torch.randn(p.shape, generator=generator)
    saved = method.save(tmp_path, load_pipeline(tiny_base).params, {})
    pipeline = load_pipeline(tiny_base)
    noise, words, step = torch.randn(1, 4, 16, 32), torch.randn(1, 77, 32), torch.tensor([500])
    with torch.no_grad():
        plain = pipeline.unet(noise, step, words).sample
        trained = method.student.eval()(noise, step, words)[0]
        pipeline.load_lora_weights(saved)
        loaded = pipeline.unet(noise, step, words).sample
    assert not torch.allclose(trained, plain, atol=1e-3)
    assert torch.allclose(loaded, trained, atol=1e-5)


def test_loha_becomes_a_lora_of_the_square_of_its_rank_without_loss():
    shapes = {"hada_w1_a": (8, 2), "hada_w1_b": (2, 9), "hada_w2_a": (8, 2), "hada_w2_b": (2, 9)}
    parts = {name: torch.randn(shape) for name, shape in shapes.items()}
    found = flatten.to_lora({f"layer.{name}": tensor for name, tensor in parts.items()}, "loha")
    product = found["layer.lora_B.weight"] @ found["layer.lora_A.weight"]
    wanted = (parts["hada_w1_a"] @ parts["hada_w1_b"]) * (parts["hada_w2_a"] @ parts["hada_w2_b"])
    assert len(found["layer.lora_A.weight"]) == 4
    assert torch.allclose(product, wanted, atol=1e-5)


def test_the_text_encoders_adapter_is_saved_with_the_prefix_that_older_readers_expect(taught, tiny_base):
    folder = taught("lora", text_encoder=True)
    keys = load_file(folder / "pytorch_lora_weights.safetensors")
    text = [key for key in keys if key.startswith("text_encoder.")]
    assert text
    assert all(key.startswith("text_encoder.text_model.encoder.layers.") for key in text)
    pipeline = load_pipeline(tiny_base)
    pipeline.load_lora_weights(folder)
    loaded = {n: p for n, p in pipeline.text_encoder.named_parameters() if "lora_" in n}
    assert len(loaded) == len(text)
    assert sum(p.abs().sum() for p in loaded.values()) == pytest.approx(
        sum(keys[key].abs().sum().item() for key in text), rel=1e-5
    )


def test_textual_inversion_learns_new_rows_only_and_writes_both_formats(taught, tiny_base):
    folder = taught("textual_inversion", trigger="owl", vectors=2, initial_word="rain")
    ours, webui = load_file(folder / "learned_embeds.safetensors"), load_file(folder / "owl.safetensors")
    assert ours["<owl>"].shape == (2, 32)
    assert torch.equal(webui["emb_params"], ours["<owl>"])
    run = json.loads((folder / "run.json").read_text())
    assert run["trainable_parameters"] == 64


@pytest.mark.parametrize("name", ["learned_embeds.safetensors", "owl.safetensors"])
def test_both_formats_load_as_one_word_in_stock_diffusers_and_in_ours(taught, tiny_base, name):
    from diffusers import StableDiffusionPipeline

    file = taught("textual_inversion", trigger="owl", vectors=2, initial_word="rain") / name
    vectors = next(iter(load_file(file).values()))
    stock = StableDiffusionPipeline.from_pretrained(tiny_base, safety_checker=None)
    stock.load_textual_inversion(str(file), token="<owl>")
    ours = load_pipeline(tiny_base)
    ours.load_textual_inversion(file)
    for pipeline in (stock, ours):
        ids = pipeline.tokenizer.convert_tokens_to_ids(["<owl>", "<owl>_1"])
        assert torch.equal(pipeline.text_encoder.get_input_embeddings().weight[ids], vectors)


@pytest.mark.parametrize("spare", [0, 50])
def test_a_new_word_is_taught_however_many_rows_the_bases_table_has(tiny_base, tmp_path, spare):
    """A base may have more embeddings than its tokenizer has tokens: the word's ids then fall into the table."""
    from diffusers import StableDiffusionPipeline

    stock = StableDiffusionPipeline.from_pretrained(tiny_base, safety_checker=None)
    stock.text_encoder.resize_token_embeddings(len(stock.tokenizer) + spare)
    stock.save_pretrained(tmp_path / "base")
    base = base_model.load(str(tmp_path / "base"))
    settings = settings_of({"method": "textual_inversion", "trigger": "owl", "vectors": 2, "initial_word": "rain"})
    method = textual_inversion.build(settings, base)
    ids = token_ids(method.tokenizer, [method.spell("rain and <owl>")])
    words = method.text_encoder(ids)[0]
    (own,) = torch.autograd.grad(words.pow(3).sum(), method.parameters)
    assert own.abs().amax(dim=1).min() > 0
    method.save(tmp_path / "run", load_pipeline(tiny_base).params, {})
    stock.load_textual_inversion(str(tmp_path / "run" / "learned_embeds.safetensors"), token="<owl>")
    theirs = stock.tokenizer(stock.maybe_convert_prompt("rain and <owl>", stock.tokenizer), padding="max_length")
    assert torch.allclose(words, stock.text_encoder(torch.tensor([theirs.input_ids]))[0], atol=1e-5)
    assert torch.equal(method.table.weight[ids], method.table(ids))


def test_the_word_sounds_and_the_recipe_names_it(taught, tiny_base):
    pipeline = load_pipeline(tiny_base)
    pipeline.load_textual_inversion(taught("textual_inversion", trigger="owl", vectors=2, initial_word="rain"))
    output = pipeline("the sound of <owl>", seed=1, num_inference_steps=2)
    assert output.recipes[0].settings["words"] == "<owl>"
    assert not np.array_equal(output.audios, sound(load_pipeline(tiny_base), "the sound of <owl>"))


def test_an_embedding_in_a_pickle_or_of_another_width_is_refused_unread(tmp_path, tiny_base):
    from safetensors.torch import save_file

    pipeline = load_pipeline(tiny_base)
    torch.save({"<owl>": torch.zeros(32)}, tmp_path / "owl.bin")
    with pytest.raises(ValueError, match=r"owl\.bin is not a \.safetensors file"):
        pipeline.load_textual_inversion(tmp_path / "owl.bin")
    save_file({"emb_params": torch.zeros(2, 768)}, tmp_path / "wide.safetensors")
    with pytest.raises(ValueError, match=r"\[2, 768\].*\(vectors, 32\) for this base"):
        pipeline.load_textual_inversion(tmp_path / "wide.safetensors")


def test_full_training_saves_a_model_folder_that_is_a_base_itself(taught, tiny_base):
    folder = taught("full", rate=1e-3)
    pipeline = load_pipeline(folder / "model")
    assert pipeline.params == load_pipeline(tiny_base).params
    assert pipeline.defaults.steps == 20
    assert not np.array_equal(sound(pipeline), sound(load_pipeline(tiny_base)))


def test_the_average_of_the_weights_is_what_full_training_saves(owls, tiny_base, tmp_path):
    base = base_model.load(str(tiny_base))
    from training.methods import full

    method = full.build(settings_of({"method": "full", "base": str(tiny_base), "ema": 0.9}), base)
    first = method.parameters[0]
    start = first.detach().clone()
    for _ in range(2):
        first.data += 1
        method.after_step()
    # diffusers' EMAModel begins at the first weights after a step and follows with decay (1 + n) / (10 + n), 2/11 here.
    assert torch.allclose(method.ema.shadow_params[0], start + 1 + 9 / 11, atol=1e-5)


def test_zero_terminal_snr_reaches_the_saved_sampler(taught):
    folder = taught("scratch", zero_snr=True, prediction="v_prediction")
    saved = json.loads((folder / "model" / "scheduler" / "scheduler_config.json").read_text())
    assert saved["rescale_betas_zero_snr"] is True
    assert saved["prediction_type"] == "v_prediction"
    assert saved["timestep_spacing"] == "trailing"


def test_scratch_begins_with_other_weights_than_the_base(tiny_base):
    from training.methods import scratch

    base = base_model.load(str(tiny_base))
    before = base.unet.conv_in.weight.detach().clone()
    torch.manual_seed(5)
    method = scratch.build(settings_of({"method": "scratch", "base": str(tiny_base)}), base)
    assert not torch.allclose(method.unet.conv_in.weight, before)
    assert all(p.requires_grad for p in method.unet.parameters())


def test_dreambooth_calls_every_clip_by_one_rare_word_and_replays_its_kind(taught):
    folder = taught("dreambooth", replay=0.5, replay_clips=3, class_prompt="an animal calling")
    settings = settings_of({"method": "dreambooth", "class_prompt": "an animal calling"})
    assert dreambooth.captions(settings, [["x"], ["y"]]) == [["an sks animal calling"]] * 2
    start = next(e for e in read_events(folder / "events.jsonl") if e["event"] == "start")
    assert start["replayed"] == 3 + 1
    assert (folder / "pytorch_lora_weights.safetensors").exists()


def test_what_the_base_made_for_the_replay_is_made_once(taught, tiny_base):
    from training.data import replay

    settings = settings_of({"method": "dreambooth", "base": str(tiny_base), "replay_clips": 2})
    folder = taught("lora").parent / "replayed"
    facts = facts_about(settings.base)
    first, prompts = replay.make(settings, facts, "key", folder)
    stamp = [path.stat().st_mtime_ns for path in folder.iterdir()]
    again, _ = replay.make(settings, facts, "key", folder)
    assert first.shape == (2 + 1, 4, 16, 32)
    assert prompts[-1] == settings.class_prompt
    assert torch.equal(first, again)
    assert [path.stat().st_mtime_ns for path in folder.iterdir()] == stamp


def test_a_student_reads_ids_and_embeddings_alike(tiny_base):
    base = base_model.load(str(tiny_base))
    both = student.build(base.unet, base.text_encoder)
    ids = base.tokenizer("rain", padding="max_length", max_length=77, return_tensors="pt").input_ids
    noise, step = torch.randn(1, 4, 16, 32), torch.tensor([3])
    with torch.no_grad():
        assert torch.equal(both(noise, step, ids)[0], both(noise, step, base.text_encoder(ids)[0])[0])


def test_the_merged_forward_pass_gives_pefts_outputs_and_gradients(tiny_base):
    from training.fast_cpu import merged_products

    base = base_model.load(str(tiny_base))
    torch.manual_seed(0)
    method = lora.build(settings_of({"rank": 3, "base": str(tiny_base)}), base)
    for p in method.parameters:
        p.data += 0.2 * torch.randn(p.shape)
    noise, words, step = torch.randn(2, 4, 16, 32), torch.randn(2, 77, 32), torch.tensor([500, 3])

    def pass_through():
        method.student.zero_grad()
        out = method.student(noise, step, words)[0]
        out.square().mean().backward()
        return out.detach(), [p.grad.clone() for p in method.parameters]

    ours, our_gradients = pass_through()
    merged_products.leave(method.unet)
    theirs, their_gradients = pass_through()
    assert torch.allclose(ours, theirs, atol=1e-5)
    assert all(torch.allclose(a, b, atol=1e-5) for a, b in zip(our_gradients, their_gradients, strict=True))


def test_dora_keeps_pefts_own_forward_pass(tiny_base):
    from training.fast_cpu import merged_products

    base = base_model.load(str(tiny_base))
    method = lora.build(settings_of({"variant": "dora", "base": str(tiny_base)}), base)
    assert merged_products.use(method.unet) == 0
