"""Ten odd prompts and ten broken uploads, and what the page answers to each: never silence, never a path or a trace."""

import io
import re
import zipfile
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PIL import Image

from space.engine.front_door import LONGEST_PROMPT
from space.engine.knowledge import Knowledge
from space.parts.settings import text_verdict
from space.parts.sources import take_sound
from space.store.clips import ClipStore
from space.store.uploads import collect
from spectrogram.problems import Problem

NEVER = "The model never learned"
PROMPTS = {
    "piano": f"{NEVER} “piano”. The nearest sound that it knows is",
    "a cow mooing": f"{NEVER} “cow”, “mooing”.",
    "雨": f"{NEVER} “雨”. It reads English only.",
    "Пение птиц": "It reads English only.",
    "ein Hund bellt": f"{NEVER} “ein”, “hund”, “bellt”.",
    "no dogs": "The model cannot read “no”: name what should be absent under More, in “Without”.",
    "rain without thunder": "The model cannot read “without”",
    "🐶🐶🐶": "The text names no sound",
    "the sound of it": "The text names no sound",
    "<script>alert(1)</script>": f"{NEVER} “script”, “alert”.",
}


@pytest.fixture(scope="module")
def knowledge():
    return Knowledge.of_base(None)


@pytest.mark.parametrize("prompt", PROMPTS)
def test_an_odd_prompt_is_told_what_is_odd_about_it(knowledge, prompt):
    assert PROMPTS[prompt] in " ".join(knowledge.notes(prompt))


@pytest.mark.parametrize(("prompt", "told"), [("", "Write it."), (" \x00 ", "Write it."), ("a" * 1001, "Shorten")])
def test_an_empty_or_endless_prompt_is_refused_before_it_waits(prompt, told):
    verdict = text_verdict(prompt, "Write it.")
    assert not verdict["is_valid"]
    assert told in verdict["message"]
    assert str(LONGEST_PROMPT) in verdict["message"] or told == "Write it."


def wav(samples, **more) -> bytes:
    data = io.BytesIO()
    soundfile.write(data, samples, 24000, format="WAV", **more)
    return data.getvalue()


def noise(seconds: float) -> np.ndarray:
    return np.random.default_rng(0).normal(0, 0.1, round(24000 * seconds))


def picture() -> bytes:
    data = io.BytesIO()
    Image.new("L", (64, 64)).save(data, "PNG")
    return data.getvalue()


NO_SOUND = "The file cannot be read as sound (expected WAV, FLAC, OGG, MP3, M4A or WebM). Convert it"
UPLOADS = {
    "broken.wav": (b"RIFF\x00\x00\x00\x00WAVEbroken", NO_SOUND),
    "empty.mp3": (b"", "The file cannot be read as sound: the file is empty (0 bytes), expected WAV"),
    "list.wav": (b"milk, bread and butter", NO_SOUND),
    "page.html": (b"<html></html>", NO_SOUND),
    "photo.mp3": (picture(), "The file cannot be read as sound: it is a picture (expected WAV"),
    "cut.flac": (b"fLaC" + bytes(40), NO_SOUND),
    "half.wav": (wav(noise(3))[:72000], "it holds 71,9"),
    "nan.wav": (wav(np.full(24000, np.nan), subtype="FLOAT"), "it is not a number at sample 0"),
    "silent.wav": (wav(np.zeros(24000)), "The sound is silent (expected something to hear). Check the recording"),
    "click.wav": (wav(noise(0.04)), "The sound is 0.04 s long (expected at least 0.2 s). Use a longer one."),
}


@pytest.mark.parametrize("name", UPLOADS)
def test_a_broken_upload_is_answered_in_a_sentence_without_a_path(name, tmp_path):
    data, told = UPLOADS[name]
    (tmp_path / name).write_bytes(data)
    with pytest.raises(Problem) as problem:
        take_sound(str(tmp_path / name), ClipStore(tmp_path / "clips"))
    answer = str(problem.value)
    assert told in answer
    assert str(tmp_path) not in answer
    assert not re.search(r"Error opening|Traceback|\bgiven\b", answer)


def test_of_a_long_sound_it_is_said_how_much_is_used(tmp_path):
    (tmp_path / "long.wav").write_bytes(wav(noise(45)))
    path, seconds, notes = take_sound(str(tmp_path / "long.wav"), ClipStore(tmp_path / "clips"))
    assert (seconds, soundfile.info(path).duration) == (30, 30)
    assert notes == ("The sound is longer than 30 s; its first 30 s were used.",)


def zipped(files: dict[str, bytes]) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return data.getvalue()


@pytest.mark.parametrize(
    ("name", "data", "told"),
    [
        ("torn.zip", b"PK\x03\x04 broken", "torn.zip cannot be unpacked"),
        ("texts.zip", zipped({"a.txt": b"rain"}), "No sound was found"),
        ("page.html", b"<html></html>", "No sound was found"),
        ("out.zip", zipped({"../../evil.wav": wav(noise(1))}), "No sound was found"),
    ],
)
def test_what_holds_nothing_to_learn_from_is_answered_too(name, data, told, tmp_path):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(Problem) as problem:
        collect([str(tmp_path / name)], tmp_path / "upload")
    assert told in str(problem.value)
    assert str(tmp_path) not in str(problem.value)
    assert not list(Path(tmp_path).rglob("evil.wav"))
