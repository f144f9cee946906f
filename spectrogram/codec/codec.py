"""Sound to picture and back. Audio is float32 (channels, samples); a picture is 8-bit RGB, columns x mel_bands."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from PIL import Image

from spectrogram.codec import budget
from spectrogram.codec.generated import synthesise_generated
from spectrogram.codec.mel import band_weights, filterbank
from spectrogram.codec.noise_filling import noise_share
from spectrogram.codec.phase import sizes_by_bin
from spectrogram.codec.pixels import pack, quantise, read_planes
from spectrogram.codec.reconstruct import synthesise
from spectrogram.codec.restoration import load_restoration, restored
from spectrogram.codec.seams import exactly, join
from spectrogram.codec.stereo import synthesise_stereo
from spectrogram.codec.stft import Sweep
from spectrogram.files.audio import check_audio, mix_channels, resample
from spectrogram.files.sound_file import HIGHEST_HZ, LOWEST_HZ
from spectrogram.params import KEY, SpectrogramParams
from spectrogram.problems import SoundProblem
from spectrogram.recipe import KEY as RECIPE_KEY

UNKNOWN_PEAK = 0.9
FITS_PER_OVERLAP = 0.6  # the more frames a sample lies in, the longer they take to agree


class SpectrogramCodec:
    """Encoder and decoder for one set of parameters; holds no state beyond them, safe in threads."""

    def __init__(
        self, params: SpectrogramParams, steps: int | None = None, fits: int | None = None, restore: bool = True
    ):
        """`steps` Griffin-Lim iterations and `fits` of the bands a decode: more is slower and a little better.

        None chooses. Our own pictures take steps (2, or 4 for columns far apart) and one fit; the pictures of others,
        often generated ones, are only fitted (3 times where each sample lies in five windows, 6 in ten).
        `restore`: pictures whose grain says that they were blurred, as by a VAE, are sharpened (see `restoration`), and
        where they have none left they are heard as noise (see `noise_filling`).
        """
        budget.check(params)
        self.params, self.steps = params, steps
        self.restoration = load_restoration(params) if restore else None
        self.fills = restore and params.layout != "stereo"
        overlap = params.window_samples / params.hop_samples
        self.fits = max(2, round(FITS_PER_OVERLAP * overlap)) if fits is None else fits

    def encode(self, audio: np.ndarray, sample_rate_hz: int) -> Image.Image:
        """Picture of the first `clip_seconds`; shorter audio is padded with silence, longer is cut.

        Lost: the phase, all above high_hz, what lies `range_db` below full scale, and 8-bit rounding.
        """
        planes = self.levels(self._fit(check_audio(audio), sample_rate_hz))
        params = self.params
        if not params.absolute and params.peak is None:
            params = params.replace(peak=max(float(planes.max()), 1e-12))
        image = Image.fromarray(pack(quantise(planes, params), params))
        image.info[KEY] = params.to_json()
        return image

    def decode(self, image, seed: int = 0) -> tuple[np.ndarray, int]:
        """Audio and its rate, the inverse of `encode`: as long as the picture is wide; the seed draws lost phases.

        Takes a PIL picture of any mode, or an array (rows, columns[, 3]) of bytes or of floats 0 to 1. A picture that
        does not say how loud it is (not absolute, no peak) comes out with its loudest sample at UNKNOWN_PEAK.
        """
        params = self._with_peak(image)
        sharp = restored(image, params, self.restoration)
        planes = read_planes(sharp, params)
        noise = self._noise(planes if sharp is image else read_planes(image, params), image)
        if params.norm != "mean":
            weights = band_weights(params)
            planes = planes / (np.sqrt(weights) if params.norm == "slaney" else weights)
        audio = self._synthesise(planes, params.replace(padded_ms=None, norm="mean"), seed, noise)
        if not params.absolute and params.peak is None:
            audio *= UNKNOWN_PEAK / max(float(np.abs(audio).max(initial=0)), 1e-9)
        return audio, params.sample_rate_hz

    def decode_blocks(self, image: Image.Image, seed: int = 0) -> Iterator[np.ndarray]:
        """`decode` of a PIL picture of any width, in successive blocks (channels, samples), at flat memory.

        An ordinary picture is one block, equal to what `decode` gives. Wide ones are joined of several at seams where
        both agree; a loudness that they do not say is found by decoding them once before.
        """
        parts = budget.blocks(self.params, image.width)
        if len(parts) == 1:
            yield self.decode(image, seed)[0]
            return
        params = self._with_peak(image)
        if params.absolute or params.peak is not None:
            yield from self._joined(params, image, parts, seed)
            return
        plain = params.replace(peak=1.0)
        loudest = max(float(np.abs(block).max(initial=0)) for block in self._joined(plain, image, parts, seed))
        for block in self._joined(plain, image, parts, seed):
            yield block * np.float32(UNKNOWN_PEAK / max(loudest, 1e-9))

    def _joined(self, params: SpectrogramParams, image, parts, seed: int) -> Iterator[np.ndarray]:
        codec = SpectrogramCodec(params, self.steps, self.fits, self.restoration is not None)
        hop = params.hop_samples * params.frames_per_column

        def pieces():
            for index, (first, end) in enumerate(parts):
                yield codec.decode(image.crop((first, 0, end, image.height)), seed + index)[0], first * hop

        return exactly(join(pieces(), params.sample_rate_hz), image.width * hop)

    def _with_peak(self, image) -> SpectrogramParams:
        text = getattr(image, "info", {}).get(KEY)
        if self.params.absolute or self.params.peak is not None or text is None:
            return self.params
        return self.params.replace(peak=SpectrogramParams.from_json(text).peak)

    def _noise(self, planes: np.ndarray, image) -> list[np.ndarray | None]:
        """The share of noise of each plane; a picture that says that it was made of a sound has none."""
        texts = getattr(image, "info", {})
        if not self.fills or (KEY in texts and RECIPE_KEY not in texts):
            return [None] * len(planes)
        return [noise_share(plane, self.params) for plane in planes]

    def _synthesise(self, planes: np.ndarray, grid: SpectrogramParams, seed: int, noise: list) -> np.ndarray:
        if grid.layout == "stereo":
            return synthesise_stereo(planes, grid, seed, self.steps)
        if not self.params.absolute:
            return np.stack([synthesise_generated(plane, grid, seed, self.fits) for plane in planes])
        pairs = zip(planes, noise, strict=True)
        return np.stack([synthesise(plane, grid, seed, self.steps, share) for plane, share in pairs])

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
        frames = audio.shape[1] // self.params.hop_samples + (self.params.framing == "centre")
        if self.params.layout == "stereo":
            audio = np.stack([audio[0], audio.mean(axis=0), audio[1]])
        sweep = Sweep(self.params, frames, audio.shape[1])
        planes = np.empty((len(audio), self.params.bands, frames), np.float32)
        for plane, channel in zip(planes, audio, strict=True):
            for chunk, spectrum in sweep.spectra(sweep.canvas(channel)):
                plane[:, chunk] = self._bands_of(sizes_by_bin(spectrum))
        return planes

    def _bands_of(self, sizes: np.ndarray) -> np.ndarray:
        bands = filterbank(self.params)
        return np.sqrt(bands @ sizes**2) if self.params.norm == "slaney" else bands @ sizes

    def _fit(self, audio: np.ndarray, sample_rate_hz: int) -> np.ndarray:
        if not LOWEST_HZ <= sample_rate_hz <= HIGHEST_HZ:
            expected = f"{LOWEST_HZ} to {HIGHEST_HZ:,}"
            raise SoundProblem(f"the sample rate is {sample_rate_hz}", expected, "pass the recording's rate")
        samples = self.params.clip_samples
        wanted = -(-samples * sample_rate_hz // self.params.sample_rate_hz) + 1
        audio = mix_channels(audio[:, :wanted], self.params.channels)
        audio = resample(audio, sample_rate_hz, self.params.sample_rate_hz)[:, :samples]
        return np.pad(audio, ((0, 0), (0, samples - audio.shape[1])))
