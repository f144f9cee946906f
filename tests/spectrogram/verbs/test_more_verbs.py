"""Painted masks, mixing by bands, variations, stereo and upscaling, on the random model and on plain signals."""

import numpy as np
import pytest
import torch
from PIL import Image

from spectrogram.problems import EnvironmentProblem, Problem, UsageProblem
from spectrogram.recipe import Recipe
from spectrogram.verbs.levels import bring_to_level, decibels, match_gain, round_peaks
from spectrogram.verbs.mask import bounds_s, latents_of, mask_from_text, read_mask
from spectrogram.verbs.regions import row_weights
from spectrogram.verbs.upscale import add_treble

FAST = {"num_inference_steps": 2, "seed": 1}
RATE_HZ = 32000


def noise(seconds: float, channels: int = 1, level: float = 0.1) -> np.ndarray:
    return np.random.default_rng(0).normal(0, level, (channels, round(seconds * RATE_HZ))).astype(np.float32)


def distance(first, second) -> float:
    return float(np.abs(np.asarray(first, dtype=float) - np.asarray(second, dtype=float)).mean())


def energy(audio, rate_hz: int, low_hz: float, high_hz: float) -> float:
    """Energy of mono audio between two frequencies."""
    spectrum = np.abs(np.fft.rfft(audio * np.hanning(len(audio)))) ** 2
    frequency_hz = np.fft.rfftfreq(len(audio), 1 / rate_hz)
    return float(spectrum[(frequency_hz >= low_hz) & (frequency_hz < high_hz)].sum())


class TestPaintedMask:
    @pytest.fixture
    def square(self):
        """Rows 32 to 64 of 128, columns 100 to 150 of 256: 2.0 to 3.0 s."""
        mask = np.zeros((128, 256), bool)
        mask[32:64, 100:150] = True
        return mask

    def test_outside_the_paint_the_sound_stays_within_60_db(self, pipeline, square):
        audio = noise(5.12, channels=2)
        output = pipeline.inpaint(audio, "bell", mask=square, sampling_rate=RATE_HZ, **FAST)
        changed = output.audios[0] - audio
        early, late = round(1.9 * RATE_HZ), round(3.1 * RATE_HZ)
        assert not changed[:, :early].any()
        assert not changed[:, late:].any()
        # rows 32 to 64 are 2.5 to 6 kHz of 0 to 12
        inside = changed[0, round(2.2 * RATE_HZ) : round(2.8 * RATE_HZ)]
        original = audio[0, round(2.2 * RATE_HZ) : round(2.8 * RATE_HZ)]
        for low_hz, high_hz in ((0, 2200), (7000, 16000)):
            assert energy(inside, RATE_HZ, low_hz, high_hz) < 1e-6 * energy(original, RATE_HZ, low_hz, high_hz)
        assert energy(inside, RATE_HZ, 3000, 5500) > 1e-2 * energy(original, RATE_HZ, 3000, 5500)
        np.testing.assert_array_equal(mask_from_text(Recipe.of(output).settings["mask"]), square)

    def test_a_file_a_picture_with_transparency_and_an_array_are_the_same_mask(self, pipeline, square, tmp_path):
        grey = Image.fromarray(square.astype(np.uint8) * 255)
        grey.save(tmp_path / "mask.png")
        clear = Image.merge("RGBA", [Image.new("L", (256, 128), 90)] * 3 + [grey])
        for mask in (tmp_path / "mask.png", clear, square, square.astype(np.float32)):
            np.testing.assert_array_equal(read_mask(mask, pipeline.params, 5.12), square)

    def test_a_mask_of_another_size_is_stretched_over_the_sound(self, pipeline):
        mask = np.zeros((10, 10), bool)
        mask[:, 5:] = True
        assert bounds_s(read_mask(mask, pipeline.params, 3.0), pipeline.params) == pytest.approx((1.5, 3.0), abs=0.02)

    def test_latents_that_the_mask_touches_are_painted(self, pipeline):
        mask = np.zeros((128, 256), bool)
        mask[8, 16] = True
        cells = latents_of(mask, pipeline.params, 0.0, 8)
        assert np.argwhere(cells).tolist() == [[1, 2]]
        assert np.argwhere(latents_of(mask, pipeline.params, 0.16, 8)).tolist() == [[1, 1]]

    @pytest.mark.parametrize("text", ["", "???", "bm8gcGljdHVyZQ==", "True"])
    def test_a_text_that_holds_no_mask_is_refused(self, text):
        with pytest.raises(Problem, match="Paint it again"):
            mask_from_text(text)

    @pytest.mark.parametrize(
        ("region", "reason"),
        [
            ({"mask": np.zeros((128, 256), bool)}, "The mask is empty"),
            ({"mask": np.ones((2, 3, 4, 5))}, "The mask is an array"),
            ({"mask": np.ones((8, 8)), "start_s": 1, "end_s": 2}, "not told once"),
            ({}, "not told once"),
            ({"start_s": 1}, "not told once"),
        ],
    )
    def test_what_is_no_region_is_refused(self, pipeline, region, reason):
        with pytest.raises(Problem, match=reason):
            pipeline.inpaint(noise(5.12), "bell", sampling_rate=RATE_HZ, **region)


class TestLevels:
    def test_a_gain_brings_one_sound_to_the_level_of_another_within_limits(self):
        loud, quiet = noise(1.0), 0.5 * noise(1.0)
        assert match_gain(loud, quiet) == pytest.approx(2.0)
        assert match_gain(loud, 1e-3 * quiet) == pytest.approx(10 ** (24 / 20))
        assert match_gain(loud, np.zeros_like(quiet)) == 1.0

    def test_a_bark_with_peaks_near_full_scale_reaches_the_level_and_not_full_scale(self):
        random = np.random.default_rng(1)
        bark = random.normal(size=(1, 24000)) * np.exp(-np.arange(24000) / 2000)
        bark = (bark / np.abs(bark).max()).astype(np.float32)
        wanted = 10 ** (3 / 20) * bark  # three decibels more than full scale lets through
        matched = bring_to_level(bark, wanted, slice(None))
        assert abs(decibels(matched) - decibels(wanted)) < 0.1
        assert np.abs(matched).max() < 1
        # What is quiet is a louder copy of itself: only peaks are bent.
        quiet = np.abs(matched) < 0.7
        ratios = matched[quiet] / bark[quiet]
        assert ratios.max() / ratios.min() == pytest.approx(1, abs=1e-4)

    def test_a_lone_click_is_not_driven_into_full_scale(self):
        click = np.zeros((1, 24000), np.float32)
        click[0, 0] = 0.9
        assert np.abs(bring_to_level(click, noise(1.0), slice(None))).max() <= 1

    def test_the_stretch_tells_the_gain_of_all_and_a_lower_level_keeps_the_shape(self):
        sound = 0.2 * noise(1.0)
        sound[:, 12000:] *= 4
        quieter = bring_to_level(sound, 0.1 * noise(1.0), slice(0, 12000))
        np.testing.assert_allclose(quieter, 0.5 * sound, rtol=0.05)

    def test_peaks_below_the_knee_stay_as_they_are(self):
        sound = np.linspace(-3, 3, 601, dtype=np.float32)
        rounded = round_peaks(sound)
        np.testing.assert_array_equal(rounded[np.abs(sound) <= 0.8], sound[np.abs(sound) <= 0.8])
        assert (np.diff(rounded) >= 0).all()
        assert np.abs(rounded).max() <= 1


class TestMix:
    def test_each_band_follows_its_own_prompt(self, pipeline, tiny_lora):
        pipeline.load_lora_weights(tiny_lora)  # makes the random model listen to its prompts
        settings = {**FAST, "guidance_scale": 8.0}
        mixed = pipeline.mix([(0, 1500, "rain"), (1500, 12000, "bell")], **settings)
        plain = [pipeline(prompt, **settings) for prompt in ("rain", "bell")]
        both, rain, bell = (np.asarray(one.images[0], dtype=float) for one in (mixed, *plain))
        low, high = slice(104, 128), slice(0, 56)
        assert distance(both[low], rain[low]) < distance(both[low], bell[low])
        assert distance(both[high], bell[high]) < distance(both[high], rain[high])
        assert mixed.recipes[0].settings["bands"] == [[0, 1500, "rain"], [1500, 12000, "bell"]]

    def test_every_row_follows_some_band_and_low_ones_lie_below(self, pipeline):
        low, high = row_weights([(0, 500, "a"), (4000, 12000, "b")], 16, 32, pipeline.params)
        assert low.shape == (16, 32)
        assert ((low + high) > 0).all()
        assert low[15, 0] == high[0, 0] == pytest.approx(1, abs=1e-3)
        assert high[15, 0] == low[0, 0] == 0

    @pytest.mark.parametrize("bands", [[], [(500, 100, "rain")], [(0, 100, " ")], [(-1, 100, "rain")]])
    def test_a_wrong_band_is_named(self, pipeline, bands):
        with pytest.raises(Problem):
            pipeline.mix(bands)


class TestVariations:
    def test_relatives_of_a_generated_clip_are_nearer_than_strangers_and_can_be_made_again(self, pipeline, tmp_path):
        parent = pipeline("rain", **FAST)
        near = pipeline.variations(parent, count=2, amount=0.2, seed=9)
        far = pipeline.variations(parent, count=1, amount=1.0, seed=9)
        assert 0 < distance(near.images[0], parent.images[0]) < distance(far.images[0], parent.images[0])
        assert distance(near.images[0], near.images[1]) > 0
        assert [(r.verb, r.seed, r.settings["variation_seed"]) for r in near.recipes] == [
            ("variations", 1, 9),
            ("variations", 1, 10),
        ]
        path, _ = parent.save(tmp_path / "a.wav")
        assert distance(pipeline.variations(path, count=1, amount=0.2, seed=9).images[0], near.images[0]) == 0

    def test_a_recording_is_transformed_with_different_seeds(self, pipeline):
        settings = {"num_inference_steps": 2, "sampling_rate": RATE_HZ, "seed": 3}
        output = pipeline.variations(noise(2.0), "bell", count=2, amount=0.5, **settings)
        assert output.audios.shape == (2, 1, 2 * output.sampling_rate)
        assert [recipe.seed for recipe in output.recipes] == [3, 4]
        with pytest.raises(Problem, match="does not say what it is"):
            pipeline.variations(noise(2.0), count=2)

    def test_a_generator_takes_the_place_of_the_seed(self, pipeline):
        parent, settings = pipeline("rain", **FAST), {"count": 2, "amount": 0.4}
        by_seed = pipeline.variations(parent, seed=9, **settings)
        by_generator = pipeline.variations(parent, generator=torch.Generator().manual_seed(9), **settings)
        assert (by_seed.audios == by_generator.audios).all()

    def test_an_interrupt_returns_what_is_there(self, pipeline):
        def stop(pipe, step, timestep, tensors):
            pipe._interrupt = True
            return tensors

        parent = pipeline("rain", **FAST)
        settings = {"seed": 1, "callback_on_step_end": stop}
        assert len(pipeline.variations(parent, count=4, **settings).images) == 1
        assert len(pipeline.morph(["rain", "bell"], 4, num_inference_steps=2, **settings).images) == 1
        assert len(pipeline("rain", seconds=12, num_images_per_prompt=2, num_inference_steps=2, **settings).images) == 1


class TestStereo:
    def test_the_spread_says_how_much_the_channels_differ_and_the_middle_stays(self, pipeline):
        mono = pipeline("rain", **FAST)
        sides = []
        for spread in (0.0, 0.2, 0.8):
            output = pipeline.stereo("rain", spread, **FAST)
            assert output.audios.shape == (1, 2, mono.audios.shape[-1])
            left, right = output.audios[0]
            sides.append(np.mean((left - right) ** 2) / np.mean((left + right) ** 2))
            middle = np.asarray(output.images[0], dtype=float)[..., 1]
            assert distance(middle, np.asarray(mono.images[0], dtype=float).mean(axis=2)) < 1
        assert sides[0] < 1e-3 < sides[1] < sides[2]
        assert output.recipes[0].settings == {"spread": 0.8}

    def test_a_generator_means_its_own_seed_and_moves_on(self, pipeline):
        generator = torch.Generator().manual_seed(5)
        first, second = (pipeline.stereo("rain", generator=generator, **{**FAST, "seed": None}) for _ in range(2))
        assert (first.audios == pipeline.stereo("rain", **{**FAST, "seed": 5}).audios).all()
        assert (first.audios != second.audios).any()
        again = pipeline.stereo("rain", **{**FAST, "seed": second.recipes[0].seed})
        assert (again.audios == second.audios).all()
        with pytest.raises(UsageProblem, match="Both seed and generator"):
            pipeline.stereo("rain", generator=generator, **{**FAST, "seed": 1})

    def test_a_spread_out_of_range_is_refused(self, pipeline):
        with pytest.raises(Problem, match="spread is"):
            pipeline.stereo("rain", 2.0)


class TestUpscale:
    def test_the_picture_is_finer_and_the_sound_stays_the_same_tone(self, pipeline):
        time_s = np.arange(2 * 24000) / 24000
        tone = 0.3 * np.sin(2 * np.pi * 1000 * time_s).astype(np.float32)[None]
        output = pipeline.upscale(tone, 2)
        assert output.images[0].height == 2 * pipeline.params.height
        assert output.audios.shape == (1, 1, 2 * output.sampling_rate)
        spectrum = np.abs(np.fft.rfft(output.audios[0, 0]))
        assert np.argmax(spectrum) / 2 == pytest.approx(1000, abs=20)
        assert output.recipes[0].ai_generated is False

    def test_treble_is_added_only_above_and_no_louder(self, pipeline):
        audio = noise(3.0)
        plain, treble = (
            pipeline.upscale(audio, 1, sampling_rate=RATE_HZ),
            pipeline.upscale(audio, 1, high_hz=20000, sampling_rate=RATE_HZ),
        )
        assert (plain.sampling_rate, treble.sampling_rate) == (24000, 48000)
        below, above = (energy(treble.audios[0, 0], 48000, *band) for band in ((11000, 12000), (12500, 13500)))
        assert 0.05 * below < above < 2 * below
        assert energy(treble.audios[0, 0], 48000, 21000, 24000) < 0.01 * above
        old = np.asarray(plain.images[0])
        np.testing.assert_array_equal(np.asarray(treble.images[0])[-old.shape[0] :], old)

    def test_silence_stays_silent_above(self, pipeline):
        black = Image.new("RGB", (256, 128))
        grown, params = add_treble(black, pipeline.params, 20000)
        assert np.asarray(grown).max() == 0
        assert params.high_hz <= 20000 < params.sample_rate_hz

    @pytest.mark.parametrize(
        "wrong", [{"factor": 3}, {"high_hz": 100}, {"model": "none.safetensors"}, {"model": "model.pth"}]
    )
    def test_what_cannot_be_done_is_refused(self, pipeline, wrong):
        with pytest.raises(Problem):
            pipeline.upscale(noise(1.0), sampling_rate=RATE_HZ, **wrong)

    def test_an_upscaler_of_spandrels_paints_the_picture(self, pipeline, tmp_path):
        pytest.importorskip("spandrel", reason="the optional extra `upscale` is not installed")
        from safetensors.torch import save_file
        from spandrel.architectures.ESRGAN import ESRGAN

        network = ESRGAN(in_nc=3, out_nc=3, num_filters=8, num_blocks=1, scale=4)
        weights = {name: weight.contiguous() for name, weight in network.state_dict().items()}
        save_file(weights, tmp_path / "up.safetensors")
        output = pipeline.upscale(noise(1.0), model=tmp_path / "up.safetensors", sampling_rate=RATE_HZ)
        assert output.images[0].height == 4 * pipeline.params.height
        assert output.recipes[0].settings["upscaler"] == "up"

    def test_without_spandrel_the_error_says_how_to_install_it(self, pipeline, tmp_path, monkeypatch):
        monkeypatch.setitem(__import__("sys").modules, "spandrel", None)
        with pytest.raises(EnvironmentProblem, match="pip install"):
            pipeline.upscale(noise(1.0), model=tmp_path / "up.safetensors", sampling_rate=RATE_HZ)
