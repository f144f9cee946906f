"""`python -m benchmarks.bioacoustics.azimuth ../shared/data`: where birds are heard, before and after the stereo codec.

Stereo: generalised cross-correlation with phase transform (Knapp & Carter, IEEE TASSP 24, 1976), -75 to 75 degrees.
Ambisonics: the whole circle, as two stereo pictures of four cardioids, by the direction in which their energy lies.
The limit is a median error of 10 degrees after the codec.
"""

from __future__ import annotations

import argparse
import math
from pathlib import Path

import numpy as np

from bioacoustics.classifiers.clips import loudest_part
from dataset_builder.soundscapes.scenes.places import SOUND_M_S, SPACING_M, Place, ambisonics, stereo, to_cardioids
from spectrogram.codec import SpectrogramCodec
from spectrogram.files import json_file
from spectrogram.files.audio import read_audio, resample
from spectrogram.params import SpectrogramParams

FIGURES = Path(__file__).parents[2] / "docs" / "figures" / "bioacoustics"
PRESET, LIMIT_DEG = "sd15-stereo", 10.0
STEREO_DEG, CIRCLE_DEG = (-75, -45, -15, 15, 45, 75), (-150, -90, -30, 30, 90, 150)
FINER, FLOOR = 16, 1e-3


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--recordings", type=int, default=4)
    options = parser.parse_args(arguments)
    params = SpectrogramParams.preset(PRESET)
    codec, rate_hz, rows = SpectrogramCodec(params), params.sample_rate_hz, []
    files = sorted((options.data / "birds_xc_phoebe" / "audio").iterdir())
    for number, path in enumerate(files[:: len(files) // options.recordings][: options.recordings]):
        sound = loudest_part(read_audio(path, rate_hz, 1)[0][0], params.clip_samples)
        sound = 0.4 * sound / np.abs(sound).max()
        for azimuth in STEREO_DEG[number % 2 :: 2]:
            audio = stereo(sound, Place(azimuth), rate_hz)
            row = {"layout": "stereo", "azimuth_deg": azimuth, "before_deg": azimuth_of_stereo(audio, rate_hz)}
            rows.append(row | {"after_deg": azimuth_of_stereo(through(codec, audio, rate_hz), rate_hz)})
        for azimuth in CIRCLE_DEG[number % 2 :: 2]:
            four = to_cardioids(ambisonics(sound, Place(azimuth)))
            after = np.concatenate([through(codec, four[:2], rate_hz), through(codec, four[2:], rate_hz)])
            row = {"layout": "ambisonics", "azimuth_deg": azimuth, "before_deg": azimuth_of_cardioids(four)}
            rows.append(row | {"after_deg": azimuth_of_cardioids(after)})
        print(path.stem, [(row["azimuth_deg"], round(row["after_deg"])) for row in rows[-6:]], flush=True)
    result = {"preset": PRESET, "limit_deg": LIMIT_DEG}
    for layout in ("stereo", "ambisonics"):
        own = [row for row in rows if row["layout"] == layout]
        result[layout] = {"n": len(own)} | {
            f"median_error_{when}_deg": round(float(np.median([error(row, when) for row in own])), 2)
            for when in ("before", "after")
        }
        result[layout]["share_of_limit"] = round(result[layout]["median_error_after_deg"] / LIMIT_DEG, 2)
        print(layout, result[layout])
    FIGURES.mkdir(parents=True, exist_ok=True)
    json_file.write(FIGURES / "azimuth.json", result | {"rows": rows})


def error(row: dict, when: str) -> float:
    return abs((row[f"{when}_deg"] - row["azimuth_deg"] + 180) % 360 - 180)


def through(codec: SpectrogramCodec, audio: np.ndarray, rate_hz: int) -> np.ndarray:
    decoded, decoded_hz = codec.decode(codec.encode(audio, rate_hz))
    return resample(decoded, decoded_hz, rate_hz)


def delay_s(left: np.ndarray, right: np.ndarray, rate_hz: int, longest_s: float = SPACING_M / SOUND_M_S) -> float:
    """How much later the right channel is (s); bins more than 60 dB below the loudest are left out."""
    size = 1 << (2 * max(len(left), len(right)) - 1).bit_length()
    cross = np.fft.rfft(right, size) * np.conj(np.fft.rfft(left, size))
    strength = np.abs(cross)
    white = np.where(strength > FLOOR**2 * strength.max(), cross / np.maximum(strength, 1e-30), 0)
    correlation = np.fft.irfft(white, size * FINER)
    reach = math.ceil(longest_s * rate_hz * FINER) + 1
    near = np.concatenate([correlation[-reach:], correlation[: reach + 1]])
    return (int(np.argmax(near)) - reach) / (rate_hz * FINER)


def azimuth_of_stereo(audio: np.ndarray, rate_hz: int) -> float:
    """Azimuth in degrees, -90 to 90, of the loudest source of (2, samples)."""
    share = delay_s(audio[0], audio[1], rate_hz) * SOUND_M_S / SPACING_M
    return math.degrees(math.asin(max(-1.0, min(1.0, share))))


def azimuth_of_cardioids(cardioids: np.ndarray) -> float:
    """Azimuth in degrees, -180 to 180, in which the energy of the four cardioids lies."""
    fl, fr, bl, br = np.square(np.asarray(cardioids, np.float64)).sum(axis=1)
    return math.degrees(math.atan2(fl - fr + bl - br, fl + fr - bl - br))


if __name__ == "__main__":
    main()
