"""`--help`: what people use first, the rest under "advanced"; nothing is lost on the way."""

import re

import pytest

from bioacoustics.commands import detect, learn
from dataset_builder.commands import build, download, soundscapes
from spectrogram import __main__ as spectrogram
from spectrogram.help_groups import MANY_FLAGS
from training import __main__ as training

COMMANDS = {
    **{name: (spectrogram.main, [name]) for name in spectrogram.COMMANDS},
    "train": (lambda words: training.build_parser().parse_args(words), []),
    "build": (lambda words: build.parser().parse_args(words), []),
    "download": (lambda words: download.parser().parse_args(words), []),
    "soundscapes": (lambda words: soundscapes.parser().parse_args(words), []),
    "detect": (lambda words: detect.parser().parse_args(words), []),
    "learn": (lambda words: learn.parser().parse_args(words), ["classifier"]),
}


def flags_in(text: str) -> list[str]:
    return re.findall(r"^  (?:-\w,? ?(?:[A-Z]+, )?)?(--[\w-]+)", text, re.MULTILINE)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_dozen_flags_stand_first_and_the_others_under_advanced(name, capsys):
    run, words = COMMANDS[name]
    with pytest.raises(SystemExit):
        run([*words, "--help"])
    first, _, later = capsys.readouterr().out.partition("\nadvanced:\n")
    assert len(set(flags_in(first)) - {"--help"}) <= MANY_FLAGS, flags_in(first)
    if later:
        assert "--out" in flags_in(first)
        assert len(flags_in(first)) + len(flags_in(later)) - 1 > MANY_FLAGS
        # The usage is one line that names what must be typed.
        assert first.splitlines()[0].endswith("[flags]")


def test_what_stands_under_advanced_still_works():
    given = training.build_parser().parse_args(["set", "--out", "run", "--ema", "0.9", "--method", "lora"])
    assert (given.ema, given.method) == (0.9, "lora")
