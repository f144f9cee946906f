"""Scenes mixed from labelled sounds: what a sentence or a seed says is heard, when and as loud as the labels state."""

import csv
import json

import numpy as np
import pytest
import soundfile
from tones import RATE_HZ, tone

from dataset_builder.commands import soundscapes
from dataset_builder.intake.captions import read_entries
from dataset_builder.soundscapes.labels import jams
from dataset_builder.soundscapes.scenes.bank import active_part, bank_of, synthesised_bank
from dataset_builder.soundscapes.scenes.prompt import scene_of
from dataset_builder.soundscapes.scenes.render import background_event, rendered, resampled, stretched
from dataset_builder.soundscapes.scenes.scene import Ranges, drawn
from dataset_builder.soundscapes.scenes.writer import planned_scenes
from spectrogram.problems import Problem, UsageProblem

PROMPT = "an American Robin singing in a loud forest followed by an American Goldfinch"
PITCHES_HZ = {"american_robin": 1000, "american_goldfinch": 3000, "forest": 200}


def strength(audio, rate_hz, hz):
    """Amplitude of one frequency."""
    time_s = np.arange(len(audio)) / rate_hz
    return 2 * abs(np.mean(audio * np.exp(-2j * np.pi * hz * time_s)))


@pytest.fixture
def classes(tmp_path):
    """Class folders of tones, three recordings each: two birds and a forest."""
    for label, hz in PITCHES_HZ.items():
        (tmp_path / "set" / label).mkdir(parents=True)
        for number in range(3):
            sound = np.concatenate([np.zeros((RATE_HZ // 2, 1)), tone(4, hz)])
            soundfile.write(tmp_path / "set" / label / f"{number}.wav", sound, RATE_HZ)
    return tmp_path / "set"


@pytest.fixture
def bank(classes):
    return bank_of(read_entries(classes), [], ("forest",))


def test_a_sentence_is_heard_in_its_order_over_its_background(bank):
    scene = scene_of(PROMPT, bank, Ranges(), seed=3)
    audio, events = rendered(scene)
    rate_hz = scene.rate_hz
    assert [event.label for event in events] == ["american_robin", "american_goldfinch"]
    for event, other in (events, events[::-1]):
        inside = audio[round((event.onset_s + 0.1) * rate_hz) : round((event.offset_s - 0.1) * rate_hz)]
        hz, silent_hz = PITCHES_HZ[event.label], PITCHES_HZ[other.label]
        assert strength(inside, rate_hz, hz) > 50 * strength(inside, rate_hz, silent_hz)
    assert strength(audio, rate_hz, PITCHES_HZ["forest"]) > 0.001
    assert events[0].offset_s < events[1].onset_s


def test_an_event_is_as_much_louder_than_the_background_as_its_label_says(bank):
    scene = scene_of(PROMPT, bank, Ranges(snr_db=(12, 12)), seed=1)
    audio, (event, _) = rendered(scene)
    inside = audio[round((event.onset_s + 0.1) * scene.rate_hz) : round((event.offset_s - 0.1) * scene.rate_hz)]
    levels = [strength(inside, scene.rate_hz, hz) for hz in (1000, 200)]
    assert 20 * np.log10(levels[0] / levels[1]) == pytest.approx(12 - 8, abs=0.6)  # the prompt's forest is loud


def test_loud_means_louder_and_far_means_softer_and_darker(bank):
    loud, quiet = (scene_of(f"a robin in a {how} forest", bank, Ranges(), 0) for how in ("loud", "quiet"))
    assert loud.background_db - quiet.background_db == 16
    near, far = (scene_of(f"a {how} goldfinch", bank, Ranges(), 0) for how in ("close", "distant"))
    assert (near.layers[0].distance, far.layers[0].distance) == ("near", "far")


def test_words_together_sound_together_and_what_is_behind_is_the_background():
    scene = scene_of("a dog barking and a siren with rain in the background", synthesised_bank(), Ranges(), 0)
    assert [layer.sound.label for layer in scene.layers] == ["dog_bark", "siren"]
    assert scene.background.label == "rain"
    assert max(layer.onset_s for layer in scene.layers) < 1


def test_words_that_name_nothing_are_answered_with_what_there_is(bank):
    with pytest.raises(UsageProblem, match=r"'a dragon' names no sound .* american goldfinch, american robin"):
        scene_of("a dragon in a forest", bank, Ranges(), 0)


def test_the_same_seed_draws_the_same_scene_and_another_does_not(bank):
    one, again, other = drawn(bank, Ranges(), 3, 5), drawn(bank, Ranges(), 3, 5), drawn(bank, Ranges(), 3, 6)
    assert one == again != other
    assert np.array_equal(rendered(one)[0], rendered(again)[0])


def test_every_drawn_caption_is_a_prompt_that_gives_the_same_sounds(bank):
    for index in range(30):
        scene = drawn(bank, Ranges(), 1, index)
        again = scene_of(scene.captions[0], bank, Ranges(), 0)
        labels = [{layer.sound.label for layer in one.layers} for one in (scene, again)]
        assert labels[0] == labels[1], scene.captions
        assert again.background.label == scene.background.label


def test_scenes_of_a_split_are_made_of_recordings_of_that_split_alone(bank):
    used = {"train": set(), "validation": set(), "test": set()}
    for split, scene in planned_scenes(bank, Ranges(), 0, 40, "34/33/33"):
        used[split] |= {layer.sound.recording for layer in scene.layers} | {scene.background.recording}
    assert all(used.values())
    assert sum(map(len, used.values())) == len(set().union(*used.values()))


@pytest.mark.parametrize("factor", [0.7, 1.4])
def test_stretching_changes_the_length_and_not_the_pitch(factor):
    sound = tone(2, 1000)[:, 0]
    longer = stretched(sound, factor)
    assert len(longer) == round(len(sound) * factor)
    middle = longer[len(longer) // 4 : 3 * len(longer) // 4]
    peak = np.argmax(np.abs(np.fft.rfft(middle * np.hanning(len(middle))))) * RATE_HZ / len(middle)
    assert peak == pytest.approx(1000, abs=2)
    assert strength(middle, RATE_HZ, 1000) == pytest.approx(0.5, rel=0.1)


def test_an_octave_up_by_stretching_and_reading_faster_keeps_the_length():
    sound = tone(2, 500)[:, 0]
    higher = resampled(stretched(sound, 2.0), 2 * RATE_HZ, RATE_HZ)
    assert len(higher) == pytest.approx(len(sound), abs=2)
    assert strength(higher[4800:-4800], RATE_HZ, 1000) > 0.4


def test_an_event_begins_where_its_source_sounds(bank):
    silence_then_tone = np.concatenate([np.zeros(RATE_HZ), tone(1, 500)[:, 0]])
    part = active_part(silence_then_tone, np.random.default_rng(0), 3.0, RATE_HZ)
    assert len(part) == pytest.approx(RATE_HZ, abs=RATE_HZ // 50)
    assert np.abs(part[:2000]).max() > 0.4


def test_labels_are_a_jams_document_that_the_library_accepts(bank, tmp_path):
    scene = scene_of(PROMPT, bank, Ranges(), seed=3)
    events = [*background_event(scene), *rendered(scene)[1]]
    document = jams("a.flac", scene.seconds, events, {"captions": list(scene.captions)})
    full, plain = document["annotations"]
    assert [one["value"] for one in plain["data"]] == ["forest", "american_robin", "american_goldfinch"]
    assert full["data"][1]["value"]["snr"] == 13 - 8
    library = pytest.importorskip("jams", reason="the package jams is not installed")
    (tmp_path / "a.jams").write_text(json.dumps(document))
    assert library.load(str(tmp_path / "a.jams"), validate=True, strict=False).file_metadata.duration == 5.12


def test_the_command_renders_a_sentence_into_a_folder_that_builds(classes, tmp_path, capsys):
    out = tmp_path / "scenes"
    arguments = ["--events", str(classes), "--background-labels", "forest", "--out", str(out), "--clips", "2"]
    assert soundscapes.main([*arguments, "--prompt", PROMPT]) == 0
    entries = read_entries(out)
    assert [entry.captions for entry in entries] == [(PROMPT,)] * 2
    assert {entry.label for entry in entries} == {"american_robin"}
    with open(out / "strong_labels.csv", encoding="utf-8", newline="") as table:
        assert [row["label"] for row in csv.DictReader(table)] == ["forest", "american_robin", "american_goldfinch"] * 2
    assert soundscapes.main([*arguments, "--snr-db", "20", "6"]) == 2
    assert "--snr-db is 20 to 6" in capsys.readouterr().err


def test_a_background_label_that_is_not_there_is_named(classes):
    with pytest.raises(Problem, match="No sound has the label swamp"):
        bank_of(read_entries(classes), [], ("swamp",))
