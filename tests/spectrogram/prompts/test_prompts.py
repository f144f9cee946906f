"""AUTOMATIC1111's prompt language, against what its documentation says each form means."""

import numpy as np
import pytest
import torch

from spectrogram.problems import UsageProblem
from spectrogram.prompts.language import is_plain, read, stages


@pytest.mark.parametrize(
    ("prompt", "fragments"),
    [
        ("rain", (("rain", 1.0),)),
        ("", (("", 1.0),)),
        ("(rain)", (("rain", 1.1),)),
        ("((rain))", (("rain", 1.1 * 1.1),)),
        ("[rain]", (("rain", 1 / 1.1),)),
        ("a (robin:1.3) sings", (("a ", 1.0), ("robin", 1.3), (" sings", 1.0))),
        ("(wind (in trees:2):0.5)", (("wind ", 0.5), ("in trees", 1.0))),
        (r"rain \(heavy\)", (("rain (heavy)", 1.0),)),
        ("(ratio 3:four)", (("ratio 3:four", 1.1),)),
        ("rain) and (wind", (("rain) and (wind", 1.0),)),
        ("(rain]", (("(rain]", 1.0),)),
    ],
)
def test_a_prompt_is_read_as_texts_with_weights(prompt, fragments):
    read_back = read(prompt)
    assert [text for text, _ in read_back] == [text for text, _ in fragments]
    assert [weight for _, weight in read_back] == pytest.approx([weight for _, weight in fragments])


def spoken(prompt, steps=10):
    """(first step, text) of each stage."""
    return [(stage.first, "".join(text for text, _ in stage.fragments)) for stage in stages(prompt, steps)]


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("rain", [(0, "rain")]),
        ("[rain:snow:0.5] falls", [(0, "rain falls"), (5, "snow falls")]),
        ("[rain:snow:3]", [(0, "rain"), (3, "snow")]),
        ("wind [and rain:4]", [(0, "wind "), (4, "wind and rain")]),
        ("wind [and rain::4]", [(0, "wind and rain"), (4, "wind ")]),
        ("[[a:b:0.2]:c:0.5]", [(0, "a"), (2, "b"), (5, "c")]),
        ("[rain:snow:50]", [(0, "rain")]),
        ("[rain: snow]", [(0, "rain: snow")]),
    ],
)
def test_a_schedule_changes_the_prompt_at_its_step(prompt, expected):
    assert spoken(prompt) == expected


def test_alternatives_take_turns():
    assert spoken("[sea|wind] roars", 3) == [(0, "sea roars"), (1, "wind roars"), (2, "sea roars")]


def test_a_weight_inside_a_schedule_holds():
    assert read("[rain:(snow:1.5):0.5]", 9, 10) == (("snow", 1.5),)


def test_only_brackets_make_a_prompt_special():
    assert is_plain("rain, wind: 3 | 4")
    assert not is_plain("rain (heavy)")


def test_brackets_without_end_are_text_and_too_deep_ones_are_refused():
    assert read("(" * 5000) == (("(" * 5000, 1.0),)
    with pytest.raises(UsageProblem, match="too deep"):
        read("(" * 5000 + "rain" + ")" * 5000)


def mean_change(first, second) -> float:
    return float(np.abs(np.asarray(first, dtype=float) - np.asarray(second, dtype=float)).mean())


class TestInThePipeline:
    def test_a_weight_moves_the_embedding_and_one_does_not(self, pipeline):
        plain, weighed, same = (
            pipeline.encode_prompt(prompt, "cpu", 1, True, "the")[0]
            for prompt in ("rain the bell", "rain the (bell:1.5)", "rain the (bell:1)")
        )
        assert plain.shape == weighed.shape
        assert torch.allclose(plain, same, atol=1e-5)
        assert (plain - weighed).abs().max() > 1e-3

    def test_heavier_words_lie_farther_from_the_empty_prompt(self, pipeline):
        empty = pipeline.encode_prompt("", "cpu", 1, False)[0]
        lengths = [
            (pipeline.encode_prompt(f"(rain:{weight})", "cpu", 1, False)[0] - empty)[:, 1:2].norm().item()
            for weight in (0.5, 1.0, 1.5, 2.0)
        ]
        assert lengths == sorted(lengths)
        assert lengths[3] == pytest.approx(2 * lengths[1], rel=1e-3)

    def test_a_long_prompt_is_read_to_its_end_and_its_negative_is_as_long(self, pipeline):
        words = "rain " * 90
        embeds, negative = pipeline.encode_prompt(words + "bell", "cpu", 2, True, "the")
        assert embeds.shape == negative.shape == (2, 2 * 77, 32)
        other, _ = pipeline.encode_prompt(words + "the", "cpu", 2, True, "the")
        assert (embeds - other).abs().max() > 1e-3
        assert pipeline(words, seed=1, num_inference_steps=1).audios.shape[0] == 1

    def test_prompts_of_different_lengths_share_a_batch(self, pipeline):
        output = pipeline(["rain", "(rain) " * 90], negative_prompt="the", seed=1, num_inference_steps=1)
        assert output.audios.shape[0] == 2
        both = pipeline.encode_prompt(["rain", "(rain) " * 90], "cpu", 1, False)[0]
        alone, empty = (pipeline.encode_prompt(prompt, "cpu", 1, False)[0] for prompt in ("rain", ""))
        assert torch.allclose(both[:1], torch.cat([alone, empty], dim=1), atol=1e-5)

    def test_a_schedule_is_the_first_prompt_then_the_second(self, pipeline, tiny_lora):
        pipeline.load_lora_weights(tiny_lora)  # makes the random model listen to its prompts
        settings = {"num_inference_steps": 4, "seed": 1, "guidance_scale": 8.0}
        pictures = {
            name: pipeline(prompt, **settings).images[0]
            for name, prompt in {
                "rain": "rain",
                "bell": "bell",
                "never": "[rain:bell:4]",
                "half": "[rain:bell:0.5]",
                "at once": "[rain:bell:0.0]",
            }.items()
        }
        assert mean_change(pictures["never"], pictures["rain"]) < 0.5
        assert mean_change(pictures["at once"], pictures["bell"]) < 0.5
        assert min(mean_change(pictures["half"], pictures[name]) for name in ("rain", "bell")) > 0.5

    def test_a_variation_holds_in_a_schedule_and_what_it_cannot_take_is_refused(self, pipeline):
        settings = {"num_inference_steps": 2, "seed": 1}
        plain, varied = (
            pipeline("[rain:bell:1]", **settings, **more).images[0]
            for more in ({}, {"variation_seed": 5, "variation_amount": 0.5})
        )
        assert mean_change(plain, varied) > 0.5
        with pytest.raises(UsageProblem, match="cross_attention_kwargs"):
            pipeline("[rain:bell:1]", cross_attention_kwargs={"scale": 0.5}, **settings)

    def test_verbs_follow_schedules_and_morph_refuses_them(self, pipeline):
        settings = {"num_inference_steps": 2, "seed": 1}
        output = pipeline.timeline([(0, 2.56, "[rain:bell:0.5]"), (2.56, 5.12, "(rain:1.2)")], **settings)
        assert output.audios.shape[0] == 1
        with pytest.raises(UsageProblem, match="changes by itself"):
            pipeline.morph(["[rain:bell:0.5]", "rain"], 2, **settings)
