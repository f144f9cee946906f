"""An ear from outside: YAMNet (521 AudioSet classes), which nobody here trained, asked whether it hears a class.

It only judges and sieves; no weight of the project learns to please it. Its file is not part of the project: give the
path of ``yamnet.tflite``, beside which lies ``yamnet_class_map.csv``, and ``pip install ai-edge-litert`` (extra `ear`).
A clip is mixed to mono, scaled to a peak of .7, resampled to 16 kHz and heard in frames of .975 s, half overlapping.
"""

import csv
from pathlib import Path

import numpy as np
import yaml

from spectrogram.files.audio import resample
from spectrogram.problems import Problem

RATE_HZ, FRAME, STEP, PEAK, BEST = 16_000, 15_600, 7_800, 0.7, 5
ACCEPTED = yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8"))


class OutsideEar:
    """YAMNet from a file; hears mono audio (samples,) in [-1, 1] at any rate."""

    def __init__(self, path):
        path = Path(path)
        names = path.with_name("yamnet_class_map.csv")
        if not (path.is_file() and names.is_file()):
            raise Problem(f"{path} and {names.name} beside it are not both there", "YAMNet's files", "leave out --ear")
        try:
            from ai_edge_litert.interpreter import Interpreter
        except ImportError as error:
            raise Problem("ai-edge-litert is not installed", "it runs the ear", "pip install ai-edge-litert") from error
        with open(names, encoding="utf-8", newline="") as table:
            self.names = [row["display_name"] for row in csv.DictReader(table)]
        self.model = Interpreter(str(path), num_threads=1)
        self.model.allocate_tensors()
        self.input = self.model.get_input_details()[0]["index"]
        self.output = self.model.get_output_details()[0]["index"]

    def scores(self, audio, rate_hz):
        """Mean and maximum over the frames, float32 (2, classes of AudioSet)."""
        audio = resample(np.asarray(audio, np.float32)[None], rate_hz, RATE_HZ)[0]
        audio = audio * np.float32(PEAK / max(float(np.abs(audio).max(initial=0)), 1e-9))
        audio = np.pad(audio, (0, max(0, FRAME - len(audio))))
        frames = []
        for start in range(0, len(audio) - FRAME + 1, STEP):
            self.model.set_tensor(self.input, audio[start : start + FRAME])
            self.model.invoke()
            frames.append(self.model.get_tensor(self.output)[0].copy())
        return np.stack([np.mean(frames, axis=0), np.max(frames, axis=0)])

    def accepted(self, label):
        """Indices of the AudioSet names that count as the class."""
        return [self.names.index(name) for name in ACCEPTED[label]]

    def hears(self, scores, label):
        """Whether an accepted name is among the five best of the mean or of the maximum."""
        wanted = set(self.accepted(label))
        return any(wanted & set(np.argsort(row)[-BEST:].tolist()) for row in scores)

    def strength(self, scores, label):
        """How strongly the class is heard: its best accepted name's mean over the frames."""
        return float(scores[0, self.accepted(label)].max())

    def best(self, scores, count=3):
        """The names that it hears most, for the curious."""
        return [self.names[index] for index in np.argsort(scores[0])[::-1][:count]]


def table(ear, labels, scores):
    """Share heard (``top5``) and ``auc`` of each class, and their macro averages, of clips and what was heard in them.

    The AUC of a class ranks its own clips against all others by how strongly the class is heard.
    """
    labels, by_class = np.array(labels), {}
    for label in dict.fromkeys(labels.tolist()):
        own = labels == label
        strengths = np.array([ear.strength(one, label) for one in scores])
        above = (strengths[own][:, None] > strengths[~own]) + 0.5 * (strengths[own][:, None] == strengths[~own])
        heard = [ear.hears(one, label) for one, mine in zip(scores, own, strict=True) if mine]
        by_class[label] = {"clips": int(own.sum()), "top5": float(np.mean(heard))}
        if above.size:
            by_class[label]["auc"] = float(above.mean())
    return {
        "clips": len(labels),
        "top5": float(np.mean([row["top5"] for row in by_class.values()])),
        "auc": float(np.mean([row.get("auc", np.nan) for row in by_class.values()])),
        "by_class": by_class,
    }
