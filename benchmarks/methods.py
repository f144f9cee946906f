"""What each method of training teaches, and what it costs of what the base knew, judged from decoded audio.

    python -m benchmarks.methods [--methods lora,full] [--labels owl,laser_zap] [--set rate=6e-4 replay=0.3] --json FILE

A run teaches one sound that the base does not know (held-out classes) from a few dozen clips; run n has seed n and the
n-th label. "heard" is the share of prompts in which the independent classifier hears that class, before and after;
"known" is the same over the base's own classes (prior drift). Rows are written as they come, so a cut run leaves them.
"""

import argparse
import json
import time
from dataclasses import replace
from pathlib import Path

from benchmarks import base_model_figures as figures
from benchmarks.base_model_clips import Clip, Judge, class_prompts, generate
from dataset_builder.synthesis.catalogue import CATALOGUE, CLASSES, HELD_OUT
from training.flags import settings_of
from training.methods import dreambooth, textual_inversion
from training.settings import METHODS

SEED = 300
# Steps that fit ten minutes on two busy cores; the rest are the methods' own defaults.
STEPS = {"lora": 250, "dreambooth": 250, "textual_inversion": 150, "full": 150, "scratch": 300, "aesthetic": 1}
KIND = {"owl": "a bird calling", "laser_zap": "a machine", "cuckoo_clock": "a clock"}
COLUMNS = ("method", "label", "seed", "clips", "steps", "heard_before", "heard_after", "known_before", "known_after",
           "minutes_cpu", "prompts", "known_prompts", "settings")  # fmt: skip


def build_dataset(folder, label, clips):
    """A dataset of composed clips of one held-out class, made once."""
    from dataset_builder import __main__ as builder
    from dataset_builder import soundscapes

    out = folder / f"{label}-{clips}"
    if not (out / "README.md").exists():
        raw = folder / f"{label}-{clips}-raw"
        table = soundscapes.write(raw, clips, seed=2026, classes=(label,), pair_share=0)
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
        return class_prompts([label], count)
    return [Clip(label, texts[n % len(texts)]) for n in range(count)]


def hear(pipeline, judge, clips):
    """Share of clips in which the judge hears what was asked for."""
    generate(pipeline, clips, SEED)
    return figures.accuracy(judge, clips)


class Bench:
    """Judge, base figures and datasets that all runs share."""

    def __init__(self, arguments):
        self.arguments, self.judge = arguments, Judge()
        self.work, self.known_before, self.heard_before = arguments.work, None, {}

    def base(self):
        from spectrogram.models import load_pipeline

        return self.hasten(load_pipeline(self.arguments.base))

    def hasten(self, pipeline):
        """The same pipeline with this benchmark's number of denoising steps; base and taught alike."""
        pipeline._defaults = replace(pipeline.defaults, steps=self.arguments.denoise)
        return pipeline

    def before(self, settings, label):
        """(heard, known) of the base alone; measured once a label and once."""
        a = self.arguments
        if self.known_before is None:
            self.known_before = hear(self.base(), self.judge, class_prompts(CLASSES, a.per_class))
        if label not in self.heard_before:
            self.heard_before[label] = hear(self.base(), self.judge, class_prompts([label], a.prompts))
        return self.heard_before[label], self.known_before

    def run(self, method, label, seed):
        """One row: train, then listen to the taught class and to the base's own."""
        from training import run as training
        from training.methods import loader

        a = self.arguments
        word = "sks" if method == "dreambooth" else label if method == "textual_inversion" else ""
        values = {"method": method, "seed": seed, "steps": STEPS[method], "samples": 0, "tracker": "none",
                  "validate_every": 10**6, "checkpoint_every": 10**6, "trigger": word,
                  "class_prompt": KIND.get(label, "a sound")}  # fmt: skip
        given = dict(pair.split("=", 1) for pair in a.set)
        kinds = {name: type(value) for name, value in settings_of({}).to_dict().items()}
        values |= {name: kinds[name](text) for name, text in given.items()}
        values |= {"base": a.base} if a.base else {}
        settings = settings_of(values)
        heard_before, known_before = self.before(settings, label)
        dataset = build_dataset(self.work, label, a.clips)
        folder = self.work / "runs" / f"{method}-{label}-{seed}-{int(time.time())}"
        began = time.process_time()
        report = training.train(settings, dataset, folder)
        minutes = (time.process_time() - began) / 60
        pipeline = self.hasten(loader(settings)(self.base(), report.adapter))
        known_after = hear(pipeline, self.judge, class_prompts(CLASSES, a.per_class))
        heard_after = hear(pipeline, self.judge, target_prompts(settings, label, a.prompts))
        row = (method, label, seed, a.clips, settings.steps, heard_before, heard_after, known_before, known_after,
               minutes, a.prompts, a.per_class * len(CLASSES), given)  # fmt: skip
        return dict(zip(COLUMNS, row, strict=True))


def table(rows):
    """Markdown: one line a run, then the mean of each method with its smallest and largest run."""
    lines = ["| method | sound | seed | steps | CPU minutes | heard before → after | known before → after |",
             "|---|---|---|---|---|---|---|"]  # fmt: skip
    for r in rows:
        heard, known = (f"{r[f'{n}_before']:.2f} → {r[f'{n}_after']:.2f}" for n in ("heard", "known"))
        run = f"{r['method']} | {r['label']} | {r['seed']} | {r['steps']} | {r['minutes_cpu']:.1f}"
        lines.append(f"| {run} | {heard} | {known} |")
    for method in dict.fromkeys(r["method"] for r in rows):
        own = [r for r in rows if r["method"] == method]
        heard, known = (_span([r[f"{n}_after"] for r in own]) for n in ("heard", "known"))
        minutes = sum(r["minutes_cpu"] for r in own) / len(own)
        lines.append(f"| **{method}** | all | {len(own)} runs | | {minutes:.1f} | **{heard}** | **{known}** |")
    return "\n".join(lines)


def _span(values):
    return f"{sum(values) / len(values):.2f} ({min(values):.2f} to {max(values):.2f})"


def build_parser():
    parser = argparse.ArgumentParser(prog="python -m benchmarks.methods", description=__doc__.splitlines()[0])
    parser.add_argument("--methods", default=",".join(METHODS))
    parser.add_argument("--labels", default=",".join(HELD_OUT), help="run n teaches the n-th with seed n")
    parser.add_argument("--set", nargs="*", default=[], metavar="NAME=VALUE", help="settings for every run")
    parser.add_argument("--clips", type=int, default=40, help="clips of the dataset, a fifth of them held out")
    parser.add_argument("--prompts", type=int, default=12, help="clips of the taught class that are judged")
    parser.add_argument("--per-class", type=int, default=1, help="clips of each of the base's classes")
    parser.add_argument("--denoise", type=int, default=10, help="denoising steps of what is judged")
    parser.add_argument("--first-seed", type=int, default=0, help="seed of the first label")
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
    for seed, label in enumerate(labels, start=arguments.first_seed):
        for method in arguments.methods.split(","):
            rows.append(bench.run(method, label, seed))
            print(json.dumps({k: round(v, 3) if isinstance(v, float) else v for k, v in rows[-1].items()}), flush=True)
            if arguments.json:
                arguments.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    print(table(rows))


if __name__ == "__main__":
    main()
