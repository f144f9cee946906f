"""What each method of training teaches, and what it costs of what the base knew, judged from decoded audio.

    python -m benchmarks.training.methods [--methods lora] [--labels owl] [--seeds 0,1,2] [--set rate=6e-4] --json FILE

A run teaches one sound that the base does not know (held-out classes) from a few dozen clips. "heard" is the share of
prompts in which the independent classifier hears that class, before and after; "known" is the same over the base's own
classes (prior drift; a UNet from nothing has none to keep). The seed is that of the training and of what is judged.
Rows are written as they come and a row that is in the file is not made again, so a cut run goes on.
"""

import argparse
import itertools
import json
import time
from dataclasses import replace
from pathlib import Path

from benchmarks.base_model import figures
from benchmarks.base_model.clips import Clip, Judge, class_prompts, generate
from dataset_builder import __main__ as builder
from dataset_builder.soundscapes import composer
from dataset_builder.soundscapes.synthesis.catalogue import CATALOGUE, CLASSES, HELD_OUT
from spectrogram.files import json_file
from spectrogram.models import load_pipeline
from training import run as training
from training.base import fingerprint
from training.flags import settings_of
from training.method_table import METHODS
from training.methods import dreambooth, loader, textual_inversion

SEED, SEED_STEP = 300, 1000
# Where the methods' own defaults are not what ten minutes on two cores and 32 clips allow.
ASKED = {
    "textual_inversion": {"steps": 150},
    "full": {"steps": 150, "replay": 0.4},
    "scratch": {"steps": 800},
    "aesthetic": {"aesthetic_through": "picture", "aesthetic_steps": 60},
}
KIND = {"owl": "a bird calling", "laser_zap": "a machine", "cuckoo_clock": "a clock"}
COLUMNS = ("method", "label", "seed", "clips", "steps", "heard_before", "heard_after", "known_before", "known_after",
           "minutes_cpu", "prompts", "known_prompts", "settings", "base")  # fmt: skip


def build_dataset(folder, label, clips):
    """A dataset of composed clips of one held-out class, made once."""
    out = folder / f"{label}-{clips}"
    if not (out / "README.md").exists():
        raw = folder / f"{label}-{clips}-raw"
        table = composer.write(raw, clips, seed=2026, classes=(label,), pair_share=0)
        line = [str(table), "--audio", str(raw), "--out", str(out), "--split", "80/10/10", "--workers", "1"]
        assert builder.main(line) == 0, "the dataset could not be built"
    return out


def target_prompts(settings, label, count):
    """Prompts for the taught sound as a user of this method would write them."""
    if settings.method == "textual_inversion":
        texts = [template.format(textual_inversion.word(settings)) for template in textual_inversion.TEMPLATES]
    elif settings.method == "dreambooth":
        texts = [dreambooth.instance_prompt(settings)]
    else:
        # Alike prompts side by side: an aesthetic is applied once to those of one batch.
        return sorted(class_prompts([label], count), key=lambda clip: clip.prompt)
    return [Clip(label, texts[n % len(texts)]) for n in range(count)]


def hear(pipeline, judge, clips, seed):
    """Share of clips in which the judge hears what was asked for."""
    generate(pipeline, clips, SEED + SEED_STEP * seed)
    return figures.accuracy(judge, clips)


class Bench:
    """Judge, base figures and datasets that all runs share."""

    def __init__(self, arguments):
        self.arguments, self.judge = arguments, Judge()
        self.work, self.known_before, self.heard_before = arguments.work, {}, {}
        self.base_key = fingerprint(load_pipeline(arguments.base).unet)

    def base(self):
        return self.hasten(load_pipeline(self.arguments.base))

    def hasten(self, pipeline):
        """The same pipeline with this benchmark's number of denoising steps; base and taught alike."""
        pipeline.state.defaults = replace(pipeline.defaults, steps=self.arguments.denoise)
        return pipeline

    def before(self, label, seed):
        """(heard, known) of the base alone; measured once."""
        a = self.arguments
        if seed not in self.known_before:
            self.known_before[seed] = hear(self.base(), self.judge, class_prompts(CLASSES, a.per_class), seed)
        if (label, seed) not in self.heard_before:
            clips = class_prompts([label], a.prompts)
            self.heard_before[label, seed] = hear(self.base(), self.judge, clips, seed)
        return self.heard_before[label, seed], self.known_before[seed]

    def settings(self, method, label, seed):
        """TrainSettings of a run, and those that were given by --set."""
        a, word = self.arguments, {"dreambooth": "sks", "textual_inversion": label}.get(method, "")
        values = {"method": method, "seed": seed, "samples": 0, "tracker": "none", "validate_every": 10**6,
                  "checkpoint_every": 10**6, "trigger": word, "class_prompt": KIND.get(label, "a sound"),
                  **ASKED.get(method, {})}  # fmt: skip
        given = dict(pair.split("=", 1) for pair in a.set)
        kinds = {name: type(value) for name, value in settings_of({}).to_dict().items()}
        values |= {name: kinds[name](text) for name, text in given.items()}
        return settings_of(values | ({"base": a.base} if a.base else {})), given

    def key(self, method, label, seed):
        """What tells a row from others: two rows that share it are one."""
        settings, given = self.settings(method, label, seed)
        return [method, label, seed, settings.steps, self.arguments.prompts, given, self.base_key]

    def run(self, method, label, seed):
        """One row: train, then listen to the taught class and to the base's own."""
        a, (settings, given) = self.arguments, self.settings(method, label, seed)
        heard_before, known_before = self.before(label, seed)
        dataset = build_dataset(self.work, label, a.clips)
        folder = self.work / "runs" / f"{method}-{label}-{seed}-{int(time.time())}"
        began = time.process_time()
        report = training.train(settings, dataset, folder)
        minutes = (time.process_time() - began) / 60
        pipeline = self.hasten(loader(settings)(self.base(), report.adapter))
        heard_after = hear(pipeline, self.judge, target_prompts(settings, label, a.prompts), seed)
        known_after = None
        if method == "aesthetic":
            # An aesthetic is switched on for a prompt; the others are read without it.
            pipeline.unload_aesthetic()
        if method != "scratch":
            known_after = hear(pipeline, self.judge, class_prompts(CLASSES, a.per_class), seed)
        row = (method, label, seed, a.clips, settings.steps, heard_before, heard_after, known_before, known_after,
               minutes, a.prompts, a.per_class * len(CLASSES), given, self.base_key)  # fmt: skip
        return dict(zip(COLUMNS, row, strict=True))


def key_of(row):
    """The key (`Bench.key`) of a row in the file."""
    return [row[name] for name in ("method", "label", "seed", "steps", "prompts", "settings", "base")]


def table(rows):
    """Markdown: a line for each method, sound and settings: means over the seeds, smallest and largest in brackets."""
    lines = ["| method | sound | seeds | steps | CPU minutes | heard before → after | known before → after |",
             "|---|---|---|---|---|---|---|"]  # fmt: skip
    groups = {}
    for r in rows:
        given = ", ".join(f"{name} {value}" for name, value in r["settings"].items() if name != "steps")
        groups.setdefault((r["method"] + (f" ({given})" if given else ""), r["label"], r["steps"]), []).append(r)
    for (method, label, steps), own in groups.items():
        seeds, minutes = ", ".join(str(r["seed"]) for r in own), _mean([r["minutes_cpu"] for r in own])
        heard = f"{_mean([r['heard_before'] for r in own]):.2f} → {_span([r['heard_after'] for r in own])}"
        known = "none to keep"
        if own[0]["known_after"] is not None:
            known = f"{_mean([r['known_before'] for r in own]):.2f} → {_span([r['known_after'] for r in own])}"
        lines.append(f"| {method} | {label} | {seeds} | {steps} | {minutes:.1f} | {heard} | {known} |")
    return "\n".join(lines)


def _mean(values):
    return sum(values) / len(values)


def _span(values):
    return f"**{_mean(values):.2f}** ({min(values):.2f} to {max(values):.2f})"


def build_parser():
    parser = argparse.ArgumentParser(prog="python -m benchmarks.training.methods", description=__doc__.splitlines()[0])
    parser.add_argument("--methods", default=",".join(METHODS))
    parser.add_argument("--labels", default=HELD_OUT[0], help=f"sounds that are taught, of {', '.join(HELD_OUT)}")
    parser.add_argument("--seeds", default="0,1,2")
    parser.add_argument("--set", nargs="*", default=[], metavar="NAME=VALUE", help="settings for every run")
    parser.add_argument("--clips", type=int, default=40, help="clips of the dataset, a fifth of them held out")
    parser.add_argument("--prompts", type=int, default=12, help="clips of the taught class that are judged")
    parser.add_argument("--per-class", type=int, default=1, help="clips of each of the base's classes")
    parser.add_argument("--denoise", type=int, default=10, help="denoising steps of what is judged")
    parser.add_argument("--base", help="another base than the embedded one")
    parser.add_argument("--work", type=Path, default=Path("runs/methods"))
    parser.add_argument("--json", type=Path, help="add rows to this file")
    return parser


def main():
    arguments = build_parser().parse_args()
    labels = arguments.labels.split(",")
    unknown = sorted(set(labels) - set(CATALOGUE))
    if unknown:
        build_parser().error(f"unknown class {', '.join(unknown)}: expected some of {', '.join(CATALOGUE)}")
    bench = Bench(arguments)
    rows = json.loads(arguments.json.read_text()) if arguments.json and arguments.json.exists() else []
    done = [key_of(row) for row in rows]
    runs = itertools.product(arguments.methods.split(","), labels, map(int, arguments.seeds.split(",")))
    for run in (run for run in runs if bench.key(*run) not in done):
        rows.append(bench.run(*run))
        print(
            json.dumps({k: round(v, 3) if isinstance(v, float) else v for k, v in rows[-1].items()}, allow_nan=False),
            flush=True,
        )
        if arguments.json:
            json_file.write(arguments.json, rows)
    print(table(rows))


if __name__ == "__main__":
    main()
