"""`python -m benchmarks.bioacoustics.measured_labels ../shared/data`: measured labels against composed truth.

Calls over weather and places at 0 to 20 dB.  What was asked for lies up to .3 s beside the call; the errors of what was
asked and of what is measured are printed beside each other.  The box is compared with the call's own in silence.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from benchmarks.bioacoustics.long_recordings import RATE_HZ, backgrounds, calls, looped
from spectrogram.files import json_file
from spectrogram.files.annotations import Annotation
from spectrogram.verbs.measured import measured

FIGURES = Path(__file__).parents[2] / "docs" / "figures" / "bioacoustics"
RATIOS_DB = (0, 5, 10, 20)
EACH, AROUND_S, LEVEL, BESIDE_S = 50, 2.0, 0.03, 0.3


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    options = parser.parse_args(arguments)
    own, places = calls(options.data, "test"), backgrounds(options.data, "test")
    rng, rows = np.random.default_rng(0), []
    for ratio_db in RATIOS_DB:
        errors = [one_call(own, places, ratio_db, rng) for _ in range(EACH)]
        row = {"ratio_db": ratio_db, "n": EACH}
        row |= {name: round(float(np.median([one[name] for one in errors])), 3) for name in errors[0]}
        row["onset_to_asked"] = round(row["onset_s"] / row["asked_onset_s"], 2)
        rows.append(row)
        print(row, flush=True)
    FIGURES.mkdir(parents=True, exist_ok=True)
    json_file.write(FIGURES / "measured_labels.json", rows)


def one_call(own: dict, places: list, ratio_db: float, rng: np.random.Generator) -> dict[str, float]:
    """Errors in seconds and Hz of one call, measured and as it was asked for."""
    label = sorted(own)[int(rng.integers(len(own)))]
    call = own[label][int(rng.integers(len(own[label])))]
    clean = np.zeros(len(call) + round(2 * AROUND_S * RATE_HZ))
    start = int(rng.integers(RATE_HZ, round((2 * AROUND_S - 1) * RATE_HZ)))
    clean[start : start + len(call)] = LEVEL * call / call.std()
    place = looped(places[int(rng.integers(len(places)))][1], len(clean))
    mixed = clean + place / place.std() * LEVEL * 10 ** (-ratio_db / 20)
    onset, offset = start / RATE_HZ, (start + len(call)) / RATE_HZ
    asked = Annotation(onset + rng.uniform(-BESIDE_S, BESIDE_S), offset + rng.uniform(0, BESIDE_S) + BESIDE_S, label)
    alone = measured(clean + 1e-6 * rng.standard_normal(len(clean)), RATE_HZ, Annotation(onset, offset, label))
    found = measured(mixed, RATE_HZ, asked)
    low_hz, high_hz = (0.0, RATE_HZ / 2) if found.low_hz is None else (found.low_hz, found.high_hz)
    return {
        "onset_s": abs(found.onset_s - onset),
        "offset_s": abs(found.offset_s - offset),
        "asked_onset_s": abs(asked.onset_s - onset),
        "asked_offset_s": abs(asked.offset_s - offset),
        "low_hz": abs(low_hz - alone.low_hz),
        "high_hz": abs(high_hz - alone.high_hz),
    }


if __name__ == "__main__":
    main()
