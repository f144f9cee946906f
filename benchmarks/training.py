"""How fast the trainer is beside diffusers' train_text_to_image_lora.py (memory: benchmarks/training_memory.py).

    python -m benchmarks.training [--diffusers CHECKOUT] [--quick] --json FILE

Both train the embedded base's UNet with LoRA of one rank on the attention layers, the same batch, in one process with
one thread, in alternation, in bfloat16 both (and in float32 both); compared is the CPU time of a step, from a picture's
PNG to the optimizer. Without a checkout their loop is restated (benchmarks/training_reference.py). Ours reads the
cache; filling it is told beside it, with the number of steps after which it has paid.
"""

import argparse
import io
import json
import statistics
import time
from pathlib import Path

import numpy as np

CLIPS = 48


def material(clips):
    """(pictures uint8 (clips, h, w, 3), their PNG files, captions) of composed soundscapes."""
    from PIL import Image

    from dataset_builder.soundscapes import RATE_HZ, compose
    from spectrogram.codec import SpectrogramCodec
    from spectrogram.params import SpectrogramParams

    codec, pictures, pngs, captions = SpectrogramCodec(SpectrogramParams.preset("mini")), [], [], []
    for index in range(clips):
        scape = compose(11, index)
        pictures.append(np.asarray(codec.encode(scape.audio[None], RATE_HZ).convert("RGB")))
        file = io.BytesIO()
        Image.fromarray(pictures[-1]).save(file, "PNG")
        pngs.append(file.getvalue())
        captions.append(scape.captions[0])
    return np.stack(pictures), pngs, captions


def ours(settings, pictures, captions, folder):
    """(our Loop on a fresh cache, CPU seconds that the cache took)."""
    from training import base as base_model
    from training import latents
    from training.devices import open_accelerator, place
    from training.loop import Loop, Material
    from training.methods import choose

    base = base_model.load(settings.base)
    began = time.process_time()
    cached = latents.cache(folder, pictures, [[c] for c in captions], base.vae, base.tokenizer, base.text_encoder)
    seconds = time.process_time() - began
    base.free_encoders()
    accelerator = open_accelerator(settings.precision)
    place(base.unet, settings, accelerator.device)
    method = choose(settings.method).build(settings, base)
    everything = np.arange(len(pictures))
    source = Material(cached, everything, [], everything[:2], [str(n) for n in everything])
    loop = Loop(settings, accelerator, method, base.scheduler, source)
    loop.student.train()
    return loop, seconds


def theirs(settings, pngs, captions):
    from benchmarks.training_reference import ReferenceLoop
    from training import base as base_model

    half = settings.precision == "bf16"
    return ReferenceLoop(base_model.load(settings.base), pngs, captions, settings.batch, settings.rank, half)


class Ignore:
    def write(self, event, **values):
        pass


def cpu_seconds(action):
    began = time.process_time()
    action()
    return time.process_time() - began


def compare(precision, rounds, data, folder):
    """Median CPU seconds of a step of both, their ratio in alternation, and what the cache costs."""
    from training.flags import settings_of

    pictures, pngs, captions = data
    half = precision != "no"
    settings = settings_of({"precision": precision, "half_base": half, "batch": 16, "rank": 16, "steps": 10**6})
    loop, cache_seconds = ours(settings, pictures, captions, folder)
    reference = theirs(settings, pngs, captions)
    mine, other, ignore = [], [], Ignore()
    loop.advance(ignore)
    reference.advance()
    for _ in range(rounds):
        mine.append(cpu_seconds(lambda: loop.advance(ignore)))
        other.append(cpu_seconds(reference.advance))
    a, b = statistics.median(mine), statistics.median(other)
    return {
        "step_seconds_ours": a,
        "step_seconds_theirs": b,
        "samples_per_cpu_second_ours": settings.batch / a,
        "samples_per_cpu_second_theirs": settings.batch / b,
        "ratio": b / a,
        "ratio_lowest": min(y / x for x, y in zip(mine, other, strict=True)),
        "cache_seconds": cache_seconds,
        "cache_pays_after_steps": cache_seconds / max(b - a, 1e-9),
    }


def run_checkout(checkout, folder, pictures, captions, steps):
    """CPU seconds a step of the script itself in a checkout of diffusers: long run minus short run, as a program."""
    import resource
    import subprocess
    import sys

    from PIL import Image

    from training.base import locate

    data = folder / "pictures"
    data.mkdir(parents=True, exist_ok=True)
    with open(data / "metadata.jsonl", "w", encoding="utf-8") as table:
        for n, (picture, caption) in enumerate(zip(pictures, captions, strict=True)):
            Image.fromarray(picture).save(data / f"{n}.png")
            table.write(json.dumps({"file_name": f"{n}.png", "text": caption}) + "\n")
    script = Path(checkout) / "examples" / "text_to_image" / "train_text_to_image_lora.py"

    def run(count):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        # The script knows squares only: 176 x 176 pixels are a few less than our 256 x 128.
        line = [sys.executable, str(script), "--pretrained_model_name_or_path", locate("base_model"), "--resolution",
                "176", "--train_data_dir", str(data), "--caption_column", "text", "--train_batch_size", "16", "--rank",
                "16", "--max_train_steps", str(count), "--mixed_precision", "bf16", "--output_dir",
                str(folder / "theirs"), "--checkpointing_steps", "100000"]  # fmt: skip
        subprocess.run(line, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    return (run(2 + steps) - run(2)) / steps


def report(arguments):
    """All figures; ``speed_ratio_vs_diffusers_script`` is the ratio in bfloat16."""
    import tempfile

    import torch

    torch.set_num_threads(1)
    rounds = 4 if arguments.quick else 12
    data = material(24 if arguments.quick else CLIPS)
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        result = {"bf16": compare("bf16", rounds, data, folder / "bf16")}
        if not arguments.quick:
            result["float32"] = compare("no", rounds, data, folder / "no")
        result["reference"] = "restated loop"
        ratio = result["bf16"]["ratio"]
        if arguments.diffusers:
            seconds = run_checkout(arguments.diffusers, folder, data[0], data[2], rounds)
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
            print(f"  ratio {r['ratio']:.2f} (lowest pair {r['ratio_lowest']:.2f})")
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
        arguments.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
