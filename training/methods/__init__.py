"""What is trained and how it is saved: one method a file, all behind `method.Method`.

A module of a method has ``captions(settings, captions)``: the wordings it trains on, and ``build(settings, base)``:
its Method, whose class is ``TAUGHT``. `--method` is the only word that changes between them.
"""

from importlib import import_module

from training.method_table import carrier_of


def choose(name):
    """The module of a method by the name that --method takes."""
    return import_module(f".{name}", __package__)


def loader(settings):
    """``load_into(pipeline, saved)`` of the method that wrote a result: a pipeline that makes sounds with it."""
    row = carrier_of(settings.to_dict())
    if not row.loops:
        steps, through = settings.aesthetic_steps, settings.aesthetic_through
        return lambda pipeline, path: (pipeline.load_aesthetic(path, steps, through=through), pipeline)[1]
    return choose(row.name).TAUGHT.load_into


def reads_words(settings) -> bool:
    """Whether a method trains on token ids, and so needs the text encoder beside the UNet."""
    if settings.method in ("lora", "dreambooth"):
        return settings.text_encoder
    return choose(settings.method).TAUGHT.reads_words
