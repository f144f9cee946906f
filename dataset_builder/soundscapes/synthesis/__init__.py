"""Synthesised sound classes: the data that a fresh clone makes for itself, with no recording and no licence attached.

Every generator takes ``(rng, seconds, pitch, pace)`` and returns mono float64 at ``RATE_HZ``. ``pitch`` multiplies
frequencies and ``pace`` multiplies event rates; 1 is the class's middle. Levels are arbitrary: the composer sets them.
"""
