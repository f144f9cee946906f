"""Numbers that the public packages gave for these very arrays: audioldm_eval 0.0.3,
torch-fidelity 0.4.0, kadtk 1.1.0.

Their functions were run in float64 on what RandomState(7) draws, a stream that numpy keeps for good.
"""

import numpy as np
import pytest

from metrics.distances import (
    frechet_distance,
    inception_score,
    kernel_distance,
    kernel_inception_distance,
    kl_divergence,
    paired_kl,
)

DRAW = np.random.RandomState(7)
REF = 3 * DRAW.standard_normal((60, 10))
GEN = REF + DRAW.standard_normal((60, 10))
X = DRAW.standard_normal((50, 8))
Y = 1.2 * DRAW.standard_normal((41, 8)) + 0.3
SURE = 80 * np.eye(10)[:2]


def exactly(number):
    return pytest.approx(number, rel=1e-9, abs=1e-9)


def test_kl_is_audioldm_evals():
    names = [f"{i}.wav" for i in range(60)]
    assert kl_divergence(REF, GEN) == exactly(0.20206946874418402)
    assert kl_divergence(REF, GEN, kind="sigmoid") == exactly(0.24414100481250778)
    assert paired_kl(dict(zip(names, REF, strict=True)), dict(zip(names, GEN, strict=True))) == exactly(
        0.20206946874418402
    )


def test_kl_of_sure_and_opposite_classes_is_capped_like_audioldm_evals():
    assert kl_divergence(SURE, SURE[::-1]) == exactly(13.815510557964274)
    assert kl_divergence(SURE, SURE[::-1], kind="sigmoid") == exactly(0.34656309029022264)


def test_inception_score_is_that_of_torch_fidelity_and_audioldm_eval():
    assert inception_score(REF, splits=10, seed=2020) == exactly((2.580645423212208, 0.4315417883341025))
    assert inception_score(REF, splits=4, seed=None) == exactly((3.1762404128145176, 0.2853165694390022))


def test_kid_is_that_of_torch_fidelity_and_audioldm_eval():
    value = kernel_inception_distance(X, Y, subsets=5, subset_size=30, seed=2020)
    assert value == exactly(0.03401184945681015)
    assert value.details["std"] == exactly(0.13746752871747606)


def test_kad_is_kadtks_with_its_bandwidth_from_the_reference():
    value = kernel_distance(X, Y)
    assert value.details["bandwidth"] == exactly(4.6013548570659095)
    assert value == exactly(0.7502341035411808)
    assert kernel_distance(X, Y, bandwidth=2.5) == exactly(1.5522101627916118)
    assert kernel_distance(X, X, bandwidth=2.5) == exactly(-2.752007668542189)


def test_frechet_distance_is_torch_fidelitys_where_that_is_well_conditioned():
    assert frechet_distance(X, Y) == exactly(1.4804314536318621)
