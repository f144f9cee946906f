"""The base model's recipe at a hundredth of its size, from nothing to a folder that stock diffusers loads."""

import json
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch
from peft import LoraConfig

from dataset_builder.soundscapes.composer import compose
from dataset_builder.soundscapes.synthesis.catalogue import TONAL
from training.base_model import assemble, corpus, finer, growing, text, unet
from training.base_model.phases import line_sounds, sequence, with_recordings
from training.base_model.settings import ScratchSettings

TINY = ScratchSettings(
    corpus_clips=8, vae_widths=(8, 8, 8, 8), vae_samples=32, unet_widths=(16, 16, 32), text_width=32, vocabulary=700,
    samples=8, batch=4, threads=1,
)  # fmt: skip


class Quiet:
    def update(self, stage, done, total, note=""):
        pass


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("scratch")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(corpus, "PART_CLIPS", 8)
        sums = sequence.train(TINY, folder / "work", folder / "model", Quiet())
    return folder / "model", sums


def test_stock_diffusers_loads_the_folder_and_makes_a_picture(model):
    from diffusers import StableDiffusionPipeline

    pipeline = StableDiffusionPipeline.from_pretrained(model[0])
    pipeline.set_progress_bar_config(disable=True)
    assert pipeline("a dog barking", num_inference_steps=2, width=256, height=128).images[0].size == (256, 128)
    assert pipeline.scheduler.config.prediction_type == "v_prediction"


def test_phase_two_goes_on_with_unet_and_decoder_and_leaves_the_rest_as_it_was(model, tmp_path):
    from safetensors.torch import load_file

    settings = replace(TINY, second_samples=8, second_clips=8, decoder_samples=16, recordings=("absent",))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(corpus, "PART_CLIPS", 8)
        sums = sequence.train(settings, tmp_path / "work", tmp_path / "out", Quiet(), base=model[0])
    changed = {name.split("/")[0] for name in sums if sums[name] != model[1][name]}
    assert changed == {"unet", "vae"}
    name = "vae/diffusion_pytorch_model.safetensors"
    before, after = load_file(model[0] / name), load_file(tmp_path / "out" / name)
    differing = {key.split(".")[0] for key in before if not before[key].equal(after[key])}
    assert differing == {"decoder", "post_quant_conv"}
    log = json.loads((tmp_path / "out" / "training_log.json").read_text())
    assert log["second"]["recorded_clips"] == 0
    assert log["second"]["loss_by_step"]["2"] > 0


def test_phase_three_lets_the_text_encoder_learn_for_a_share_and_leaves_the_vae(model, tmp_path):
    settings = replace(
        TINY, second_samples=4, second_clips=8, third_samples=16, third_clips=8, third_text_share=0.5,
    )  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(corpus, "PART_CLIPS", 8)
        sequence.train(settings, tmp_path / "work", tmp_path / "out", Quiet(), base=model[0])
        sums = assemble.checksums(tmp_path / "out")
        before = assemble.checksums(tmp_path / "work" / "phase_second")
    assert {name.split("/")[0] for name in sums if sums[name] != before[name]} == {"unet", "text_encoder"}
    log = json.loads((tmp_path / "out" / "training_log.json").read_text())
    assert log["third"]["drills"] == 8
    assert log["third"]["loss_by_step"]["4"] > 0
    assert log["second"]["loss_by_step"]


def test_phase_four_gives_vae_and_unet_more_channels_and_leaves_the_words(model, tmp_path):
    from diffusers import StableDiffusionPipeline

    settings = replace(
        TINY, second_clips=8, third_clips=8, fourth_channels=6, fourth_vae_samples=32, fourth_samples=8,
    )  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(corpus, "PART_CLIPS", 8)
        sums = sequence.train(settings, tmp_path / "work", tmp_path / "out", Quiet(), base=model[0])
    assert {name.split("/")[0] for name in sums if sums[name] != model[1][name]} == {"unet", "vae"}
    pipeline = StableDiffusionPipeline.from_pretrained(tmp_path / "out")
    pipeline.set_progress_bar_config(disable=True)
    assert pipeline("a dog barking", num_inference_steps=2, width=256, height=128).images[0].size == (256, 128)
    assert pipeline.vae.config.latent_channels == pipeline.unet.config.in_channels == 6
    log = json.loads((tmp_path / "out" / "training_log.json").read_text())
    assert log["fourth"]["loss_by_step"]["2"] > 0
    assert log["fourth"]["vae"]["after"]["psnr_db"] > 0


def test_a_grown_model_begins_where_the_old_one_stood(model):
    pipeline = with_recordings.load(model[0])
    vae, painter = growing.grow_vae(pipeline.vae, 6), growing.grow_unet(pipeline.unet, 6)
    picture, noisy = torch.rand(1, 3, 128, 64) * 2 - 1, torch.randn(1, 6, 16, 8)
    words = torch.randn(1, 77, TINY.text_width)
    with torch.no_grad():
        old, new = pipeline.vae.encode(picture).latent_dist, vae.encode(picture).latent_dist
        painted = painter(noisy, 500, words).sample
        before = pipeline.unet(noisy[:, :4], 500, words).sample
    torch.testing.assert_close(new.mean[:, :4], old.mean)
    torch.testing.assert_close(new.std[:, :4], old.std)
    torch.testing.assert_close(painted[:, :4], before)
    assert not painted[:, 4:].any()


def test_phase_five_drops_noise_deepens_the_unet_and_leaves_the_words(model, tmp_path):
    from diffusers import StableDiffusionPipeline

    settings = replace(
        TINY, second_clips=8, third_clips=8, fifth_clips=8, fifth_samples=8, fifth_dead_width=10.0,
    )  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(corpus, "PART_CLIPS", 8)
        sums = sequence.train(settings, tmp_path / "work", tmp_path / "out", Quiet(), base=model[0])
    assert {name.split("/")[0] for name in sums if sums[name] != model[1][name]} == {"unet", "vae"}
    pipeline = StableDiffusionPipeline.from_pretrained(tmp_path / "out")
    pipeline.set_progress_bar_config(disable=True)
    assert pipeline("a siren wailing", num_inference_steps=2, width=256, height=128).images[0].size == (256, 128)
    assert [len(block.resnets) for block in pipeline.unet.down_blocks] == [2, 2, 2]
    pipeline.unet.add_adapter(LoraConfig(r=2, target_modules=["to_q"]), "owl")
    pipeline.unet.set_adapters(["owl"], [0.5])  # wants one number of layers in the config
    log = json.loads((tmp_path / "out" / "training_log.json").read_text())
    assert log["fifth"]["loss_by_step"]["2"] > 0
    assert log["fifth"]["channels_kept"] == [0, 1, 2, 3]
    assert log["fifth"]["tones"] == 8
    _, rows = corpus.read([tmp_path / "work" / "fifth" / "tones" / "part-0000.npz"])
    assert {label for row in rows for label in row["labels"]} <= set(TONAL)
    assert np.load(tmp_path / "work" / "fifth" / "latents.npy")[:, 1].max() < 1e-5


def test_channels_of_noise_are_found_and_dropped_and_the_others_stay(model):
    pipeline = with_recordings.load(model[0])
    vae = pipeline.vae
    with torch.no_grad():
        vae.quant_conv.bias[4 + 2] = 20.0
        vae.quant_conv.bias[[4, 4 + 1, 4 + 3]] = -20.0
        vae.post_quant_conv.bias += 0.5
    pictures = np.random.default_rng(0).integers(0, 256, (4, 128, 64), dtype=np.uint8)
    kept = line_sounds.living_channels(vae, pictures, 0.5)
    assert kept == [0, 1, 3]
    coder, painter = growing.keep_channels(vae, pipeline.unet, kept)
    x, latents = torch.rand(1, 3, 128, 64) * 2 - 1, torch.randn(1, 4, 16, 8)
    latents[:, 2] = 0
    with torch.no_grad():
        old, new = vae.encode(x).latent_dist, coder.encode(x).latent_dist
        before = vae.decoder.conv_in(vae.post_quant_conv(latents))
        after = coder.decoder.conv_in(coder.post_quant_conv(latents[:, kept]))
    torch.testing.assert_close(new.mean, old.mean[:, kept], rtol=1e-4, atol=1e-5)
    assert new.std.max() < 1e-6
    inside = (..., slice(1, -1), slice(1, -1))  # beyond the edge lie zeros, before and after the shift
    torch.testing.assert_close(after[inside], before[inside], rtol=1e-4, atol=1e-5)
    words = torch.randn(1, 77, TINY.text_width)
    weight, bias = painter.conv_out.weight, painter.conv_out.bias
    torch.testing.assert_close(weight, pipeline.unet.conv_out.weight[kept])
    torch.testing.assert_close(bias, pipeline.unet.conv_out.bias[kept])
    with torch.no_grad():
        pipeline.unet.conv_in.weight[:, 2] = 0
        painted = painter(latents[:, kept], 500, words).sample
        torch.testing.assert_close(painted, pipeline.unet(latents, 500, words).sample[:, kept])


@pytest.mark.parametrize("layers", [(2, 2, 1), (3, 1, 2)])
def test_a_deepened_unet_begins_where_the_old_one_stood_and_can_be_deepened_again(model, layers):
    unet = with_recordings.load(model[0]).unet
    noisy, words = torch.randn(2, 4, 16, 8), torch.randn(2, 77, TINY.text_width)
    deep = growing.deepen(unet, layers)
    again = growing.deepen(deep, tuple(n + 1 for n in layers))
    assert [len(block.resnets) for block in again.up_blocks] == [n + 2 for n in reversed(layers)]
    with torch.no_grad():
        before = unet(noisy, 300, words).sample
        torch.testing.assert_close(deep(noisy, 300, words).sample, before)
        torch.testing.assert_close(again(noisy, 300, words).sample, before)
    deep(noisy, 300, words).sample.pow(2).mean().backward()
    assert deep.down_blocks[0].resnets[1].conv2.weight.grad.abs().sum() > 0
    assert deep.up_blocks[-1].resnets[1].conv2.weight.grad.abs().sum() > 0


def test_loud_pixels_weigh_most_wherever_they_are_painted():
    x = torch.full((1, 3, 8, 8), -1.0)
    x[..., 2, :] = 0.5
    painted = x.clone()
    painted[..., 5, :] = 0.0
    weights = finer.audible(painted, x)[0, 0, :, 0]
    assert weights[2] == pytest.approx(2.1)
    assert weights[5] == pytest.approx(0.1 + 2 * (1 - 0.5 * 120 / 2 / 60))
    assert weights[0] == pytest.approx(0.1)


def test_fast_clips_get_their_share_of_the_crops():
    rows = [{"attributes": [[["pace", "fast"]]]}, {"attributes": [[], [["pitch", "high"]]]}, {"attributes": [[]]}]
    assert finer.chances_of(rows, 0.5).tolist() == [0.5, 0.25, 0.25]
    assert finer.chances_of(rows[1:], 0.5) is None


def test_the_vaes_growth_resumes_where_it_was_cut(model, tmp_path):
    settings = replace(TINY, fourth_channels=6, fourth_vae_samples=64)
    pictures = corpus.read(sorted((model[0].parent / "work" / "corpus").glob("*.npz")))[0]
    whole = finer.Run(settings, with_recordings.load(model[0]).vae, tmp_path)
    losses = [whole.advance(pictures) for _ in range(2)]
    whole.save()
    losses += [whole.advance(pictures) for _ in range(2)]
    cut = finer.Run(settings, with_recordings.load(model[0]).vae, tmp_path)
    cut.restore()
    assert [cut.advance(pictures) for _ in range(2)] == losses[2:]


def test_the_text_encoder_stands_still_after_its_share(model, tmp_path):
    pipeline = with_recordings.load(model[0])
    run = unet.Run(
        replace(TINY, samples=16), pipeline.unet, pipeline.text_encoder, pipeline.scheduler, tmp_path, text_share=0.5
    )
    rows = [corpus.row_of(compose(1, i)) for i in range(4)]
    drawn = unet.Corpus(np.zeros((4, 2, 4, 16, 32), np.float16), rows, pipeline.tokenizer)
    kept = []
    for step in range(4):
        run.advance(*drawn.draw(np.random.default_rng(step), 4, 0.1), torch.Generator().manual_seed(step))
        kept.append(pipeline.text_encoder.get_input_embeddings().weight.detach().clone())
    assert not kept[0].equal(kept[1])
    assert kept[1].equal(kept[2])
    assert kept[2].equal(kept[3])


def test_shares_are_of_the_draws_and_twins_come_together(model):
    rows = [corpus.row_of(compose(1, i, ("rain",), 0)) for i in range(6)]
    for number, row in enumerate(rows):
        row |= {"group": "drills", "twin": 1 - 2 * (number % 2)} if number < 4 else {"group": "composed"}
    drawn = unet.Corpus(
        np.zeros((6, 2, 4, 2, 4), np.float16),
        rows,
        with_recordings.load(model[0]).tokenizer,
        {"drills": 0.25, "composed": 0.75},
    )
    chosen = drawn._choose(np.random.default_rng(0), 4000)
    assert np.mean(np.array(chosen) < 4) == pytest.approx(0.25, abs=0.03)
    assert np.mean(np.array(chosen) == 0) == pytest.approx(np.mean(np.array(chosen) == 1), abs=0.001)


def test_the_text_encoder_keeps_the_old_prefix_and_full_precision(model):
    from safetensors.torch import load_file

    weights = load_file(model[0] / "text_encoder" / "model.safetensors")
    assert {key.split(".")[0] for key in weights} == {"text_model"}
    assert {str(value.dtype) for value in weights.values()} == {"torch.float32"}


def test_checksums_lie_beside_the_weights(model):
    import hashlib

    for name, digest in model[1].items():
        assert hashlib.sha256((model[0] / name).read_bytes()).hexdigest() == digest
    assert len(model[1]) == 3


def test_the_tokenizer_knows_every_character_and_gives_spare_words_a_token(tmp_path):
    tokenizer = text.train_tokenizer(tmp_path, 2000, 77)
    assert tokenizer.tokenize("owl")[0] == "owl</w>"
    assert len(tokenizer.tokenize("sparrow")) == 1
    ids = tokenizer("naïve ’ 雨 \U0001f989")["input_ids"][1:-1]
    assert tokenizer.eos_token_id not in ids
    assert len(ids) > 4


def test_only_steady_textures_are_rolled_in_time():
    rows = {compose(1, i, ("rain",), 0).label: corpus.row_of(compose(1, i, ("rain",), 0)) for i in range(1)}
    assert rows["rain"]["steady"]
    assert not corpus.row_of(compose(1, 0, ("thunder",), 0))["steady"]


def test_a_finished_part_of_the_corpus_is_left_alone(tmp_path, monkeypatch):
    monkeypatch.setattr(corpus, "PART_CLIPS", 2)
    path = corpus.render_part(tmp_path, 0, "mini", partial(compose, 7))
    stamp = path.stat().st_mtime_ns
    corpus.render_part(tmp_path, 0, "mini", partial(compose, 7))
    pictures, rows = corpus.read([path])
    assert path.stat().st_mtime_ns == stamp
    assert pictures.shape == (2, 128, 256)
    assert pictures.dtype == np.uint8
    assert len(rows) == 2


def test_an_unknown_setting_in_a_recipe_is_refused_with_the_known_ones(tmp_path):
    (tmp_path / "recipe.yaml").write_text("sampels: 3\n")
    with pytest.raises(ValueError, match=r"unknown settings \['sampels'\].*'samples'"):
        ScratchSettings.read(tmp_path / "recipe.yaml")
