"""How fast the trainer is beside diffusers' train_text_to_image_lora.py (memory: benchmarks/training/memory.py).

    python -m benchmarks.training [--diffusers CHECKOUT] [--quick] --json FILE

Both train the embedded base's UNet with LoRA of one rank on the attention layers, the same batch, each in a process of
its own with one thread, in turns, in bfloat16 both (and in float32 both); compared is the CPU time of a step, from a
picture's PNG to the optimizer. Without a checkout their loop is restated (benchmarks/training/reference.py). Ours reads
the cache; filling it is told beside it, with the number of steps after which it has paid.
"""

import argparse
import json
import statistics
from pathlib import Path

from benchmarks.training.sides import BATCH, Side, material
from spectrogram.files import json_file

CLIPS = 48


def compare(precision, rounds, clips):
    """Median CPU seconds of a step of both, their ratio in alternation, and what the cache costs."""
    with Side("ours", precision, clips) as loop, Side("theirs", precision, clips) as reference:
        turns = [(loop.turn(), reference.turn()) for _ in range(rounds)]
    a, b = (statistics.median(s for turn in steps for s in turn) for steps in zip(*turns, strict=True))
    return {
        "step_seconds_ours": a,
        "step_seconds_theirs": b,
        "samples_per_cpu_second_ours": BATCH / a,
        "samples_per_cpu_second_theirs": BATCH / b,
        "ratio": b / a,
        "ratio_lowest": min(statistics.median(y) / statistics.median(x) for x, y in turns),
        "cache_seconds": loop.cache_seconds,
        "cache_pays_after_steps": loop.cache_seconds / max(b - a, 1e-9),
    }


def run_checkout(checkout, folder, pictures, captions, steps):
    """CPU seconds a step of the script itself in a checkout of diffusers: long run minus short run, as a program."""
    import resource
    import subprocess
    import sys

    from PIL import Image

    from spectrogram.bases import locate_base

    data = folder / "pictures"
    data.mkdir(parents=True, exist_ok=True)
    with open(data / "metadata.jsonl", "w", encoding="utf-8") as table:
        for n, (picture, caption) in enumerate(zip(pictures, captions, strict=True)):
            Image.fromarray(picture).save(data / f"{n}.png")
            table.write(json.dumps({"file_name": f"{n}.png", "text": caption}, allow_nan=False) + "\n")
    script = Path(checkout) / "examples" / "text_to_image" / "train_text_to_image_lora.py"

    def run(count):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        # The script knows squares only: 176 x 176 pixels are a few less than our 256 x 128.
        line = [sys.executable, str(script), "--pretrained_model_name_or_path", locate_base(), "--resolution", "176",
                "--train_data_dir", str(data), "--caption_column", "text", "--train_batch_size", "16", "--rank",
                "16", "--max_train_steps", str(count), "--mixed_precision", "bf16", "--output_dir",
                str(folder / "theirs"), "--checkpointing_steps", "100000"]  # fmt: skip
        subprocess.run(line, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    return (run(2 + steps) - run(2)) / steps


def report(arguments):
    """All figures; ``speed_ratio_vs_diffusers_script`` is the ratio in bfloat16."""
    import tempfile

    rounds, clips = (4, 24) if arguments.quick else (8, CLIPS)
    result = {"bf16": compare("bf16", rounds, clips)}
    if not arguments.quick:
        result["float32"] = compare("no", rounds, clips)
    result["reference"], ratio = "restated loop", result["bf16"]["ratio"]
    if arguments.diffusers:
        pictures, _, captions = material(clips)
        with tempfile.TemporaryDirectory() as folder:
            seconds = run_checkout(arguments.diffusers, Path(folder), pictures, captions, rounds)
        result["reference"], ratio = str(arguments.diffusers), seconds / result["bf16"]["step_seconds_ours"]
        result["checkout_step_seconds"] = seconds
    result["speed_ratio_vs_diffusers_script"] = ratio
    return result


def show(result):
    for name in ("bf16", "float32"):
        if name in result:
            r = result[name]
            a, b = r["samples_per_cpu_second_ours"], r["samples_per_cpu_second_theirs"]
            print(f"{name}: {a:.1f} samples a CPU second, theirs {b:.1f}")
            print(f"  ratio {r['ratio']:.2f} (lowest turn {r['ratio_lowest']:.2f})")
            print(f"  the cache took {r['cache_seconds']:.1f} s and pays after {r['cache_pays_after_steps']:.0f} steps")
    print(f"speed_ratio_vs_diffusers_script {result['speed_ratio_vs_diffusers_script']:.2f} ({result['reference']})")


def main():
    parser = argparse.ArgumentParser(prog="python -m benchmarks.training", description=__doc__.splitlines()[0])
    parser.add_argument("--diffusers", type=Path, help="checkout of diffusers whose script is run instead")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", type=Path, help="write the result here too")
    arguments = parser.parse_args()
    result = report(arguments)
    show(result)
    if arguments.json:
        json_file.write(arguments.json, result)


if __name__ == "__main__":
    main()
