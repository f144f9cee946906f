"""Errors that a person can act on: what happened, what was expected, what to do."""

USAGE_EXIT_CODE = 2
PARTIAL_EXIT_CODE = 3
INPUT_EXIT_CODE = 4
ENVIRONMENT_EXIT_CODE = 5
LONGEST_PART = 600


class Problem(ValueError):
    """An input that cannot be used; its text is "what: expected; remedy"."""

    exit_code = INPUT_EXIT_CODE

    def __init__(self, what: str, expected: str, remedy: str):
        what, expected, remedy = (_short(text) for text in (what, expected, remedy))
        self.what, self.expected, self.remedy = what, expected, remedy
        super().__init__(f"{what}: {expected}; {remedy}")

    @property
    def sentences(self) -> str:
        """The same as one or two sentences: what happened (and what was expected), and what to do."""
        expected = self.expected if self.expected.startswith("expected") else f"expected {self.expected}"
        remedy = self.remedy[:1].upper() + self.remedy[1:]
        return f"{self.what[:1].upper()}{self.what[1:]} ({expected}). {remedy.rstrip('.')}."

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
