"""The verbs at the level of audio, on the random model: what must stay stays, what must change changes."""

import numpy as np
import pytest

from spectrogram.problems import Problem
from spectrogram.recipe import Recipe
from spectrogram.sampling.latents import encode_sound
from spectrogram.verbs.extend import join
from spectrogram.verbs.inpaint import FEATHER_S, compose
from spectrogram.verbs.regions import column_weights

FAST = {"num_inference_steps": 2, "seed": 1}
RATE_HZ = 32000


def recording(seconds: float, channels: int = 2) -> np.ndarray:
    """Two different channels of tones in noise, at a rate that is not the model's."""
    random, time_s = np.random.default_rng(0), np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    tones = [0.2 * np.sin(2 * np.pi * hertz * time_s) for hertz in (440, 3000)][:channels]
    return (np.stack(tones) + random.normal(0, 0.02, (channels, len(time_s)))).astype(np.float32)


def distance(first, second) -> float:
    return float(np.abs(np.asarray(first, dtype=float) - np.asarray(second, dtype=float)).mean())


def remember(last: dict):
    """A step callback that leaves the newest latents in `last`."""

    def callback(pipeline, step, timestep, tensors):
        last.update(tensors)
        return tensors

    return callback


def level_db(audio) -> float:
    return 10 * np.log10(np.mean(np.square(audio, dtype=float)))


class TestTransform:
    def test_strength_says_how_much_changes(self, pipeline):
        audio = recording(5.12, channels=1)
        original = encode_sound(pipeline, audio, RATE_HZ, pipeline.params)
        settings = {"sampling_rate": RATE_HZ, "num_inference_steps": 10, "seed": 1}
        distances, last = [], {}
        for strength in (0.1, 0.5, 1.0):
            pipeline.transform(audio, "rain", strength, **settings, callback_on_step_end=remember(last))
            distances.append(float((last["latents"] - original).abs().mean()))
        assert 0 < distances[0] < distances[1] < distances[2]

    def test_the_length_stays_and_the_recipe_tells_the_strength(self, pipeline):
        output = pipeline.transform(recording(3.3), "rain", 0.5, sampling_rate=RATE_HZ, **FAST)
        assert output.audios.shape == (1, 1, round(3.3 * output.sampling_rate))
        recipe = Recipe.of(output)
        assert (recipe.verb, recipe.settings["strength"], recipe.seed) == ("transform", 0.5, 1)

    def test_at_full_strength_it_is_plain_generation(self, pipeline):
        transformed = pipeline.transform(recording(5.12), "rain", 1.0, sampling_rate=RATE_HZ, **FAST)
        assert distance(transformed.images[0], pipeline("rain", **FAST).images[0]) < 0.5

    def test_a_long_sound_is_painted_whole(self, pipeline):
        output = pipeline.transform(recording(13.0, channels=1), "rain", 0.5, sampling_rate=RATE_HZ, **FAST)
        assert output.audios.shape[-1] == 13 * output.sampling_rate

    @pytest.mark.parametrize("strength", [0, 1.5, -1, float("nan")])
    def test_a_strength_out_of_range_is_refused(self, pipeline, strength):
        with pytest.raises(Problem, match="strength is"):
            pipeline.transform(recording(1.0), "rain", strength, sampling_rate=RATE_HZ)

    def test_an_output_a_file_and_an_array_are_the_same_source(self, pipeline, tmp_path):
        first = pipeline("rain", **FAST)
        path, _ = first.save(tmp_path / "a.flac")
        results = [
            pipeline.transform(source, "bell", 0.5, **FAST).images[0] for source in (first, first.audios[0], path)
        ]
        assert distance(results[0], results[1]) == 0
        assert distance(results[0], results[2]) < 1

    @pytest.mark.parametrize("audio", [np.zeros((1, 10), np.float32), np.full((1, 24000), np.nan, np.float32)])
    def test_an_unusable_sound_is_refused(self, pipeline, audio):
        with pytest.raises(Problem):
            pipeline.transform(audio, "rain", **FAST)


class TestInpaint:
    def test_outside_the_times_every_sample_is_the_originals(self, pipeline):
        audio = recording(8.0)
        output = pipeline.inpaint(audio, "bell", 3.0, 4.5, sampling_rate=RATE_HZ, **FAST)
        assert (output.sampling_rate, output.audios.shape) == (RATE_HZ, (1, *audio.shape))
        first, last = 3 * RATE_HZ, round(4.5 * RATE_HZ)
        np.testing.assert_array_equal(output.audios[0][:, :first], audio[:, :first])
        np.testing.assert_array_equal(output.audios[0][:, last:], audio[:, last:])
        inside = slice(first + 2000, last - 2000)
        assert np.abs(output.audios[0][:, inside] - audio[:, inside]).mean() > 0.01

    def test_outside_the_band_the_original_stays_within_60_db(self, pipeline):
        audio = recording(5.12)
        output = pipeline.inpaint(audio, "bell", 1.0, 4.0, low_hz=1000, high_hz=2000, sampling_rate=RATE_HZ, **FAST)
        change = output.audios[0] - audio
        window = np.hanning(RATE_HZ)
        spectrum = np.abs(np.fft.rfft(change[:, 2 * RATE_HZ : 3 * RATE_HZ] * window))
        reference = np.abs(np.fft.rfft(audio[:, 2 * RATE_HZ : 3 * RATE_HZ] * window))
        outside = np.r_[0:950, 2100 : spectrum.shape[1]]
        snr_db = 10 * np.log10((reference[:, outside] ** 2).sum() / (spectrum[:, outside] ** 2).sum())
        assert snr_db > 60
        assert (spectrum[:, 1100:1900] ** 2).sum() > 10 * (spectrum[:, outside] ** 2).sum()

    def test_the_latents_outside_the_region_are_the_originals(self, pipeline):
        audio, last = recording(5.12, channels=1), {}
        original = encode_sound(pipeline, audio, RATE_HZ, pipeline.params)
        region = {"start_s": 2.56, "end_s": 5.12, "high_hz": 4000, "sampling_rate": RATE_HZ}
        pipeline.inpaint(audio, "bell", **region, **FAST, callback_on_step_end=remember(last))
        change = (last["latents"] - original).abs().amax(dim=(0, 1))
        assert change[:, :16].max() == 0
        assert change[:4, 16:].max() == 0
        assert change[-8:, 16:].min() > 0

    @pytest.mark.parametrize(
        ("region", "reason"),
        [
            ({"start_s": 3, "end_s": 2}, "The region is"),
            ({"start_s": 9, "end_s": 12}, "The region is"),
            ({"start_s": 1, "end_s": float("nan")}, "The region is"),
            ({"start_s": 1, "end_s": 2, "low_hz": 500, "high_hz": 100}, "The band is"),
            ({"start_s": 1, "end_s": 2, "low_hz": 13000}, "some of 0 to 12000 Hz"),
        ],
    )
    def test_an_empty_region_is_refused(self, pipeline, region, reason):
        with pytest.raises(Problem, match=reason):
            pipeline.inpaint(recording(5.12), "bell", sampling_rate=RATE_HZ, **region)

    def test_a_region_beyond_the_ends_is_cut_to_the_clip(self, pipeline):
        output = pipeline.inpaint(recording(2.0), "bell", -5, 50, sampling_rate=RATE_HZ, **FAST)
        assert output.audios.shape[-1] == 2 * RATE_HZ

    def test_the_fades_keep_the_power_of_unrelated_sounds(self):
        random = np.random.default_rng(0)
        one, other = random.normal(0, 0.1, (2, 1, RATE_HZ * 4))
        mixed = compose(one, other, RATE_HZ, (1.0, 3.0), (None, None))
        feather = slice(RATE_HZ, RATE_HZ + round(FEATHER_S * RATE_HZ))
        assert level_db(mixed[:, feather]) == pytest.approx(-20, abs=0.5)


class TestExtend:
    @pytest.mark.parametrize("side", ["right", "left"])
    def test_the_recording_stays_and_grows_by_the_seconds(self, pipeline, side):
        audio = recording(3.0)
        output = pipeline.extend(audio, "rain", 2.0, side, sampling_rate=RATE_HZ, **FAST)
        assert output.audios.shape == (1, 2, 5 * RATE_HZ)
        kept, feather = audio.shape[1], round(0.1 * RATE_HZ)
        if side == "right":
            np.testing.assert_array_equal(output.audios[0][:, : kept - feather], audio[:, : kept - feather])
            added = output.audios[0][:, kept:]
        else:
            np.testing.assert_array_equal(output.audios[0][:, -(kept - feather) :], audio[:, feather:])
            added = output.audios[0][:, :-kept]
        assert level_db(added) > -90

    def test_a_quieter_continuation_is_brought_to_the_level_within_1_db(self):
        sound = np.random.default_rng(0).normal(0, 0.1, (1, 4 * RATE_HZ)).astype(np.float32)
        first, rest = sound[:, : 2 * RATE_HZ], 0.6 * sound[:, RATE_HZ:]
        joined = join(first, rest, RATE_HZ, 2000)
        assert joined.shape == sound.shape
        assert level_db(joined[:, 2 * RATE_HZ :]) == pytest.approx(level_db(first), abs=1)
        np.testing.assert_allclose(joined, sound, atol=0.01)

    @pytest.mark.parametrize("wrong", [{"side": "up"}, {"seconds": 0}, {"seconds": 1e6}])
    def test_what_cannot_be_added_is_refused(self, pipeline, wrong):
        with pytest.raises(Problem):
            pipeline.extend(recording(1.0), "rain", **({"seconds": 1.0} | wrong), sampling_rate=RATE_HZ)


class TestLoop:
    def test_the_ends_meet_without_a_click_and_the_middle_stays(self, pipeline):
        audio = recording(4.0)
        output = pipeline.loop(audio, "rain", seam_s=1.0, sampling_rate=RATE_HZ, **FAST)
        looped = output.audios[0]
        assert looped.shape == audio.shape
        kept = slice(round(0.55 * RATE_HZ), round(3.45 * RATE_HZ))
        np.testing.assert_array_equal(looped[:, kept], audio[:, kept])
        steps = np.abs(np.diff(looped, axis=1))
        assert (np.abs(looped[:, 0] - looped[:, -1]) <= steps.max(axis=1)).all()

    def test_a_seam_longer_than_the_sound_is_refused(self, pipeline):
        with pytest.raises(Problem, match="The seam is"):
            pipeline.loop(recording(1.0), "rain", seam_s=1.0, sampling_rate=RATE_HZ)


class TestTimeline:
    def test_one_event_is_plain_generation(self, pipeline):
        output = pipeline.timeline([(0, 5.12, "rain")], **FAST)
        assert distance(output.images[0], pipeline("rain", **FAST).images[0]) < 0.5

    def test_each_time_follows_its_own_prompt(self, pipeline, tiny_lora):
        pipeline.load_lora_weights(tiny_lora)  # makes the random model listen to its prompts
        settings = {**FAST, "guidance_scale": 8.0}
        both = np.asarray(
            pipeline.timeline([(0, 2.56, "rain"), (2.56, 5.12, "bell")], **settings).images[0], dtype=float
        )
        rain, bell = (np.asarray(pipeline(prompt, **settings).images[0], dtype=float) for prompt in ("rain", "bell"))
        early, late = slice(0, 80), slice(176, 256)
        assert distance(both[:, early], rain[:, early]) < distance(both[:, early], bell[:, early])
        assert distance(both[:, late], bell[:, late]) < distance(both[:, late], rain[:, late])

    def test_a_minute_is_painted_at_its_exact_length(self, pipeline):
        output = pipeline.timeline([(0, 30, "rain"), (28, 60, "bell")], num_inference_steps=1, seed=1)
        assert output.audios.shape[-1] == 60 * output.sampling_rate
        assert output.recipes[0].settings["events"] == [[0, 30, "rain"], [28, 60, "bell"]]

    def test_every_column_follows_some_event_and_only_near_ones(self):
        weights = column_weights([(0, 1, "a"), (4, 5.12, "b")], 32, 5.12)
        total = weights[0] + weights[1]
        assert (total > 0).all()
        assert weights[0][30] == 0
        assert weights[1][2] == 0
        assert weights[0][10] > weights[1][10] > 0

    @pytest.mark.parametrize(
        "events", [[], [(2, 1, "rain")], [(0, 2, " ")], [(-1, 2, "rain")], [(0, float("nan"), "rain")]]
    )
    def test_a_wrong_event_is_named(self, pipeline, events):
        with pytest.raises(Problem):
            pipeline.timeline(events)


class TestLong:
    def test_half_a_minute_follows_its_seed_and_prompt(self, pipeline):
        long = pipeline("rain", seconds=30, num_images_per_prompt=2, **FAST)
        assert long.audios.shape == (2, 1, 30 * long.sampling_rate)
        again = pipeline("rain", seconds=30, num_inference_steps=2, seed=2)
        assert distance(long.images[1], again.images[0]) < 0.5
        assert (long.recipes[1].seed, long.recipes[1].verb) == (2, "generate")

    def test_windows_meet_without_a_seam(self, pipeline):
        picture = np.asarray(pipeline("rain", seconds=20, **FAST).images[0], dtype=float)
        change = np.abs(np.diff(picture, axis=1)).mean(axis=(0, 2))
        seams = [change[column - 2 : column + 2].max() for column in range(128, picture.shape[1] - 128, 128)]
        assert max(seams) < 1.5 * np.percentile(change, 99)
