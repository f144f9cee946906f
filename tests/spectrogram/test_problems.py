"""What a person reads when something cannot be used."""

import pickle

import pytest

from spectrogram.problems import Problem, UsageProblem


@pytest.mark.parametrize(
    ("given", "read"),
    [
        (
            ("the sound is silent", "something to hear", "check the recording or choose another one"),
            "The sound is silent (expected something to hear). Check the recording or choose another one.",
        ),
        # A path, a flag and a setting are told as they are typed.
        (
            ("runs holds no model", "expected a folder", "train first"),
            "runs holds no model (expected a folder). Train first.",
        ),
        (("--vram is 3", "4 or more", "use --device cpu"), "--vram is 3 (expected 4 or more). Use --device cpu."),
        # Two brackets never follow one another.
        (
            ("a.wav is damaged (no header)", "a sound", "fetch it"),
            "a.wav is damaged (no header), expected a sound. Fetch it.",
        ),
        # What is to be typed is copied: neither a capital nor a full stop.
        (("no ffmpeg is here", "", "pip install 'x[y]'"), "No ffmpeg is here. Run: pip install 'x[y]'"),
        (
            ("a label is long", "at most 200", "is it a caption?"),
            "A label is long (expected at most 200). Is it a caption?",
        ),
    ],
)
def test_a_problem_reads_as_what_happened_and_what_to_do(given, read):
    assert str(Problem(*given)) == read


def test_the_words_survive_a_worker_process():
    problem = pickle.loads(pickle.dumps(UsageProblem("the seam is 9 s", "0.1 to 4 s", "shorten it")))
    assert (str(problem), problem.exit_code) == ("The seam is 9 s (expected 0.1 to 4 s). Shorten it.", 2)
