"""What the page may do, over all environments that it can find itself in."""

import itertools

import pytest

from space.teaching.permissions import HERE, JOB, NOWHERE, decide

SPACE = {"SPACE_ID": "ann/sounds", "SPACE_AUTHOR_NAME": "ann", "OAUTH_CLIENT_ID": "x"}
ZERO = SPACE | {"SPACES_ZERO_GPU": "true", "ACCELERATOR": "zero"}
GPU = SPACE | {"ACCELERATOR": "a10g"}
CPU = SPACE | {"ACCELERATOR": "none"}


@pytest.mark.parametrize(
    ("environment", "visitor", "token", "train", "duplicate", "sign_in", "publish"),
    [
        ({}, None, False, HERE, False, False, False),
        ({"HF_TOKEN": "x"}, None, False, HERE, False, False, True),
        (ZERO, None, False, NOWHERE, True, True, False),
        (ZERO, "bob", False, NOWHERE, True, False, False),
        (ZERO, "bob", True, JOB, True, False, True),
        (ZERO, "ann", True, JOB, True, False, True),
        (GPU, None, False, NOWHERE, True, True, False),
        (GPU, "ann", True, HERE, False, False, True),
        (GPU, "ann", False, HERE, False, False, False),
        (GPU, "bob", True, JOB, True, False, True),
        (GPU | {"SPACE_TRAINERS": "bob,eve"}, "bob", True, HERE, False, False, True),
        (CPU, "ann", True, HERE, False, False, True),
        (CPU, None, False, NOWHERE, True, True, False),
        ({"SPACE_ID": "ann/sounds"}, None, False, NOWHERE, True, False, False),
    ],
)
def test_each_environment_and_visitor_gets_its_own_rights(
    environment, visitor, token, train, duplicate, sign_in, publish
):
    may = decide(environment, visitor, token)
    assert (may.train, may.duplicate, may.sign_in, may.publish) == (train, duplicate, sign_in, publish)
    assert len(may.reason) > 20


def test_nothing_is_ever_trained_inside_zerogpu_and_no_stranger_uses_the_owners_hardware():
    for environment, visitor, token in itertools.product((ZERO, GPU, CPU), (None, "bob", ""), (False, True)):
        assert decide(environment, visitor, token).train != HERE
    assert all(decide(ZERO, visitor, True).train != HERE for visitor in ("ann", "bob", None))


def test_a_space_with_a_token_of_its_own_does_not_lend_it_to_visitors():
    may = decide(GPU | {"HF_TOKEN": "the owner's"}, "bob", has_token=False)
    assert not may.publish


def test_the_reason_tells_a_cpu_owner_how_long_it_takes():
    assert "minutes" in decide(CPU, "ann").reason
    assert "GPU" in decide(GPU, "ann").reason
