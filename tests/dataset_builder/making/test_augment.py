"""Variations are planned numbers for the train split alone, recorded in every row, the same from the same seed."""

import json

import numpy as np
import pytest
from tones import RATE_HZ, tone

from dataset_builder.build import Settings, build
from dataset_builder.intake.captions import read_entries
from dataset_builder.intake.entries import Entry
from dataset_builder.making.augment import AugmentPolicy, apply, expand, level, masked, pink_noise, then
from spectrogram.params import SpectrogramParams

QUIET = {"gain_db": 0.0, "delay_s": 0.0, "noise_snr_db": 100.0, "noise_seed": 1}


def entries(count):
    return [Entry(f"c{i}", f"{i}.wav", (f"sound {i}",), label=f"l{i % 2}", recording=f"r{i}") for i in range(count)]


def test_only_train_clips_are_varied_or_mixed_in():
    given = entries(20)
    dealt = {entry.recording: "test" if number < 5 else "train" for number, entry in enumerate(given)}
    copies = expand(given, dealt, AugmentPolicy(copies=3), seed=1)[20:]
    used = {json.loads(copy.augmentation)[key] for copy in copies for key in ("of", "with") if key in copy.augmentation}
    assert len(copies) == 45
    assert used <= {entry.clip_id for entry in given[5:]}


def test_the_seed_decides_and_the_order_of_rows_does_not():
    given = entries(8)
    dealt = dict.fromkeys((entry.recording for entry in given), "train")
    policy = AugmentPolicy(copies=2)
    one = expand(given, dealt, policy, 1)[8:]
    assert one == expand(given[::-1], dealt, policy, 1)[8:] != expand(given, dealt, policy, 2)[8:]


def test_captions_licences_and_labels_of_a_mix_name_both():
    first = Entry("a", "a", ("a dog barking",), "dog", "s1", "CC0 1.0", "ann", "r1")
    second = Entry("b", "b", ("rain falling",), "rain", "s2", "CC BY 4.0", "bob", "r2")
    dealt = {"r1": "train", "r2": "train"}
    copy = expand([first, second], dealt, AugmentPolicy(copies=1, kinds=(0, 0, 1)), 0)[2]
    assert copy.captions == ("a dog barking followed by rain falling",)
    assert (copy.label, copy.licence, copy.attribution) == ("dog+rain", "CC0 1.0 + CC BY 4.0", "ann ; bob")


def test_noise_has_the_planned_distance_and_falls_three_decibels_an_octave():
    clean = tone(4).T
    noisy = apply(clean, {**QUIET, "noise_snr_db": 20.0}, None, RATE_HZ)
    assert 20 * np.log10(level(clean) / level(noisy - clean)) == pytest.approx(20, abs=0.01)
    power = np.abs(np.fft.rfft(pink_noise((1, 1 << 18), 3)[0])) ** 2
    octave = [power[1 << k : 2 << k].mean() for k in (10, 14)]
    assert 10 * np.log10(octave[0] / octave[1]) == pytest.approx(12, abs=0.8)


def test_gain_and_delay_are_the_planned_ones():
    varied = apply(tone(2).T, {**QUIET, "gain_db": -6.0, "delay_s": 0.5}, None, RATE_HZ)
    assert np.abs(varied[:, : RATE_HZ // 2]).max() < 1e-4
    assert np.abs(varied).max() == pytest.approx(0.5 * 10 ** (-6 / 20), rel=0.01)


def test_a_mix_while_holds_both_sounds_at_the_planned_levels_and_never_exceeds_full_scale():
    recipe = {**QUIET, "kind": "while", "partner_db": -6.0}
    mixed = apply(tone(2, 500, level=0.9).T, recipe, tone(2, 3000, level=0.1).T, RATE_HZ)
    spectrum = np.abs(np.fft.rfft(mixed[0]))
    assert 20 * np.log10(spectrum[1000] / spectrum[6000]) == pytest.approx(6, abs=0.05)
    assert np.abs(mixed).max() <= 1


def test_followed_by_means_first_one_and_then_the_beginning_of_the_other():
    first, second = np.ones((1, RATE_HZ)), np.repeat([[2.0, 9.0]], RATE_HZ // 2, axis=1)
    joined = then(first, second, RATE_HZ)[0]
    assert joined[RATE_HZ // 4] == 1
    assert joined[3 * RATE_HZ // 4] == 2
    assert joined[: -RATE_HZ // 20].max() <= 2


def test_masking_silences_one_band_and_one_stretch_of_time():
    pixels = np.full((128, 256, 3), 200, np.uint8)
    hidden = masked(pixels, 1, SpectrogramParams.preset("mini"))
    assert pixels.min() == 200
    assert (hidden == 0).all(axis=(1, 2)).any()
    assert (hidden == 0).all(axis=(0, 2)).any()
    assert (hidden == 200).mean() > 0.7


def test_a_build_records_the_recipe_of_every_variation(folder, tmp_path):
    outcome = build(read_entries(folder), tmp_path / "set", Settings(augment=AugmentPolicy(copies=1)))["mini"]
    varied = [row for row in outcome.facts if row["augmentation"]]
    originals = {row["clip_id"]: row for row in outcome.facts if not row["augmentation"]}
    assert len(originals) == 12
    assert 8 <= len(varied) <= 10  # of the clips of train
    assert all(json.loads(row["augmentation"])["of"] in originals for row in varied)
    assert {row["recording"] for row in varied} <= {row["recording"] for row in originals.values()}
