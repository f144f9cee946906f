"""What is trained and how it is saved: one method a file, all behind `method.Method`.

A module of a method has ``captions(settings, captions)``: the wordings it trains on, and ``build(settings, base)``:
its Method. `--method` is the only word that changes between them.
"""

from importlib import import_module


def choose(name):
    """The module of a method by the name that --method takes."""
    return import_module(f".{name}", __package__)
