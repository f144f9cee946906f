"""The cache against the VAE and text encoder that fill it."""

import numpy as np
import pytest
import torch

from training import base as base_model
from training.data import latents
from training.data.dataset import read


@pytest.fixture(scope="module")
def parts(tiny_base):
    return base_model.load(str(tiny_base))


def fill(folder, parts, pictures, captions):
    return latents.cache(folder, pictures, captions, parts.vae, parts.tokenizer, parts.text_encoder)


def test_cached_latents_are_the_vaes_scaled_by_its_factor(tmp_path, parts):
    pictures = np.random.default_rng(0).integers(0, 256, (3, 128, 256, 3), dtype=np.uint8)
    cached = fill(tmp_path, parts, pictures, [["a"], ["b"], ["c"]])
    x = torch.from_numpy(pictures.astype(np.float32) / 255 * 2 - 1).permute(0, 3, 1, 2)
    expected = parts.vae.encode(x).latent_dist.mean * parts.vae.config.scaling_factor
    assert torch.allclose(cached.mean[:, 0].float(), expected, atol=2e-3)


def test_cached_text_is_what_stable_diffusion_feeds_its_unet(tmp_path, parts, tiny_base):
    from diffusers import StableDiffusionPipeline

    cached = fill(tmp_path, parts, np.zeros((1, 128, 256, 3), np.uint8), [["rain in the bell"]])
    pipeline = StableDiffusionPipeline.from_pretrained(tiny_base, safety_checker=None)
    expected, empty = pipeline.encode_prompt("rain in the bell", "cpu", 1, True)
    _, text = cached.fixed(torch.tensor([0]))
    assert torch.allclose(text, expected, atol=2e-3)
    assert torch.allclose(cached.text[cached.empty].float(), empty[0], atol=2e-3)


def test_a_second_call_reads_the_file_and_a_changed_caption_does_not(tmp_path, parts):
    pictures = np.zeros((1, 128, 256, 3), np.uint8)
    fill(tmp_path, parts, pictures, [["a"]])
    fill(tmp_path, parts, pictures, [["a"]])
    assert len(list(tmp_path.iterdir())) == 1
    fill(tmp_path, parts, pictures, [["b"]])
    assert len(list(tmp_path.iterdir())) == 2


def test_dropout_of_one_gives_the_empty_prompt_and_zero_never_does(tmp_path, parts):
    cached = fill(tmp_path, parts, np.zeros((1, 128, 256, 3), np.uint8), [["rain"]])
    generator = torch.Generator().manual_seed(0)
    _, dropped = cached.draw(torch.tensor([0]), generator, dropout=1.0)
    _, kept = cached.draw(torch.tensor([0]), generator, dropout=0.0)
    assert torch.equal(dropped[0], cached.text[cached.empty].float())
    assert not torch.equal(kept[0], dropped[0])


def test_a_dataset_keeps_every_wording_and_its_codec_parameters(owls):
    data = read(owls)
    assert (data.params.height, data.params.width) == data.pictures.shape[1:3]
    assert all(len(wordings) > 1 for wordings in data.captions)
    assert not set(data.training) & set(data.validation)
    assert data.licences == {"CC0 1.0": len(data.training)}


def test_what_a_short_clip_was_filled_up_with_is_known_in_every_turn():
    pictures = np.full((2, 16, 64, 3), 90, np.uint8)
    pictures[0, :, 20:] = 0
    pictures[1, :, 30:40] = 0
    heard = latents.heard_columns(pictures, np.array([[0, 8], [0, 8]]), 8)
    assert heard[0].tolist() == [[1, 1, 1, 0, 0, 0, 0, 0], [0, 1, 1, 1, 0, 0, 0, 0]]
    assert heard[1].all()
    assert latents.heard_columns(np.zeros((1, 16, 64, 3), np.uint8), np.array([[0]]), 8).all()
    assert not latents.heard_columns(255 - pictures[:1] * (pictures[:1] > 0), np.array([[0]]), 8)[0, 0, 3:].any()


def test_padding_neither_adds_to_the_error_nor_takes_from_it(parts):
    from training.loop.objective import squared_errors

    generator = torch.Generator().manual_seed(0)
    clips, noise = (torch.randn(2, 4, 16, 32, generator=generator) for _ in range(2))
    words = torch.randn(2, 77, parts.unet.config.cross_attention_dim, generator=generator)
    steps = torch.tensor([100, 700])
    with torch.no_grad():
        all_heard = squared_errors(parts.unet, parts.scheduler, clips, noise, steps, words, torch.ones(2, 32))
        plain = squared_errors(parts.unet, parts.scheduler, clips, noise, steps, words)
        heard = torch.ones(2, 32)
        heard[:, 16:] = 0
        half = squared_errors(parts.unet, parts.scheduler, clips, noise, steps, words, heard)
    assert torch.equal(all_heard, plain)
    assert not torch.allclose(half, plain)
