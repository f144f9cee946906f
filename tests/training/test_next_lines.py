"""The command that a run says comes next works as it is printed: spaces and quotes, the flag of the method."""

import shlex

import pytest

from model_card.facts import gather
from model_card.taught import loading
from spectrogram.__main__ import main as spectrogram
from spectrogram.models import load_pipeline
from training import __main__ as command

FEW = (
    "--steps",
    "1",
    "--batch",
    "2",
    "--samples",
    "0",
    "--precision",
    "no",
    "--tracker",
    "none",
    "--warmup-steps",
    "0",
)
KINDS = {
    "lora": ["--rank", "2"],
    "textual_inversion": ["--trigger", "<tawny-owl>", "--initial-word", "rain"],
    "dreambooth": ["--class-prompt", "a bird's call"],
    "full": [],
}


@pytest.mark.next_line("training/__main__.py _run", "model_card/push.py main")
@pytest.mark.parametrize("method", KINDS)
def test_the_next_line_of_every_method_runs_as_it_is_printed(method, owls, tiny_base, tmp_path, capsys, monkeypatch):
    out = tmp_path / f"it's my {method} #1"
    line = [str(owls), "--out", str(out), "--base", str(tiny_base), "--method", method, *FEW, *KINDS[method]]
    assert command.main(line) == 0
    told = capsys.readouterr().out.splitlines()[-1]
    assert told.startswith("next: python -m spectrogram generate ")
    words = shlex.split(told.removeprefix("next: "))[3:]
    monkeypatch.chdir(tmp_path)
    assert spectrogram([*words, "--steps", "1"]) == 0
    assert (tmp_path / "out.wav").stat().st_size > 1000
    # What `model_card push` prints is the same for a name on the Hub as for a folder.
    if method != "full":
        exec(loading(gather(out).settings, repr(str(out))), {"pipe": load_pipeline(tiny_base)})
