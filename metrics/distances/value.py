"""A number that still knows what it was computed from."""


class Value(float):
    """A float with a `details` dictionary: names used and skipped, the spread over subsets, and the like."""

    details: dict

    def __new__(cls, number: float, **details):
        value = super().__new__(cls, number)
        value.details = details
        return value

    def __reduce__(self):
        return _restore, (float(self), self.details)


def _restore(number: float, details: dict) -> Value:
    return Value(number, **details)
