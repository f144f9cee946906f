"""`python -m benchmarks.bioacoustics.azimuth ../shared/data`: where birds are heard, before and after the codec."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np

from bioacoustics.classifiers.clips import loudest_part
from bioacoustics.spatial.azimuth import azimuth_of_stereo
from bioacoustics.spatial.scene import Place, scene
from spectrogram.codec import SpectrogramCodec
from spectrogram.files.audio import read_audio, resample
from spectrogram.params import SpectrogramParams

FIGURES = Path(__file__).parents[2] / "docs" / "figures" / "bioacoustics"
AZIMUTHS = tuple(range(-75, 76, 15))
PRESET = "sd15-stereo"


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--recordings", type=int, default=2)
    options = parser.parse_args(arguments)
    params = SpectrogramParams.preset(PRESET)
    codec, rate_hz = SpectrogramCodec(params), params.sample_rate_hz
    rows = []
    for path in sorted((options.data / "birds_xc_phoebe" / "audio").glob("*.mp3"))[:: 80 // options.recordings]:
        sound = read_audio(path, rate_hz, 1)[0][0]
        sound = loudest_part(sound, params.clip_samples)
        sound = 0.5 * sound / np.abs(sound).max()
        for azimuth in AZIMUTHS:
            audio = scene([(sound, Place(azimuth))], rate_hz)
            decoded, decoded_hz = codec.decode(codec.encode(audio, rate_hz))
            decoded = resample(decoded, decoded_hz, rate_hz)
            before, after = (azimuth_of_stereo(one, rate_hz) for one in (audio, decoded))
            rows.append({"azimuth_deg": azimuth, "before_deg": before, "after_deg": after})
            print(path.stem, rows[-1], flush=True)
    errors = {when: [abs(row[f"{when}_deg"] - row["azimuth_deg"]) for row in rows] for when in ("before", "after")}
    result = {"preset": PRESET, "n": len(rows), "rows": rows}
    result |= {f"median_error_{when}_deg": float(np.median(own)) for when, own in errors.items()}
    FIGURES.mkdir(parents=True, exist_ok=True)
    (FIGURES / "azimuth.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print({key: value for key, value in result.items() if key != "rows"})


if __name__ == "__main__":
    main()
