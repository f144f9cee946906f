"""What is left of a classifier when it rains or blows: figures with weather mixed under the test clips."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from bioacoustics.classifiers.augmentation import at_ratio
from bioacoustics.classifiers.clips import Clips
from bioacoustics.classifiers.figures import figures
from bioacoustics.classifiers.front_end import FrontEnd, as_bytes
from bioacoustics.classifiers.trainer import fitted, scores

RATIOS_DB = (20.0, 10.0, 0.0)


def robustness(
    network: torch.nn.Module, test: Clips, weather: Clips, front: FrontEnd, several: bool, seed: int = 0
) -> list[dict]:
    """Rows {"weather", "ratio_db", "macro_f1", "low", "high"}; the first, without weather, has the ratio None.

    Powers of spectrograms are added, as the powers of sounds that do not know of one another add on average.
    """
    rows = [row("none", None, network, test, front, several)]
    for label in range(len(weather.classes)):
        own = np.flatnonzero(weather.targets[:, label])
        for ratio_db in RATIOS_DB if len(own) else ():
            rng = np.random.default_rng(seed)
            noisy = [under(test, n, weather, int(rng.choice(own)), ratio_db) for n in range(len(test))]
            rows.append(
                row(weather.classes[label], ratio_db, network, replace(test, stored=np.stack(noisy)), front, several)
            )
    return rows


def under(test: Clips, number: int, weather: Clips, other: int, ratio_db: float) -> np.ndarray:
    return as_bytes(at_ratio(test.db(number), fitted(weather.db(other), test.stored.shape[1]), ratio_db))


def row(weather: str, ratio_db: float | None, network, test: Clips, front: FrontEnd, several: bool) -> dict:
    figure = figures(test.targets, scores(network, test, front, several), test.recordings)["macro_f1"]
    return {"weather": weather, "ratio_db": ratio_db, "macro_f1": figure["value"]} | {
        key: figure[key] for key in ("low", "high")
    }
