"""Morphs on the random model: their ends, their order, how they are paced, and what the pacing is chosen by."""

import itertools

import numpy as np
import pytest

from spectrogram.problems import Problem
from spectrogram.verbs.morph import most_painted
from spectrogram.verbs.spacing import STATISTICS, choose, distances, smallest_step, way, widest_gap

FAST = {"num_inference_steps": 2, "seed": 1}


def distance(first, second) -> float:
    return float(np.abs(np.asarray(first, dtype=float) - np.asarray(second, dtype=float)).mean())


class TestMorph:
    def test_it_begins_with_the_first_prompt_and_ends_with_the_last(self, pipeline):
        output = pipeline.morph(["rain", "the bell"], 3, **FAST)
        ends = [pipeline(prompt, **FAST).images[0] for prompt in ("rain", "the bell")]
        assert distance(output.images[0], ends[0]) < 0.5
        assert distance(output.images[-1], ends[1]) < 0.5
        shares = [recipe.settings["share"] for recipe in output.recipes]
        assert shares == sorted(shares)
        assert (shares[0], shares[-1]) == (0, 1)

    def test_even_in_text_paints_no_clip_in_vain_and_yields_each_at_once(self, pipeline):
        steps = []

        def count(pipe, step, timestep, tensors):
            steps.append(step)
            return tensors

        clips = pipeline.morph_clips(["rain", "bell"], 3, respace=False, callback_on_step_end=count, **FAST)
        seen = [(clip.recipes[0].settings["share"], len(steps)) for clip in clips]
        assert seen == [(0, 2), (0.5, 4), (1, 6)]

    def test_the_first_clip_of_a_respaced_morph_comes_before_the_others_are_painted(self, pipeline, tiny_lora):
        pipeline.load_lora_weights(tiny_lora)
        steps = []

        def count(pipe, step, timestep, tensors):
            steps.append(step)
            return tensors

        clips = pipeline.morph_clips(["rain", "bell"], 4, callback_on_step_end=count, **FAST)
        first = next(clips)
        assert (first.recipes[0].settings["share"], len(steps)) == (0, 2)
        assert len(list(clips)) == 3
        assert len(steps) <= 2 * most_painted(2, 4)

    def test_each_clip_is_shown_as_it_is_painted_and_those_that_stay_are_the_same(self, pipeline, tiny_lora):
        pipeline.load_lora_weights(tiny_lora)
        shown = []
        kept = list(pipeline.morph_clips(["rain", "bell"], 4, on_painted=shown.append, **FAST))
        shares = [clip.recipes[0].settings["share"] for clip in shown]
        assert shares[:4] == [0, 1, 1 / 3, 2 / 3]
        assert len(set(shares)) == len(shares) <= most_painted(2, 4)
        assert all(any(clip is other for other in shown) for clip in kept)
        assert {clip.recipes[0].settings["clips"] for clip in shown} == {4}

    def test_the_way_in_sound_is_told_for_any_number_of_prompts(self, pipeline, tiny_lora):
        pipeline.load_lora_weights(tiny_lora)
        output = pipeline.morph(["rain", "bell", "rain"], 3, **FAST | {"guidance_scale": 8.0})
        told = [recipe.settings["way"] for recipe in output.recipes]
        assert told == pytest.approx([0, 0.5, 1], abs=1e-3)
        assert "from_first" not in output.recipes[0].settings

    def test_distances_are_told_and_grow(self, pipeline, tiny_lora):
        pipeline.load_lora_weights(tiny_lora)  # makes the random model listen to its prompts
        output = pipeline.morph(["rain", "bell"], 5, **FAST | {"guidance_scale": 8.0})
        told = [recipe.settings for recipe in output.recipes]
        assert {row["heard_by"] for row in told} == {STATISTICS}  # the random model has no ear
        away, left = ([row[name] for row in told] for name in ("from_first", "to_last"))
        assert (away[0], left[0], away[-1], left[-1]) == (0, 1, 1, 0)
        assert (np.diff(away) > 0).all()
        assert (np.diff(left) < 0).all()

    def test_every_prompt_of_several_is_among_the_clips(self, pipeline):
        shares = [r.settings["share"] for r in pipeline.morph(["rain", "bell", "the bell", "rain"], 6, **FAST).recipes]
        assert len(shares) == 6
        assert {0, 1 / 3, 2 / 3, 1} <= set(shares)

    def test_each_step_is_further_from_the_first(self, pipeline):
        output = pipeline.morph(["rain", "rain"], 4, end_seed=9, **FAST)
        distances = [distance(output.images[0], image) for image in output.images]
        assert distances == sorted(distances)
        assert distances[1] > 0
        assert distance(output.images[-1], pipeline("rain", num_inference_steps=2, seed=9).images[0]) < 0.5

    @pytest.mark.parametrize(("prompts", "steps"), [(["rain"], 3), (["rain", " "], 3), (["rain", "bell"], 1)])
    def test_what_cannot_be_morphed_is_refused(self, pipeline, prompts, steps):
        with pytest.raises(Problem):
            pipeline.morph(prompts, steps)


class TestSpacing:
    def test_a_path_that_turns_back_is_left_out_and_the_smallest_step_is_as_large_as_can_be(self):
        away = np.array([0, 0.02, 0.4, 0.3, 0.9, 1.1, 1.0])
        left = np.array([1, 1.01, 0.8, 0.7, 0.5, 0.3, 0.0])
        places = choose(away, left, 4)
        found = {
            tuple(mids): min(np.diff(away[[0, *mids, 6]]).min(), -np.diff(left[[0, *mids, 6]]).max())
            for mids in itertools.combinations(range(1, 6), 2)
        }
        assert places == [0, *max(found, key=found.get), 6]
        assert smallest_step(away, left, places) == pytest.approx(max(found.values()))

    def test_the_next_place_is_where_the_sound_changes_most(self):
        away, left = np.array([0, 0.1, 0.9, 1.0]), np.array([1, 0.9, 0.2, 0.0])
        assert widest_gap(away, left, [0, 0.2, 0.6, 1]) == pytest.approx(0.4)
        assert widest_gap(np.zeros(3), np.zeros(3), [0, 0.5, 1]) is None

    def test_distances_are_told_in_units_of_the_distance_between_the_ends(self):
        away, left = distances(np.array([[0.0, 0.0], [3.0, 4.0], [10.0, 0.0]]))
        np.testing.assert_allclose(away, [0, 0.5, 1])
        np.testing.assert_allclose(left, [1, np.hypot(7, 4) / 10, 0])

    def test_the_way_is_the_share_of_all_steps_that_is_behind(self):
        assert way(np.array([[0.0, 0], [3, 4], [3, 9], [3, 19]])) == pytest.approx([0, 0.25, 0.5, 1])
        assert way(np.zeros((3, 2))) == pytest.approx([0, 0, 0])
