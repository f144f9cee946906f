"""The pipeline on a random model: sound, seeds, sizes, adapters, recipes, and the ways diffusers loads it."""

import base64
import io
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from spectrogram.codec import SpectrogramCodec
from spectrogram.params import KEY, SpectrogramParams
from spectrogram.problems import UsageProblem
from spectrogram.recipe import Recipe
from spectrogram.sampling.hearing import decode_long
from tests.tiny_sd import build_tiny_lora

ROOT = Path(__file__).resolve().parents[2]
MINI = SpectrogramParams.preset("mini")
FAST = {"num_inference_steps": 2}


def difference(first, second) -> int:
    return int(np.abs(np.asarray(first, dtype=int) - np.asarray(second, dtype=int)).max())


def test_a_text_becomes_sound_picture_and_recipe(pipeline):
    output = pipeline("rain in the bell", seed=7)
    assert output.audios.shape == (1, 1, MINI.clip_samples)
    assert (output.audios.dtype, output.sampling_rate) == (np.float32, MINI.sample_rate_hz)
    assert np.isfinite(output.audios).all()
    assert output.images[0].size == (MINI.width, MINI.height)
    recipe = Recipe.of(output)
    assert (recipe.prompt, recipe.seed, recipe.model) == ("rain in the bell", 7, "tiny-sd")
    assert (recipe.steps, recipe.guidance, recipe.guidance_rescale) == (20, 3.0, 0.5)
    assert SpectrogramParams.from_dict(recipe.params) == MINI == SpectrogramParams.from_image(output.images[0])


def test_the_sound_is_what_the_codec_hears_in_the_picture(pipeline):
    output = pipeline("rain", seed=1, **FAST)
    heard, rate_hz = SpectrogramCodec(MINI).decode(output.images[0], seed=1)
    np.testing.assert_array_equal(output.audios[0], heard)
    assert rate_hz == output.sampling_rate


def test_each_clip_of_a_batch_can_be_made_again_by_its_own_seed(pipeline):
    batch = pipeline(["rain", "bell"], num_images_per_prompt=2, negative_prompt="the", seed=10, **FAST)
    assert [(recipe.prompt, recipe.seed) for recipe in batch.recipes] == [
        ("rain", 10),
        ("rain", 11),
        ("bell", 12),
        ("bell", 13),
    ]
    again = pipeline("bell", negative_prompt="the", seed=12, **FAST)
    assert difference(batch.images[2], again.images[0]) <= 1
    assert difference(batch.images[2], batch.images[3]) > 10


def test_a_drawn_seed_is_told_and_makes_the_same_sound(pipeline):
    first, second = pipeline("rain", **FAST), pipeline("rain", **FAST)
    assert first.recipes[0].seed != second.recipes[0].seed
    again = pipeline("rain", seed=first.recipes[0].seed, **FAST)
    np.testing.assert_array_equal(first.audios, again.audios)


def test_a_generator_works_as_in_diffusers_and_its_seed_is_told_only_when_it_leads_back(pipeline):
    generator = torch.Generator().manual_seed(5)
    fresh = pipeline("rain", generator=generator, **FAST)
    used = pipeline("rain", generator=generator, **FAST)
    assert (fresh.recipes[0].seed, used.recipes[0].seed) == (5, None)
    np.testing.assert_array_equal(fresh.audios, pipeline("rain", seed=5, **FAST).audios)


def test_the_picture_is_the_one_that_stock_diffusers_paints(pipeline, tiny_base):
    from diffusers import StableDiffusionPipeline

    stock = StableDiffusionPipeline.from_pretrained(tiny_base)
    stock.set_progress_bar_config(disable=True)
    settings = {"guidance_scale": 3.0, "guidance_rescale": 0.5, **FAST}
    size = {"width": MINI.width, "height": MINI.height}
    theirs = stock("rain", generator=torch.Generator().manual_seed(5), **settings, **size).images[0]
    assert difference(theirs, pipeline("rain", seed=5, **settings).images[0]) == 0


def test_a_variation_is_a_relative_and_its_recipe_makes_it_again(pipeline):
    def paint(**settings):
        return np.asarray(pipeline("rain", seed=1, **settings, **FAST).images[0], dtype=float)

    original, none = paint(), paint(variation_seed=9, variation_amount=0.0)
    near, far = paint(variation_seed=9, variation_amount=0.2), paint(variation_seed=9, variation_amount=1.0)
    assert np.abs(original - none).max() <= 1
    assert 0 < np.abs(original - near).mean() < np.abs(original - far).mean()
    stranger = np.asarray(pipeline("rain", seed=9, **FAST).images[0], dtype=float)
    assert np.abs(far - stranger).max() <= 1
    batch = pipeline("rain", seed=1, variation_seed=9, variation_amount=0.2, num_images_per_prompt=2, **FAST)
    assert batch.recipes[1].settings == {"variation_seed": 10, "variation_amount": 0.2}
    assert np.abs(np.asarray(batch.images[0], dtype=float) - near).max() <= 1


@pytest.mark.parametrize("seconds", [0.5, 2.5, 7.0])
def test_seconds_are_exact(pipeline, seconds):
    output = pipeline("rain", seconds=seconds, seed=1, **FAST)
    assert output.audios.shape[-1] == round(seconds * MINI.sample_rate_hz)
    assert output.recipes[0].width == output.images[0].width


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"seconds": 0}, "length is 0"),
        ({"seconds": 1e9}, "length is"),
        ({"height": 64}, "height is 64"),
        ({"width": 100}, "width is 100"),
        ({"seed": 1, "generator": torch.Generator()}, "Both seed and generator"),
        ({"output_type": "np"}, "output_type is 'np'"),
    ],
)
def test_what_cannot_be_painted_is_refused_with_a_reason(pipeline, wrong, reason):
    with pytest.raises(UsageProblem, match=reason):
        pipeline("rain", **wrong, **FAST)


def test_latents_come_back_undecoded_when_asked(pipeline):
    latents = pipeline("rain", seed=1, output_type="latent", **FAST).images
    assert latents.shape == (1, 4, 16, 32)


def test_a_tuple_comes_back_when_asked(pipeline):
    images, audios, rate_hz, recipes = pipeline("rain", seed=1, return_dict=False, **FAST)
    assert (len(images), audios.shape[0], rate_hz, recipes[0].seed) == (1, 1, 24000, 1)


def test_a_step_can_stop_the_work(pipeline):
    steps = []

    def stop(pipe, step, timestep, tensors):
        steps.append(step)
        pipe._interrupt = step == 1
        return tensors

    pipeline("rain", num_inference_steps=10, callback_on_step_end=stop)
    assert steps == [0, 1]


def test_words_that_the_model_cannot_read_are_named(pipeline):
    assert pipeline.cut_words("rain in the bell") == ""
    assert pipeline.cut_words("rain " * 76 + "the bell") == "rain the bell"
    word = {"<owl>": torch.zeros(pipeline.text_encoder.config.hidden_size)}
    pipeline.load_textual_inversion(word, token="<owl>")
    pipeline.unload_textual_inversion()
    assert pipeline.cut_words("rain " * 76 + "the bell") == "rain the bell"


def test_an_adapter_changes_the_sound_and_unloading_it_brings_the_base_back(pipeline, tiny_lora):
    base = pipeline("rain", seed=1, **FAST)
    pipeline.load_lora_weights(tiny_lora)
    adapted = pipeline("rain", seed=1, **FAST)
    pipeline.set_adapters("rain", 0.0)
    silent = pipeline("rain", seed=1, **FAST)
    pipeline.unload_lora_weights()
    after = pipeline("rain", seed=1, **FAST)
    assert difference(base.images[0], adapted.images[0]) > 2
    assert difference(base.images[0], silent.images[0]) == difference(base.images[0], after.images[0]) == 0
    assert [o.recipes[0].adapter for o in (base, adapted, silent, after)] == [None, "rain", None, None]


def told(recipe):
    return recipe.adapter, recipe.adapter_scale, recipe.settings


def test_recipes_tell_the_adapters_as_the_layers_have_them(pipeline, tiny_lora):
    def recipe(**others):
        return told(pipeline("rain", seed=1, **others, **FAST).recipes[0])

    pipeline.load_lora_weights(tiny_lora)
    assert recipe() == ("rain", 1.0, {})
    assert recipe(cross_attention_kwargs={"scale": 0.5}) == ("rain", 0.5, {})
    pipeline.set_adapters("rain", 0.4)
    assert recipe(cross_attention_kwargs={"scale": 0.5}) == ("rain", 0.2, {})
    pipeline.disable_lora()
    assert recipe() == (None, None, {})
    pipeline.enable_lora()
    pipeline.unet.set_adapters("rain", 0.7)
    assert recipe() == ("rain", 0.7, {})
    pipeline.unet.disable_adapters()
    assert recipe() == (None, None, {})
    pipeline.unet.enable_adapters()
    pipeline.set_adapters("rain", {"unet": {"down": 0.5, "mid": 1.0, "up": 1.0}})
    name, scale, settings = recipe()
    assert (name, scale, set(settings["adapter_scales"][0].values())) == ("rain", None, {0.5, 1.0})
    pipeline.delete_adapters("rain")
    assert recipe() == (None, None, {})


def test_recipes_tell_what_was_fused_until_it_is_taken_out(pipeline, tiny_lora):
    plain = pipeline("rain", seed=1, **FAST)
    pipeline.load_lora_weights(tiny_lora)
    pipeline.fuse_lora(lora_scale=0.5)
    fused = pipeline("rain", seed=1, **FAST)
    assert told(fused.recipes[0]) == ("rain", 0.5, {})
    pipeline.unfuse_lora()
    pipeline.set_adapters("rain", 0.5)
    again = pipeline("rain", seed=1, **FAST)
    assert told(again.recipes[0]) == ("rain", 0.5, {})
    assert difference(fused.images[0], again.images[0]) <= 1 < difference(plain.images[0], fused.images[0])


def test_clip_skip_reads_the_prompt_without_the_last_layers_as_diffusers_says(pipeline):
    encoder = pipeline.text_encoder
    for text, weight in (("rain", None), ("(rain:1.3)", 1.3)):
        embeds, against = pipeline.encode_prompt(text, "cpu", 1, True, clip_skip=1)
        assert torch.equal(against, pipeline.encode_prompt(text, "cpu", 1, True)[1])
        if weight is None:
            ids = pipeline.tokenizer(text, padding="max_length", max_length=77, return_tensors="pt").input_ids
            hidden = encoder(ids, output_hidden_states=True).hidden_states[-2]
            torch.testing.assert_close(embeds, encoder.final_layer_norm(hidden))
    assert len(encoder.encoder.layers) == 2
    output = pipeline("rain", seed=1, clip_skip=1, **FAST)
    assert output.recipes[0].settings == {"clip_skip": 1}
    assert difference(output.images[0], pipeline("rain", seed=1, **FAST).images[0]) > 0
    with pytest.raises(UsageProblem, match="clip_skip is 2"):
        pipeline("rain", clip_skip=2, **FAST)


def test_a_recipe_names_what_it_cannot_hold(pipeline):
    latents = torch.zeros(1, 4, 16, 32)
    assert pipeline("rain", seed=1, latents=latents, eta=0.5, **FAST).recipes[0].settings == {
        "eta": 0.5,
        "also_given": ["latents"],
    }


@pytest.mark.parametrize("tag", ["<lora:owl:0.8>", "<LoRA:owl:1:0.5>", "<lyco:owl>", "<hypernet:owl:1>"])
def test_a_web_uis_tag_is_no_word(pipeline, tag):
    plain, tagged = pipeline("rain", seed=1, **FAST), pipeline(f"rain {tag}", seed=1, **FAST)
    assert difference(plain.images[0], tagged.images[0]) == 0
    assert tagged.recipes[0].prompt == "rain"
    mixed = pipeline.mix([(0, 9000, f"rain {tag}")], seed=1, **FAST)
    assert mixed.recipes[0].prompt == "rain"


def test_several_adapters_with_weights_are_in_the_recipe(pipeline, tiny_lora):
    pipeline.load_lora_weights(tiny_lora, adapter_name="one")
    pipeline.load_lora_weights(tiny_lora, adapter_name="two")
    assert pipeline("rain", seed=1, **FAST).recipes[0].adapter == "rain"
    pipeline.set_adapters(["one", "two"], [0.3, 0.5])
    recipe = pipeline("rain", seed=1, **FAST).recipes[0]
    assert (recipe.adapter, recipe.adapter_scale) == ("rain+rain", 0.3)
    assert recipe.settings == {"adapter_scales": [0.3, 0.5]}


def test_the_adapters_own_parameters_come_first_then_the_bases_then_the_size(pipeline, tiny_base, tmp_path):
    own = MINI.replace(range_db=100.0)
    lora = build_tiny_lora(tiny_base, tmp_path / "own", metadata={KEY: own.to_json()})
    pipeline.load_lora_weights(lora)
    assert pipeline.params == own
    pipeline.unload_lora_weights()
    assert pipeline.params == MINI
    pipeline.params = own
    assert pipeline.params == own


def test_a_model_of_unknown_size_asks_for_parameters(tiny_base):
    from diffusers import StableDiffusionPipeline

    from spectrogram.pipeline import SpectrogramAudioPipeline

    parts = StableDiffusionPipeline.from_pretrained(tiny_base).components
    unnamed = SpectrogramAudioPipeline(**parts, requires_safety_checker=False)
    assert unnamed.params == MINI
    unnamed.unet.register_to_config(sample_size=[16, 32])
    assert unnamed.params == MINI
    unnamed.unet.register_to_config(sample_size=8)
    with pytest.raises(UsageProblem, match="64 x 64"):
        unnamed("rain")


def test_from_pipe_shares_the_parts_and_keeps_the_parameters(pipeline, tiny_base):
    from diffusers import StableDiffusionPipeline

    stock = StableDiffusionPipeline.from_pretrained(tiny_base)
    ours = type(pipeline).from_pipe(stock)
    assert ours.unet is stock.unet
    assert ours.params == MINI
    assert ours.defaults.steps == 20


def test_diffusers_loads_it_as_a_custom_pipeline_from_a_checkout(tiny_base, tmp_path, monkeypatch):
    from diffusers import DiffusionPipeline
    from diffusers.utils import dynamic_modules_utils

    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(dynamic_modules_utils, "HF_MODULES_CACHE", str(tmp_path))
    loaded = DiffusionPipeline.from_pretrained(tiny_base, custom_pipeline="spectrogram", trust_remote_code=True)
    loaded.set_progress_bar_config(disable=True)
    output = loaded("rain", seed=5, **FAST)
    assert type(loaded).__module__.startswith("diffusers_modules")
    assert output.audios.shape == (1, 1, MINI.clip_samples)
    assert output.recipes[0].seed == 5


def test_a_notebook_shows_the_picture_and_plays_the_sound(pipeline):
    page = pipeline("<b>rain</b>", seed=1, **FAST)._repr_html_()
    assert "<b>" not in page
    wav = base64.b64decode(page.split("data:audio/wav;base64,")[1].split('"')[0])
    assert soundfile.info(io.BytesIO(wav)).frames == MINI.clip_samples


def test_saved_files_carry_the_recipe(pipeline, tmp_path):
    output = pipeline("rain", seed=1, num_images_per_prompt=2, **FAST)
    for suffix in (".wav", ".flac", ".ogg"):
        sound, picture = output.save(tmp_path / f"a{suffix}", 1)
        assert Recipe.read(sound) == Recipe.read(picture) == output.recipes[1]


EMBEDDED = ROOT / "base_model"


@pytest.mark.skipif(not (EMBEDDED / "model_index.json").is_file(), reason="base_model/ is not in this checkout")
class TestEmbeddedModel:
    @pytest.fixture(scope="class")
    def embedded(self):
        from spectrogram.models import load_pipeline

        pipeline = load_pipeline(device="cpu")
        pipeline.set_progress_bar_config(disable=True)
        return pipeline

    def test_it_is_heard_with_the_frozen_parameters(self, embedded):
        assert embedded.params == MINI

    def test_a_prompt_makes_an_audible_clip_of_its_length(self, embedded):
        output = embedded("rain", seed=1)
        level_db = 20 * np.log10(np.sqrt(np.mean(output.audios**2)))
        assert -70 < level_db < 0
        assert output.audios.shape[-1] == MINI.clip_samples


def test_a_watermark_and_a_signature_can_be_added_and_are_off_by_default(pipeline, tmp_path):
    plain, signed = pipeline("rain", seed=1, **FAST), []
    pipeline.watermark = lambda audio, rate_hz: audio + np.float32(0.25)
    try:
        marked = pipeline("rain", seed=1, **FAST)
    finally:
        pipeline.watermark = None
    np.testing.assert_allclose(marked.audios - plain.audios, 0.25, atol=1e-6)
    written = plain.save(tmp_path / "a.wav", sign=lambda file, recipe: signed.append((file, recipe.ai_generated)))
    assert signed == [(written[0], True), (written[1], True)]


def test_a_long_picture_is_heard_in_pieces_that_meet_without_a_seam():
    params = MINI.replace(columns=896)
    time_s = np.arange(params.clip_samples) / params.sample_rate_hz
    noise = np.random.default_rng(0).normal(0, 0.02, time_s.shape)
    sound = (0.2 * np.sin(2 * np.pi * 700 * time_s) + noise).astype(np.float32)[None]
    codec = SpectrogramCodec(params)
    picture = codec.encode(sound, params.sample_rate_hz)
    whole, joined = codec.decode(picture)[0], decode_long(codec, picture, 0)
    assert joined.shape == whole.shape
    tenth = params.sample_rate_hz // 10
    levels_db = [10 * np.log10((audio.reshape(-1, tenth) ** 2).mean(axis=1)) for audio in trim(whole, joined, tenth)]
    assert np.abs(levels_db[0] - levels_db[1]).max() < 1
    np.testing.assert_array_equal(joined[:, : 7 * params.sample_rate_hz], whole_piece(codec, picture))


def trim(*audios_and_length):
    *audios, length = audios_and_length
    return [audio[:, : audio.shape[1] // length * length] for audio in audios]


def whole_piece(codec, picture):
    """The first 7 s as the codec hears the first 8."""
    part = codec.params.replace(columns=400)
    return SpectrogramCodec(part).decode(picture.crop((0, 0, 400, picture.height)))[0][:, : 7 * part.sample_rate_hz]
