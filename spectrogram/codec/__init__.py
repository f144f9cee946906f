"""Sound to picture and back: every step of the way, with the data that some of them were fitted to.

`SpectrogramCodec` is loaded when it is first used, so that a part alone stays cheap.
"""

__all__ = ["SpectrogramCodec"]


def __getattr__(name: str):
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from spectrogram.codec.codec import SpectrogramCodec

    return SpectrogramCodec
