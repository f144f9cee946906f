"""Which recordings may teach the base model, and what clips are made of them."""

import csv

import numpy as np
import pytest

from spectrogram.files.audio import write_audio
from training.base_model import recordings, sounds

RATE_HZ = recordings.RATE_HZ
COLUMNS = ("file_name", "label", "licence", "source", "attribution", "source_id")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Forty open dog barks, and one clip each with a closed licence, a held-out class and an unknown class."""
    folder = tmp_path_factory.mktemp("recordings")
    write_audio(folder / "bark.wav", np.random.default_rng(0).uniform(-0.5, 0.5, (1, RATE_HZ)).astype("f4"), RATE_HZ)
    kinds = [("dog_bark", "CC0 1.0")] * 40
    kinds += [("dog_bark", "CC BY-NC 3.0"), ("dog_bark", "CC BY-SA 4.0"), ("owl", "CC0 1.0"), ("camel", "CC0 1.0")]
    with open(folder / "metadata.csv", "w", newline="") as table:
        writer = csv.DictWriter(table, COLUMNS)
        writer.writeheader()
        for number, (label, licence) in enumerate(kinds):
            row = ("bark.wav", label, licence, "here", "somebody", f"fs:{number}")
            writer.writerow(dict(zip(COLUMNS, row, strict=True)))
    return folder


def test_only_open_licences_and_known_classes_teach(folder):
    found = recordings.find([folder, folder / "absent"], 1.0)
    assert len(found) == 40
    assert {one.label for one in found} == {"dog_bark"}


def test_a_recording_belongs_to_the_base_or_to_the_judges_and_never_to_both(folder):
    from benchmarks.base_model.judge import split

    taught = {one.source_id for one in recordings.find([folder], 0.5)}
    split(folder, 0.5, folder / "judge")
    with open(folder / "judge" / "metadata.csv") as table:
        judged = {row["source_id"] for row in csv.DictReader(table)}
    assert 10 < len(taught) < 30
    assert not taught & judged


def test_a_short_event_is_placed_in_silence_and_a_texture_fills_the_clip():
    rng, bark = np.random.default_rng(1), np.ones(RATE_HZ // 2)
    event, texture = (recordings.fill(rng, bark, 5.12, texture) for texture in (False, True))
    assert len(event) == len(texture) == round(5.12 * RATE_HZ)
    assert (event == 0).mean() > 0.1
    assert (np.abs(texture) < 0.01).mean() < 0.01


def test_a_collections_own_split_decides_and_nameless_authors_need_a_licence_that_asks_for_no_name():
    row = {"licence": "CC BY 3.0", "split": "train", "author_known": "yes", "source_id": "fs:1"}
    assert recordings.may_teach(row, 0.0)
    assert not recordings.may_teach(row | {"author_known": "no"}, 1.0)
    assert recordings.may_teach(row | {"author_known": "no", "licence": "CC0 1.0"}, 0.0)
    assert not recordings.may_teach(row | {"split": "held"}, 1.0)
    assert recordings.may_judge(row | {"split": "held"}, 1.0)
    assert not recordings.may_judge(row, 0.0)


def test_no_source_both_teaches_and_judges(folder):
    taught, held = ({one.source_id for one in find([folder], 0.5)} for find in (recordings.find, recordings.find_held))
    assert taught
    assert held
    assert not taught & held


def test_a_sound_is_a_recording_where_the_class_has_them_and_synthesised_where_it_has_none(folder):
    made = sounds.Sounds(recordings.find([folder], 0.5), recordings.reader())
    drawn = [made.make(np.random.default_rng(n), "dog_bark", 5.12) for n in range(20)]
    assert {real for *_, real in drawn} == {True, False}
    assert not made.make(np.random.default_rng(0), "wind", 5.12)[2]
    assert all(audio.shape == (round(5.12 * RATE_HZ),) for audio, *_ in drawn)


def test_a_high_bark_is_a_faster_tape():
    tone = np.sin(2 * np.pi * 500 * np.arange(RATE_HZ) / RATE_HZ)
    high = recordings.vary(np.random.default_rng(0), tone, "dog_bark", 5.12, (("pitch", "high"),))
    peak_hz = np.argmax(np.abs(np.fft.rfft(high))) / 5.12
    assert 500 * 1.5 * 0.93 < peak_hz < 500 * 2 * 1.07


def test_the_sieve_draws_again_what_the_ear_does_not_hear(folder):
    heard = []

    def hears(audio, label):
        heard.append(label)
        return False

    made = sounds.Sounds([], recordings.reader(), hears)
    made.sieved(np.random.default_rng(0), "wind", 5.12)
    assert heard == ["wind"] * sounds.DRAWS
