"""Splits hold their shares in every label, keep recordings together and never take a choice back."""

from collections import Counter

import pytest

from dataset_builder.making.splits import NAMES, assign, parse_shares, read_splits, splits_csv
from spectrogram.problems import UsageProblem

SHARES = parse_shares("80/10/10")


def recordings(count, labels=("rain", "dog")):
    return {f"r{index}": labels[index % len(labels)] for index in range(count)}


def test_every_label_has_its_share_in_every_split():
    labels = recordings(200, ("a", "b", "c", "d"))
    dealt = assign(labels, SHARES)
    for label in "abcd":
        counts = Counter(dealt[name] for name in labels if labels[name] == label)
        assert all(abs(counts[split] - 50 * SHARES[split]) <= 2 for split in NAMES), counts


def test_labels_with_one_recording_each_still_fill_every_split():
    counts = Counter(assign({f"r{i}": f"label{i}" for i in range(100)}, SHARES).values())
    assert all(abs(counts[split] - 100 * SHARES[split]) <= 1 for split in NAMES)


def test_the_order_of_rows_changes_nothing_and_the_seed_does():
    labels = recordings(60)
    backwards = dict(reversed(labels.items()))
    assert assign(labels, SHARES, 1) == assign(backwards, SHARES, 1) != assign(labels, SHARES, 2)


def test_added_recordings_move_no_other():
    before = assign(recordings(50), SHARES)
    after = assign(recordings(80), SHARES, kept=before)
    assert {name: after[name] for name in before} == before
    assert abs(Counter(after.values())["test"] - 8) <= 1


def test_a_share_of_zero_stays_empty():
    assert set(assign(recordings(40), parse_shares("90/0/10")).values()) == {"train", "test"}


def test_splits_survive_the_way_to_disk(tmp_path):
    dealt = assign({"a,b": "x", 'c"d': "y", "é": "z"}, SHARES)
    (tmp_path / "splits.csv").write_bytes(splits_csv(dealt))
    assert read_splits(tmp_path / "splits.csv") == dealt


@pytest.mark.parametrize("text", ["80/20", "a/b/c", "0/0/0", "-1/1/1"])
def test_shares_that_make_no_sense_are_a_usage_error(text):
    with pytest.raises(UsageProblem):
        parse_shares(text)
