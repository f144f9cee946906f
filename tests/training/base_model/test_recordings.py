"""Which recordings may teach the base model, and what clips are made of them."""

import csv

import numpy as np
import pytest

from spectrogram.files.audio import write_audio
from training.base_model import recordings

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


def test_composed_recordings_are_full_clips_with_captions_of_their_sounds(folder):
    found, read = recordings.find([folder], 0.5), recordings.reader()
    scapes = [recordings.compose(3, i, found, read) for i in range(12)]
    assert all(scape.audio.shape == (round(5.12 * RATE_HZ),) for scape in scapes)
    assert all("dog_bark" in [event.label for event in scape.events] for scape in scapes)
    assert any(scape.events[-1].onset_s > 0 for scape in scapes)
    assert all(len(scape.captions) >= 2 for scape in scapes)
    assert np.array_equal(scapes[0].audio, recordings.compose(3, 0, found, read).audio)
