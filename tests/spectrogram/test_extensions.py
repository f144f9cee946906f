"""What the ecosystem adds: ControlNet, IP-Adapter, textual inversion, aesthetics, the ear, SDXL; tiny and random."""

import numpy as np
import pytest
import torch
from PIL import Image

from spectrogram.adapters.aesthetic import Aesthetic
from spectrogram.codec import SpectrogramCodec
from spectrogram.ears.ear import Ear, text_projection
from spectrogram.params import SpectrogramParams
from spectrogram.problems import Problem

MINI = SpectrogramParams.preset("mini")
FAST = {"num_inference_steps": 2, "seed": 1}


def difference(first, second) -> float:
    return float(np.abs(np.asarray(first, dtype=float) - np.asarray(second, dtype=float)).mean())


class TestControlNet:
    @pytest.fixture
    def controlnet(self, pipeline):
        from diffusers import ControlNetModel

        torch.manual_seed(0)
        net = ControlNetModel.from_unet(pipeline.unet, conditioning_channels=3).eval()
        for block in [*net.controlnet_down_blocks, net.controlnet_mid_block]:
            torch.nn.init.normal_(block.weight, std=3.0)  # born as zeros, which would change nothing
        torch.nn.init.normal_(net.controlnet_cond_embedding.conv_out.weight, std=5.0)
        return net

    def test_a_picture_or_a_sound_steers_the_clip(self, pipeline, controlnet):
        time_s = np.arange(MINI.clip_samples) / MINI.sample_rate_hz
        tone = (0.3 * np.sin(2 * np.pi * 1000 * time_s)).astype(np.float32)[None]
        picture = SpectrogramCodec(MINI).encode(tone, MINI.sample_rate_hz)
        follow = {"controlnet": controlnet, "controlnet_conditioning_scale": 20.0, **FAST}
        by_picture = pipeline("rain", control_image=picture, **follow)
        by_sound = pipeline("rain", control_image=tone, **follow)
        silent = pipeline("rain", control_image=Image.new("RGB", picture.size), **follow)
        off = pipeline("rain", control_image=picture, **{**follow, "controlnet_conditioning_scale": 0.0})
        plain = pipeline("rain", guidance_rescale=0.0, **FAST)
        assert difference(by_picture.images[0], by_sound.images[0]) == 0
        assert difference(by_picture.images[0], silent.images[0]) > 0.1
        assert difference(off.images[0], plain.images[0]) < 0.5
        assert by_picture.audios.shape == (1, 1, MINI.clip_samples)

    def test_what_it_cannot_follow_is_refused(self, pipeline, controlnet):
        with pytest.raises(Problem, match="nothing to follow"):
            pipeline("rain", controlnet=controlnet, **FAST)
        with pytest.raises(Problem, match="64 x 64"):
            pipeline("rain", controlnet=controlnet, control_image=Image.new("RGB", (64, 64)), **FAST)


def test_an_ip_adapter_steers_the_clip_through_diffusers_own_keywords(pipeline, tiny_base):
    from diffusers import StableDiffusionPipeline

    stock = StableDiffusionPipeline.from_pretrained(tiny_base)
    ours = type(pipeline)(**{**stock.components, "requires_safety_checker": False})
    ours.set_progress_bar_config(disable=True)
    torch.manual_seed(0)
    layers, size = {}, 32
    for number, name in enumerate(ours.unet.attn_processors):
        if "attn2" in name:
            width = ours.unet.get_submodule(name.removesuffix(".processor")).to_k.out_features
            for part in ("to_k_ip", "to_v_ip"):
                layers[f"{number}.{part}.weight"] = torch.randn(width, size)
    projection = {
        "proj.weight": torch.randn(4 * size, 16),
        "proj.bias": torch.zeros(4 * size),
        "norm.weight": torch.ones(size),
        "norm.bias": torch.zeros(size),
    }
    weights = {"image_proj": projection, "ip_adapter": layers}
    ours.load_ip_adapter(weights, subfolder=None, weight_name=None, image_encoder_folder=None)
    embeds = [torch.randn(2, 1, 16) for _ in range(2)]  # without and with guidance, as the image encoder would give
    ours.set_ip_adapter_scale(1.0)
    first, second = (ours("rain", ip_adapter_image_embeds=[one], **FAST).images[0] for one in embeds)
    assert difference(first, second) > 0.1
    ours.set_ip_adapter_scale(0.0)
    assert difference(ours("rain", ip_adapter_image_embeds=[embeds[0]], **FAST).images[0], first) > 0.1


def test_a_textual_inversion_of_two_vectors_is_read_with_and_without_weights(tiny_base):
    from spectrogram.models import load_pipeline

    pipeline = load_pipeline(tiny_base, device="cpu")
    generator = torch.Generator().manual_seed(0)
    pipeline.load_textual_inversion({"<owl>": torch.randn(2, 32, generator=generator)})
    embeds = {
        prompt: pipeline.encode_prompt(prompt, "cpu", 1, False)[0]
        for prompt in ("<owl>", "<owl> <owl>_1", "rain", "(<owl>:1.0)", "(<owl>:1.5)")
    }
    assert torch.allclose(embeds["<owl>"], embeds["(<owl>:1.0)"], atol=1e-5)
    assert (embeds["<owl>"] - embeds["rain"]).abs().max() > 1e-2
    assert (embeds["<owl>"] - embeds["(<owl>:1.5)"]).abs().max() > 1e-2


@pytest.fixture(scope="module")
def ear(tiny_base):
    """A random ear for the random model."""
    from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

    vision = {
        "image_size": 128,
        "patch_size": 32,
        "num_channels": 2,
        "hidden_size": 16,
        "intermediate_size": 32,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "projection_dim": 8,
    }
    config = {"vision": vision, "text_width": 32, "bands": 128, "columns": 256}
    config |= {"name": "tiny", "version": "1", "sha256": "0"}
    torch.manual_seed(0)
    tower, words = CLIPVisionModelWithProjection(CLIPVisionConfig(**vision)), text_projection(config)
    weights = {f"vision.{name}": value for name, value in tower.state_dict().items()}
    weights |= {f"text_projection.{name}": value for name, value in words.state_dict().items()}
    return Ear(config, weights, str(tiny_base))


class TestEar:
    def test_the_best_of_several_come_first_with_their_fit(self, pipeline, ear):
        pipeline.ear = ear
        chosen = pipeline.choose("(rain:1.2)", candidates=3, keep=2, **FAST)
        all_of_them = pipeline("(rain:1.2)", num_images_per_prompt=3, **FAST)
        fits = (ear.embed_images(all_of_them.images) @ ear.embed_texts(["rain"])[0]).tolist()
        assert [recipe.settings["fit"] for recipe in chosen.recipes] == pytest.approx(sorted(fits)[:0:-1], abs=1e-3)
        best = int(np.argmax(fits))
        assert chosen.recipes[0].seed == 1 + best
        assert difference(chosen.images[0], all_of_them.images[best]) == 0
        np.testing.assert_array_equal(chosen.audios[0], all_of_them.audios[best])

    def test_more_than_there_are_cannot_be_kept_and_a_base_without_an_ear_says_so(self, pipeline, ear):
        with pytest.raises(Problem, match="are to be kept"):
            pipeline.choose("rain", candidates=2, keep=3)
        pipeline.ear = None
        with pytest.raises(Problem, match="no ear"):
            pipeline.choose("rain", candidates=2)


class TestAesthetic:
    def test_prompts_lean_towards_it_and_the_encoder_stays_as_it_was(self, pipeline, ear):
        liked = Aesthetic.of(pipeline("bell", **FAST).images, ear)
        before = {name: value.clone() for name, value in pipeline.text_encoder.state_dict().items()}
        plain = pipeline.encode_prompt("rain", "cpu", 1, True, "the")
        pipeline.load_aesthetic(liked, ear=ear)
        try:
            leaning = pipeline.encode_prompt("rain", "cpu", 1, True, "the")
            assert pipeline.timeline([(0, 2, "(rain:1.2)"), (2, 4, "bell")], **FAST).audios.shape[0] == 1
            with pytest.raises(Problem, match="changes by itself"):
                pipeline("[rain:bell:0.5]", **FAST)
        finally:
            pipeline.unload_aesthetic()
        assert (plain[0] - leaning[0]).abs().max() > 1e-3
        assert torch.equal(plain[1], leaning[1])
        assert all(torch.equal(before[name], value) for name, value in pipeline.text_encoder.state_dict().items())


def test_a_picture_of_sdxl_is_heard_by_the_codec_in_three_lines(tiny_base):
    """SDXL has another pipeline class in diffusers; only the codec is shared with it."""
    from diffusers import AutoencoderKL, DDIMScheduler, StableDiffusionXLPipeline, UNet2DConditionModel
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection, CLIPTokenizer

    tokenizer = CLIPTokenizer.from_pretrained(tiny_base, subfolder="tokenizer")
    text = {
        "vocab_size": len(tokenizer),
        "hidden_size": 32,
        "intermediate_size": 64,
        "projection_dim": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
    }
    unet = UNet2DConditionModel(
        sample_size=16,
        block_out_channels=(16, 32),
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        layers_per_block=1,
        attention_head_dim=4,
        cross_attention_dim=64,
        norm_num_groups=8,
        addition_embed_type="text_time",
        addition_time_embed_dim=8,
        projection_class_embeddings_input_dim=6 * 8 + 32,
    )
    pipe = StableDiffusionXLPipeline(
        vae=AutoencoderKL.from_pretrained(tiny_base, subfolder="vae"),
        text_encoder=CLIPTextModel(CLIPTextConfig(**text)),
        text_encoder_2=CLIPTextModelWithProjection(CLIPTextConfig(**text)),
        tokenizer=tokenizer,
        tokenizer_2=tokenizer,
        unet=unet,
        scheduler=DDIMScheduler(),
        add_watermarker=False,
    )
    pipe.set_progress_bar_config(disable=True)
    picture = pipe("rain", height=128, width=256, num_inference_steps=1).images[0]
    audio, rate_hz = SpectrogramCodec(MINI).decode(picture)
    assert audio.shape == (1, MINI.clip_samples)
    assert rate_hz == 24000
