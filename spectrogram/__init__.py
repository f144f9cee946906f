"""Sound as pictures: the codec between audio and spectrogram images, and the pipeline that generates them."""

from spectrogram.codec import SpectrogramCodec
from spectrogram.params import SpectrogramParams
from spectrogram.problems import Problem

__all__ = ["Problem", "SpectrogramCodec", "SpectrogramParams"]
