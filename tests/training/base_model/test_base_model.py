"""The base model's recipe at a hundredth of its size, from nothing to a folder that stock diffusers loads."""

import json
from dataclasses import asdict, replace
from functools import partial

import numpy as np
import pytest
import torch
import yaml

from dataset_builder.soundscapes.composer import compose
from tests.next_lines import follow
from training import __main__ as command
from training.base_model import composing, corpus, road, text, unet, vae
from training.base_model.settings import ScratchSettings

TINY = ScratchSettings(
    sounds_clips=8, drills_clips=8, vae_widths=(8, 8, 8, 8), vae_channels=4, vae_samples=32, unet_widths=(16, 16, 32),
    unet_layers=1, text_width=32, vocabulary=700, text_share=1.0, samples=8, batch=4, threads=1,
)  # fmt: skip


class Quiet:
    def update(self, stage, done, total, note=""):
        pass


def walk(settings, folder, start=None):
    """The road to ``folder``/model with parts of eight clips; its checksums."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(corpus, "PART_CLIPS", 8)
        patch.setattr(vae, "MEASURED", 2)
        return road.train(settings, road.Places(folder / "work", folder / "model", start=start), Quiet())


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("scratch")
    sums = walk(TINY, folder)
    return folder / "model", sums


def test_stock_diffusers_loads_the_folder_and_makes_a_picture(model):
    from diffusers import StableDiffusionPipeline

    pipeline = StableDiffusionPipeline.from_pretrained(model[0])
    pipeline.set_progress_bar_config(disable=True)
    assert pipeline("a dog barking", num_inference_steps=2, width=256, height=128).images[0].size == (256, 128)
    assert pipeline.scheduler.config.prediction_type == "v_prediction"
    assert pipeline.unet.config.in_channels == pipeline.vae.config.latent_channels == 4


@pytest.mark.next_line("training/base_model/command.py main")
def test_the_command_finds_what_is_done_and_what_comes_next_sounds(model, tmp_path, capsys, monkeypatch):
    (tmp_path / "tiny.yaml").write_text(yaml.safe_dump(asdict(TINY)))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(vae, "MEASURED", 2)
    work = model[0].parent / "work"
    assert command.main(["scratch", "tiny.yaml", "--out", "my base", "--work", str(work)]) == 0
    assert follow(capsys.readouterr().out, "--steps", "1") == 0
    assert (tmp_path / "dog.wav").is_file()


def test_the_log_says_what_taught_the_model_and_how_long_it_took(model):
    log = json.loads((model[0] / "training_log.json").read_text())
    assert log["clips"] == 16
    assert log["clips_with_recordings"] == 0
    assert log["start"] is None
    assert set(log["seconds"]) == {"corpus", "vae", "latents", "unet"}
    assert log["loss_by_step"]["2"] > 0
    assert log["vae"]["after"]["psnr_db"] > 0


def test_a_run_that_starts_from_a_model_keeps_its_words_and_goes_on_with_the_rest(model, tmp_path):
    sums = walk(replace(TINY, text_share=0.0), tmp_path, start=model[0])
    assert {name.split("/")[0] for name in sums if sums[name] != model[1][name]} == {"unet", "vae"}
    log = json.loads((tmp_path / "model" / "training_log.json").read_text())
    assert log["start"] == model[1]
    scales = [road.load(folder).vae.config.scaling_factor for folder in (model[0], tmp_path / "model")]
    assert scales[0] == scales[1]


def test_what_a_run_started_from_can_be_mixed_into_its_end(model, tmp_path):
    settings = replace(TINY, text_share=0.0)
    plain = walk(settings, tmp_path / "plain", start=model[0])
    whole = walk(replace(settings, start_share=1.0), tmp_path / "whole", start=model[0])
    name = "unet/diffusion_pytorch_model.safetensors"
    assert whole[name] == model[1][name]
    assert plain[name] != model[1][name]


def test_a_finished_road_is_not_walked_again(model):
    work = model[0].parent / "work"
    stamps = {path: path.stat().st_mtime_ns for path in work.rglob("*.np?")}
    assert walk(TINY, model[0].parent) == model[1]
    assert {path: path.stat().st_mtime_ns for path in work.rglob("*.np?")} == stamps


def test_latents_have_no_width(model):
    coder = road.load(model[0]).vae
    with torch.no_grad():
        posterior = coder.encode(torch.rand(1, 3, 128, 64) * 2 - 1).latent_dist
    assert posterior.std.max() < 1e-5


def test_loud_pixels_weigh_most_wherever_they_are_painted():
    x = torch.full((1, 3, 8, 8), -1.0)
    x[..., 2, :] = 0.5
    painted = x.clone()
    painted[..., 5, :] = 0.0
    weights = vae.audible(painted, x)[0, 0, :, 0]
    assert weights[2] == pytest.approx(2.1)
    assert weights[5] == pytest.approx(0.1 + 2 * (1 - 0.5 * 120 / 2 / 60))
    assert weights[0] == pytest.approx(0.1)


def test_grain_of_another_draw_is_no_error_and_a_smooth_patch_is_one():
    generator = torch.Generator().manual_seed(0)
    x, other = (0.2 * torch.randn(1, 1, 64, 64, generator=generator) for _ in range(2))
    weight = torch.ones(1, 1, 64, 64)
    assert vae.grain_error(other, x, weight) < 0.3
    assert vae.grain_error(torch.zeros_like(x), x, weight) > 2


def test_the_vaes_training_resumes_where_it_was_cut(model, tmp_path):
    settings = replace(TINY, vae_samples=64)
    pictures = corpus.read(sorted((model[0].parent / "work" / "sounds").glob("*.npz")))[0]
    whole = vae.Run(settings, road.load(model[0]).vae, tmp_path)
    losses = [whole.advance(pictures) for _ in range(2)]
    whole.save()
    losses += [whole.advance(pictures) for _ in range(2)]
    cut = vae.Run(settings, road.load(model[0]).vae, tmp_path)
    cut.restore()
    assert [cut.advance(pictures) for _ in range(2)] == losses[2:]


def test_the_text_encoder_stands_still_after_its_share(model, tmp_path):
    pipeline = road.load(model[0])
    settings = replace(TINY, samples=16, text_share=0.5)
    run = unet.Run(settings, pipeline.unet, pipeline.text_encoder, pipeline.scheduler, tmp_path)
    rows = [corpus.row_of(compose(1, i)) for i in range(4)]
    drawn = unet.Corpus(np.zeros((4, 4, 16, 32), np.float16), rows, pipeline.tokenizer)
    kept = []
    for step in range(4):
        run.advance(*drawn.draw(np.random.default_rng(step), 4, 0.1), torch.Generator().manual_seed(step))
        kept.append(pipeline.text_encoder.get_input_embeddings().weight.detach().clone())
    assert not kept[0].equal(kept[1])
    assert kept[1].equal(kept[2])
    assert kept[2].equal(kept[3])


def test_shares_are_of_the_draws_and_twins_come_together(model):
    rows = [corpus.row_of(compose(1, i, ("wind",), 0)) for i in range(6)]
    for number, row in enumerate(rows):
        row |= {"group": "drills", "twin": 1 - 2 * (number % 2)} if number < 4 else {"group": "sounds"}
    tokenizer = road.load(model[0]).tokenizer
    drawn = unet.Corpus(np.zeros((6, 4, 2, 4), np.float16), rows, tokenizer, {"drills": 0.25, "sounds": 0.75})
    chosen = drawn._choose(np.random.default_rng(0), 4000)
    assert np.mean(np.array(chosen) < 4) == pytest.approx(0.25, abs=0.03)
    assert np.mean(np.array(chosen) == 0) == pytest.approx(np.mean(np.array(chosen) == 1), abs=0.001)


def test_clips_of_a_seed_and_number_are_always_the_same(tmp_path):
    clips = [composing.compose(TINY, tmp_path, None, 5) for _ in range(2)]
    assert np.array_equal(clips[0].audio, clips[1].audio)
    assert clips[0].captions == clips[1].captions


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
