"""What the embedded base was taught is known by word; what it was not is named, with the nearest sound."""

import pytest

from space.engine.knowledge import Knowledge


@pytest.fixture(scope="module")
def knowledge():
    return Knowledge.of_base(None)


def test_every_wording_that_was_taught_is_known(knowledge):
    assert len(knowledge.prompts) == 32
    for phrases in knowledge.sounds.values():
        for phrase in phrases:
            assert knowledge.notes(phrase) == []


@pytest.mark.parametrize(
    "prompt",
    ["dogs that barked", "a distant siren, slow", "a dog barking followed by rain", "Two cats!", "(rain:1.3) [wind]"],
)
def test_other_forms_of_known_words_are_known(knowledge, prompt):
    assert knowledge.notes(prompt) == []


@pytest.mark.parametrize(
    ("prompt", "word"),
    [
        ("piano", "piano"),
        ("a cow mooing", "cow"),
        ("雨", "雨"),
        ("ein Hund bellt", "hund"),
        ("dog on a skateboard", "skateboard"),
    ],
)
def test_a_word_that_was_never_taught_is_named_with_the_nearest_known_sound(knowledge, prompt, word):
    (note,) = knowledge.notes(prompt)
    assert f"“{word}”" in note
    assert any(f"The nearest sound that it knows is “{known}”." in note for known in knowledge.prompts)
    assert ("English only" in note) == (word == "雨")


@pytest.mark.parametrize("prompt", ["no dogs", "rain without wind", "rain, don’t add thunder"])
def test_a_negation_is_explained(knowledge, prompt):
    assert any("“Without”" in note for note in knowledge.notes(prompt))


def test_of_another_base_nothing_is_claimed():
    knowledge = Knowledge.of_base("owner/base")
    assert knowledge.prompts == []
    assert knowledge.notes("piano") == []
