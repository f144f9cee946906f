"""The hostile inputs can be made again, fit their kinds, and what comes of them is counted as what it is."""

import io
import json
import random
import struct
import zipfile

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from benchmarks.hostile.answer import Answer
from benchmarks.hostile.commands import targets
from benchmarks.hostile.figures import Counts, figures, holds, kinds_of
from benchmarks.hostile.mutations import hostile
from benchmarks.hostile.worker import ROOMS


def png() -> bytes:
    data, info = io.BytesIO(), PngInfo()
    info.add_text("spectrogram_params", '{"columns": 8}')
    Image.new("L", (8, 8)).save(data, "PNG", pnginfo=info)
    return data.getvalue()


def archive() -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as made:
        made.writestr("a.wav", b"RIFF")
    return data.getvalue()


HEADER = json.dumps({"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}, "__metadata__": {"k": "v"}}).encode()
GOOD = {
    "a.json": b'{"a": [1, {"b": "c"}]}',
    "a.jsonl": b'{"a": 1}\n{"a": 2}\n',
    "a.csv": b"file_name,caption\na.wav,rain\nb.wav,wind\n",
    "a.yaml": b"rate: 1e-4\nsteps: 3\n",
    "a.png": png(),
    "a.zip": archive(),
    "a.safetensors": struct.pack("<Q", len(HEADER)) + HEADER + bytes(8),
    "a.wav": b"RIFF" + bytes(60),
    "a.flac": b"fLaC" + bytes(60),
}


@pytest.mark.parametrize("name", GOOD)
def test_the_same_number_makes_the_same_file_and_others_make_others(name):
    made = [hostile(random.Random(f"{number}"), name, GOOD[name]) for number in range(60)]
    again = [hostile(random.Random(f"{number}"), name, GOOD[name]) for number in range(60)]
    if name != "a.zip":  # an archive holds the time at which it was made
        assert made == again
    assert len(set(made)) > 30


def test_json_stays_json_most_of_the_time_so_that_more_than_its_parser_is_tried():
    made = [hostile(random.Random(f"{number}"), "a.json", GOOD["a.json"]) for number in range(200)]
    parsed = 0
    for data in made:
        try:
            json.loads(data)
            parsed += 1
        except (ValueError, RecursionError):
            pass
    assert parsed > 100


def test_every_command_line_names_a_room_and_its_hostile_files():
    for target in targets():
        assert target.room in ROOMS
        laid = set(target.given.values())
        for name in target.mutable:
            assert any(place == "." or name == place or name.startswith(f"{place}/") for place in laid), target.name


@pytest.mark.parametrize(
    ("answer", "kinds"),
    [
        (Answer(code=0), ["accepted"]),
        (Answer(code=4, said="error: no"), ["refused"]),
        (Answer(code=4, said=""), ["unexplained"]),
        (Answer(code=1, said="error: no"), ["unexplained"]),
        (Answer(code=0, broke="KeyError"), ["tracebacks"]),
        (Answer(hangs=True), ["hangs"]),
        (Answer(code=4, said="error: no", said_chars=70_000), ["refused", "long_lines"]),
        (Answer(code=0, outside=["left /tmp/x"]), ["accepted", "outside"]),
    ],
)
def test_an_answer_counts_as_what_it_is(answer, kinds):
    assert kinds_of(answer) == kinds


def test_runs_add_up_and_one_fault_is_enough_not_to_hold():
    first, second = Counts(), Counts()
    for number in range(10_000):
        first.add("inspect", number, 0, "a.png", Answer(code=0, peak_mb=100))
        second.add("page /decode", number, 1, "", Answer(code=4, said="error", peak_mb=1000))
    assert not holds(figures(first))
    first.absorb(json.loads(json.dumps(second.to_dict())))
    found = figures(first)
    assert (found["inputs"], found["refused"], found["page_peak_mb"], found["commands_peak_mb"]) == (
        20000,
        10000,
        1000,
        100,
    )
    assert holds(found)
    first.add("inspect", 0, 2, "a.png", Answer(code=0, broke="KeyError"))
    assert not holds(figures(first))
