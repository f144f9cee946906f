"""``python -m benchmarks.base_model.steps``: what fewer steps and other guidance cost, a row a setting.

Each row hears one clip of every class, the same prompts and seeds: the share heard as its class, the mean length of
tonal lines in seconds, and the CPU seconds of a clip.
"""

import argparse
import time
from pathlib import Path

from benchmarks.base_model import figures
from benchmarks.base_model.clips import Judge, class_prompts, generate
from dataset_builder.soundscapes.synthesis.catalogue import CLASSES
from spectrogram.files import json_file
from spectrogram.models import load_pipeline

STEPS = (4, 6, 8, 12, 20, 40)
GUIDANCE = (1.5, 2.0, 3.0, 5.0)


def measure(pipeline, judge, seed, **options):
    """One row: accuracy, line length, CPU seconds a clip."""
    clips = class_prompts(CLASSES, 1)
    began = time.process_time()
    generate(pipeline, clips, seed, **options)
    seconds = (time.process_time() - began) / len(clips)
    lines = figures.ridge_seconds(clips, pipeline.params.step_ms / 1000)[0]
    return {"accuracy": figures.accuracy(judge, clips), "ridge_seconds": lines, "cpu_seconds": seconds}


def main():
    parser = argparse.ArgumentParser(prog="python -m benchmarks.base_model.steps", description=__doc__.splitlines()[0])
    parser.add_argument("--base", help="another model than the embedded one")
    parser.add_argument("--seed", type=int, default=300)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    pipeline, judge, rows = load_pipeline(arguments.base), Judge(), []
    settings = [(steps, pipeline.defaults.guidance) for steps in STEPS]
    settings += [(pipeline.defaults.steps, guidance) for guidance in GUIDANCE]
    print(f"{'steps':>5} {'guidance':>8} {'accuracy':>8} {'lines s':>8} {'CPU s':>6}")
    for steps, guidance in dict.fromkeys(settings):
        row = measure(pipeline, judge, arguments.seed, num_inference_steps=steps, guidance_scale=guidance)
        rows.append({"steps": steps, "guidance": guidance} | row)
        print(f"{steps:5} {guidance:8} {row['accuracy']:8.3f} {row['ridge_seconds']:8.2f} {row['cpu_seconds']:6.2f}")
    if arguments.json:
        json_file.write(arguments.json, rows)


if __name__ == "__main__":
    main()
