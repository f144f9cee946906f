"""Sound as pictures: the codec between audio and spectrogram images, and the pipeline that generates them.

Names are loaded when they are first used, so that the command line answers at once.
"""

import importlib

_HOMES = {
    "SpectrogramCodec": "codec",
    "SpectrogramParams": "params",
    "Problem": "problems",
}
__all__ = ["Problem", "SpectrogramCodec", "SpectrogramParams"]


def __getattr__(name: str):
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
