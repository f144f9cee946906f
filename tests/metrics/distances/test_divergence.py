"""KL and inception score against scipy's entropies and against the loops of their definitions."""

import numpy as np
import pytest
from scipy.special import expit, rel_entr, softmax

from metrics.distances import inception_score, kl_divergence, paired_kl

REF = np.random.default_rng(1).normal(size=(40, 12)) * 3
GEN = REF + np.random.default_rng(2).normal(size=(40, 12))


def test_exact_softmax_divergence_equals_relative_entropy():
    expected = rel_entr(softmax(REF, axis=1), softmax(GEN, axis=1)).sum(axis=1).mean()
    assert kl_divergence(REF, GEN, eps=0) == pytest.approx(expected, rel=1e-12)


def test_eps_enters_inside_the_logarithm_of_the_generated_side():
    p, q = softmax(REF, axis=1), softmax(GEN, axis=1)
    assert kl_divergence(REF, GEN) == pytest.approx(
        np.sum(p * (np.log(p) - np.log(q + 1e-6)), axis=1).mean(), rel=1e-12
    )


def test_the_other_direction_swaps_the_roles():
    p, q = softmax(REF, axis=1), softmax(GEN, axis=1)
    expected = np.sum(q * (np.log(q) - np.log(p + 1e-6)), axis=1).mean()
    assert kl_divergence(REF, GEN, direction="gen_to_ref") == pytest.approx(expected, rel=1e-12)


def test_bernoulli_counts_both_answers_and_sigmoid_only_one():
    p, q = expit(REF), expit(GEN)
    both = (rel_entr(p, q) + rel_entr(1 - p, 1 - q)).sum(axis=1).mean()
    assert kl_divergence(REF, GEN, kind="bernoulli", eps=0) == pytest.approx(both, rel=1e-9)
    one = np.sum(p * (np.log(p) - np.log(q + 1e-6)), axis=1).mean()
    assert kl_divergence(REF, GEN, kind="sigmoid") == pytest.approx(one, rel=1e-9)


def test_extreme_logits_are_exact_without_eps_and_capped_with_it():
    ref, gen = np.array([[80.0, 0.0]]), np.array([[0.0, 80.0]])
    assert kl_divergence(ref, gen, eps=0) == pytest.approx(80.0, rel=1e-12)
    assert kl_divergence(ref, gen) == pytest.approx(-np.log(1e-6), rel=1e-6)


def test_equal_logits_diverge_by_nothing():
    for kind in ("softmax", "bernoulli", "sigmoid"):
        assert kl_divergence(REF, REF, kind=kind, eps=0) == pytest.approx(0, abs=1e-12)


def test_pairs_are_made_by_name_whatever_the_order():
    ref = {f"clip{i}": REF[i] for i in range(40)}
    gen = {f"clip{i}": GEN[i] for i in reversed(range(5, 40))} | {"stray": GEN[0]}
    value = paired_kl(ref, gen)
    assert value == pytest.approx(kl_divergence(REF[5:], GEN[5:]), rel=1e-12)
    assert value.details["n_used"] == 35
    assert value.details["only_in_reference"] == [f"clip{i}" for i in range(5)]
    assert value.details["only_in_generated"] == ["stray"]
    assert np.mean(value.details["per_pair"]) == pytest.approx(value, rel=1e-12)


def test_no_common_name_and_other_classes_are_refused():
    with pytest.raises(ValueError, match=r"No name is in both sets .*'a', 'b'"):
        paired_kl({"a": REF[0]}, {"b": REF[0]})
    with pytest.raises(ValueError, match=r"\(1, 12\) and logits_gen has \(1, 11\)"):
        paired_kl({"a": REF[0]}, {"a": REF[0, :11]})
    with pytest.raises(ValueError, match="row 3"):
        kl_divergence(REF, np.where(np.arange(40)[:, None] == 3, np.nan, GEN))


@pytest.mark.parametrize(
    ("option", "said"),
    [({"kind": "max"}, "bernoulli"), ({"direction": "up"}, "gen_to_ref"), ({"eps": -1}, "eps is -1")],
)
def test_unknown_settings_list_what_is_allowed(option, said):
    with pytest.raises(ValueError, match=said):
        kl_divergence(REF, GEN, **option)


def loop_inception(logits, splits, seed):
    """The published definition, split by split."""
    order = np.random.RandomState(seed).permutation(len(logits))
    p = softmax(logits[order], axis=1)
    scores = []
    for part in range(splits):
        chunk = p[part * len(p) // splits : (part + 1) * len(p) // splits]
        marginal = chunk.mean(axis=0)
        scores.append(np.exp(np.mean([np.sum(rel_entr(row, marginal)) for row in chunk])))
    return np.mean(scores), np.std(scores)


@pytest.mark.parametrize("splits", [1, 3, 10])
def test_inception_score_equals_the_loop_of_its_definition(splits):
    assert inception_score(REF, splits=splits, seed=2020) == pytest.approx(loop_inception(REF, splits, 2020), rel=1e-12)


def test_inception_score_is_one_for_equal_rows_and_the_number_of_classes_for_sure_and_varied_ones():
    assert inception_score(np.tile(REF[:1], (20, 1)), splits=2) == pytest.approx((1.0, 0.0), abs=1e-9)
    assert inception_score(np.eye(12) * 1000, splits=1)[0] == pytest.approx(12, rel=1e-9)


def test_fewer_rows_than_splits_are_refused():
    with pytest.raises(ValueError, match="9 rows cannot be cut into 10 splits"):
        inception_score(REF[:9])
