"""Sound to picture and back. Audio is float32 (channels, samples); a picture is 8-bit RGB, columns x mel_bands."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from PIL import Image

from spectrogram.audio_io import check_audio, mix_channels, resample
from spectrogram.mel import filterbank
from spectrogram.params import KEY, SpectrogramParams
from spectrogram.pixels import levels_of, pack, picture_array, quantise, unpack
from spectrogram.problems import SoundProblem
from spectrogram.stft import stft


class SpectrogramCodec:
    """Encoder and decoder for one set of parameters; holds no state beyond them, safe in threads."""

    def __init__(self, params: SpectrogramParams):
        self.params = params

    def encode(self, audio: np.ndarray, sample_rate_hz: int) -> Image.Image:
        """Picture of the first `clip_seconds`; shorter audio is padded with silence, longer is cut.

        Lost: the phase, all above high_hz, what lies `range_db` below full scale, and 8-bit rounding.
        """
        planes = self.levels(self._fit(check_audio(audio), sample_rate_hz))
        params = self.params
        if params.curve == "power" and params.peak is None:
            params = params.replace(peak=max(float(planes.max()), 1e-12))
        image = Image.fromarray(pack(quantise(planes, params), params))
        image.info[KEY] = params.to_json()
        return image

    def decode(self, image, seed: int = 0) -> tuple[np.ndarray, int]:
        """Audio and its rate, the inverse of `encode`: as long as the picture is wide; the seed draws lost phases.

        Takes a PIL picture of any mode, or an array (rows, columns[, 3]) of bytes or of floats 0 to 1.
        """
        planes = levels_of(unpack(picture_array(image, self.params), self.params), self.params)
        if self.params.layout == "stereo":
            from spectrogram.stereo import synthesise_stereo

            audio = synthesise_stereo(planes, self.params, seed)
        else:
            from spectrogram.reconstruct import synthesise

            audio = synthesise(planes[0], self.params, seed)[None]
        return audio, self.params.sample_rate_hz

    def encode_batch(self, audios, sample_rate_hz: int, threads: int = 2) -> list[Image.Image]:
        """Pictures of many clips at once, one clip a thread; order is kept."""
        with ThreadPoolExecutor(threads) as pool:
            return list(pool.map(lambda audio: self.encode(audio, sample_rate_hz), audios))

    def decode_batch(self, images, seed: int = 0, threads: int = 2) -> list[np.ndarray]:
        """Audio (channels, samples) of many pictures, one a thread; picture i is decoded with seed + i."""
        with ThreadPoolExecutor(threads) as pool:
            return list(pool.map(lambda pair: self.decode(pair[1], seed + pair[0])[0], enumerate(images)))

    def levels(self, audio: np.ndarray) -> np.ndarray:
        """Band magnitudes (planes, bands, frames) of audio at the codec's own rate; stereo gives left, mid, right."""
        frames = audio.shape[1] // self.params.hop_samples
        if self.params.layout == "stereo":
            audio = np.stack([audio[0], audio.mean(axis=0), audio[1]])
        spectra = (stft(channel, self.params, frames) for channel in audio)
        return np.stack([filterbank(self.params) @ np.abs(spectrum).T for spectrum in spectra])

    def _fit(self, audio: np.ndarray, sample_rate_hz: int) -> np.ndarray:
        if not 100 <= sample_rate_hz <= 1_000_000:
            raise SoundProblem(f"the sample rate is {sample_rate_hz}", "100 to 1,000,000 Hz", "pass the recording's rate")
        samples = self.params.clip_samples
        wanted = -(-samples * sample_rate_hz // self.params.sample_rate_hz) + 1
        audio = mix_channels(audio[:, :wanted], self.params.channels)
        audio = resample(audio, sample_rate_hz, self.params.sample_rate_hz)[:, :samples]
        return np.pad(audio, ((0, 0), (0, samples - audio.shape[1])))
