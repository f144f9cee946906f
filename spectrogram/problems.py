"""Errors that a person can act on, in one or two sentences: what happened (what was expected), and what to do."""

USAGE_EXIT_CODE = 2
PARTIAL_EXIT_CODE = 3
INPUT_EXIT_CODE = 4
ENVIRONMENT_EXIT_CODE = 5
LONGEST_PART = 600


# Words that may begin a sentence in capitals; paths, flags and names of settings stay as they are typed.
OPENING = {
    "a",
    "you",
    "an",
    "both",
    "it",
    "many",
    "neither",
    "no",
    "none",
    "nothing",
    "one",
    "only",
    "the",
    "there",
    "this",
}
# A remedy that is typed and not done: it is given as it stands, to be copied.
TYPED = ("pip ", "python ", "export ", "apt ", "hf ")


class Problem(ValueError):
    """An input that cannot be used; its text is a sentence about what happened and one about what to do."""

    exit_code = INPUT_EXIT_CODE

    def __init__(self, what: str, expected: str, remedy: str):
        what, expected, remedy = (_short(text) for text in (what, expected, remedy))
        self.what, self.expected, self.remedy = what, expected, remedy
        super().__init__(f"{_happened(what, expected)} {_advised(remedy)}".strip())

    def __reduce__(self):
        """Survive the way back from a worker process, which BaseException's default does not for three arguments."""
        return type(self), (self.what, self.expected, self.remedy)


def _short(text: str) -> str:
    """The text in a line that can be read: a label of 70,000 letters is not said back."""
    text = " ".join(str(text).split())
    return text if len(text) <= LONGEST_PART else f"{text[: LONGEST_PART // 2]} … {text[-LONGEST_PART // 2 :]}"


class UsageProblem(Problem):
    """A wrong setting or command line."""

    exit_code = USAGE_EXIT_CODE


class EnvironmentProblem(Problem):
    """A missing program, a full disk, a folder that cannot be written."""

    exit_code = ENVIRONMENT_EXIT_CODE


class SoundProblem(Problem):
    """Audio that cannot be read or turned into a picture."""


class PictureProblem(Problem):
    """A picture that cannot be read as a spectrogram."""


def _happened(what: str, expected: str) -> str:
    """ "The sound is silent (expected something to hear)."; after a reason in brackets a comma."""
    first, _, rest = what.partition(" ")
    told = f"{first.capitalize()} {rest}" if first in OPENING else what
    if not expected:
        return f"{told.rstrip('.')}."
    wanted = expected if expected.startswith("expected ") else f"expected {expected}"
    wanted = wanted.rstrip(".")
    return f"{told}, {wanted}." if told.endswith(")") else f"{told.rstrip('.')} ({wanted})."


def _advised(remedy: str) -> str:
    """ "Check the recording."; what is to be typed is left as it is."""
    if remedy.startswith(TYPED):
        return f"Run: {remedy}"
    first, blank, rest = remedy.partition(" ")
    told = (first.capitalize() if first.isalpha() and first.islower() else first) + blank + rest
    return told if told.endswith((".", "?", "!")) or not told else f"{told}."
