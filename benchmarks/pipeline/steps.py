"""How few steps do: schedulers and step counts against 50 steps of the base's own scheduler, on the same seeds.

Quality is what the judge hears: the share of clips in their prompted class, and the Fréchet distance of its embeddings
to synthesised originals, which also falls when clips sound alike or blurred.
"""

import time

import numpy as np
from diffusers import DPMSolverMultistepScheduler, UniPCMultistepScheduler

from benchmarks.pipeline.verbs import RATE_HZ, embed, phrase, recording
from metrics import judge

CLASSES = (
    "rain", "wind", "siren", "dog_bark", "church_bells", "birdsong", "engine", "clapping", "telephone", "rooster",
    "thunder", "crickets",
)  # fmt: skip
STEPS, OTHERS_STEPS = (5, 8, 12, 20, 50), (5, 8, 12, 20)
TOLERANCE = 0.02


def schedulers(own):
    """{name: scheduler}, all made of the base's own settings."""
    config = own.config
    return {
        type(own).__name__: own,
        "DPM++ 2M": DPMSolverMultistepScheduler.from_config(config, algorithm_type="dpmsolver++"),
        "UniPC": UniPCMultistepScheduler.from_config(config),
    }


def measure(pipeline, quick: bool = False) -> dict:
    """A row for each scheduler and step count, and for each scheduler the fewest steps within 2 % of 50 steps."""
    classes, repeats = (CLASSES[:8], 1) if quick else (CLASSES, 2)
    labels = [label for label in classes for _ in range(repeats)]
    originals = [recording(label, 5.12, 900 + i) for i, label in enumerate(labels * 2)]
    reference = embeddings(originals, RATE_HZ)
    own, rows = pipeline.scheduler, []
    for name, scheduler in schedulers(own).items():
        pipeline.scheduler = scheduler
        for steps in STEPS if scheduler is own else OTHERS_STEPS:
            rows.append({"scheduler": name, "steps": steps, **quality(pipeline, labels, steps, reference)})
    pipeline.scheduler = own
    best = next(row for row in rows if row["scheduler"] == type(own).__name__ and row["steps"] == 50)
    return {"clips_a_row": len(labels), "rows": rows, "fewest_within_2_percent": fewest(rows, best)}


def quality(pipeline, labels, steps: int, reference: np.ndarray) -> dict:
    """Share heard as prompted, Fréchet distance to originals, CPU seconds a clip."""
    sounds, began = [], time.process_time()
    for start in range(0, len(labels), 8):
        texts = [phrase(label) for label in labels[start : start + 8]]
        sounds += list(pipeline(texts, seed=start, num_inference_steps=steps).audios)
    spent = (time.process_time() - began) / len(labels)
    heard, _ = judge.classify(sounds, pipeline.params.sample_rate_hz)
    return {
        "heard_as_prompted": float(np.mean([one == label for one, label in zip(heard, labels, strict=True)])),
        "frechet": frechet(embeddings(sounds, pipeline.params.sample_rate_hz), reference),
        "cpu_s_a_clip": spent,
    }


def embeddings(sounds, rate_hz: int) -> np.ndarray:
    """(clips, 192) of the judge."""
    return np.stack([embed(sound[0], rate_hz) for sound in sounds])


def frechet(rows: np.ndarray, reference: np.ndarray) -> float:
    """Fréchet distance of the 16 main directions of the reference: so few clips do not determine more."""
    centre = reference.mean(axis=0)
    directions = np.linalg.svd(reference - centre, full_matrices=False)[2][:16].T
    first, second = ((values - centre) @ directions for values in (rows, reference))
    between = np.cov(first, rowvar=False), np.cov(second, rowvar=False)
    values = np.linalg.eigvals(between[0] @ between[1])
    shift = np.sum((first.mean(axis=0) - second.mean(axis=0)) ** 2)
    return float(shift + np.trace(between[0] + between[1]) - 2 * np.sqrt(np.maximum(values.real, 0)).sum())


def fewest(rows, best) -> dict:
    """For each scheduler the fewest steps whose accuracy is within 2 points and Fréchet distance within 2 % of `best`;
    None where no count reaches that."""
    found = {}
    for name in dict.fromkeys(row["scheduler"] for row in rows):
        good = [
            row["steps"]
            for row in rows
            if row["scheduler"] == name
            and row["heard_as_prompted"] >= best["heard_as_prompted"] - TOLERANCE
            and row["frechet"] <= best["frechet"] * (1 + TOLERANCE)
        ]
        found[name] = min(good, default=None)
    return found
