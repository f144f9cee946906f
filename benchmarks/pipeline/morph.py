"""Morphs measured: does each step lead on, away from the first clip and towards the last, and for which ear?"""

import numpy as np

from benchmarks.pipeline.verbs import RATE_HZ, embed, log_mel_frames, phrase
from spectrogram.files.audio import resample


def measure(pipeline, pairs, steps: int = 5) -> dict:
    """How often each step leads on, with even steps in sound and with even steps in text, in three embeddings.

    The steps are chosen by the base's ear, so the judge and the log-mel statistics are the independent ones.
    """
    return {
        "morphs": len(pairs),
        "steps": steps,
        "even_in_sound": _measure(pipeline, pairs, steps, respace=True),
        "even_in_text": _measure(pipeline, pairs, steps, respace=False),
    }


def _measure(pipeline, pairs, steps: int, respace: bool) -> dict:
    steps_done, found = [0], {name: [] for name in EMBEDDERS}

    def count(pipe, step, timestep, tensors):
        steps_done[0] += 1
        return tensors

    how = {"respace": respace, "callback_on_step_end": count}
    for number, (first, last) in enumerate(pairs):
        output = pipeline.morph([phrase(first), phrase(last)], steps, seed=number, **how)
        for name, embedder in EMBEDDERS.items():
            rows = np.stack([embedder(pipeline, output, i) for i in range(steps)])
            away, left = (np.linalg.norm(rows - rows[end], axis=1) for end in (0, -1))
            found[name].append([np.diff(away) > 0, np.diff(left) < 0, np.diff(away / (away + left)) > 0])
    painted = steps_done[0] / pipeline.defaults.steps / len(pairs)
    return {"clips_painted_a_morph": painted, **{name: _tell(np.array(rows)) for name, rows in found.items()}}


def _tell(onward: np.ndarray) -> str:
    """Of (morphs, 3 distances, steps): morphs that go on in every step, and steps that do."""
    names = ("from the first", "to the last", "on the way")
    whole, single = onward.all(axis=2).sum(axis=0), onward.sum(axis=(0, 2))
    size, all_steps = len(onward), onward.shape[0] * onward.shape[2]
    told = zip(names, whole, single, strict=True)
    return "; ".join(f"{name} {a} of {size} ({b} of {all_steps} steps)" for name, a, b in told)


def _statistics(pipeline, output, i: int) -> np.ndarray:
    """Mean and spread of each of 64 log-mel bands over time."""
    frames = log_mel_frames(resample(output.audios[i], output.sampling_rate, RATE_HZ)[0])
    return np.concatenate([frames.mean(axis=0), frames.std(axis=0)])


EMBEDDERS = {
    "ear": lambda pipeline, output, i: np.asarray(pipeline.ear.embed_images([output.images[i]]))[0],
    "judge": lambda pipeline, output, i: embed(output.audios[i][0], output.sampling_rate),
    "log-mel statistics": _statistics,
}
