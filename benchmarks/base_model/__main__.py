"""How often one hears what the prompt asked for: the base model, and adapters on it, judged from decoded audio.

    python -m benchmarks.base_model [--quick] [--recordings FOLDER …] [--lora runs/owl --label owl] --json FILE

The judge is a classifier trained on other clips (other seeds, other recordings) than the base. Every figure stands
beside the same figure for originals through the codec: the ceiling. Recordings are only measured where their folders
are given: those that the base has heard serve as training clips, the others as real clips.
"""

import argparse
import json
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.base_model import figures, keep, outside
from benchmarks.base_model.clips import (
    BATCH,
    ESC10,
    RECORDINGS_SHARE,
    WORDS,
    Clip,
    Judge,
    class_prompts,
    generate,
    originals,
    pair_prompts,
    seed_prompts,
    word_prompts,
)  # fmt: skip
from dataset_builder.soundscapes.synthesis.catalogue import CLASSES
from metrics.embedders.outside_ear import OutsideEar
from spectrogram.bases import read_beside
from spectrogram.codec import SpectrogramCodec
from spectrogram.files import json_file
from training.base_model.settings import ScratchSettings

SHOWN = (
    "prompted_class_accuracy", "prompted_class_accuracy_seen_wordings", "prompted_class_accuracy_unseen_wordings",
    "real_class_accuracy", "pitch", "speed", "pairs_ordered", "pairs_together", "diversity", "nearest_training",
    "ridge_seconds",
)  # fmt: skip


@dataclass(frozen=True)
class Sizes:
    """How many clips each figure hears."""

    per_class: int
    per_value: int
    pairs: int
    prompts: int
    seeds: int
    training: int


FULL = Sizes(per_class=4, per_value=2, pairs=32, prompts=6, seeds=4, training=1500)
QUICK = Sizes(per_class=2, per_value=1, pairs=12, prompts=4, seeds=3, training=400)


def class_figures(judge, clips):
    """Accuracy over all clips, over seen and unseen wordings, and over ESC-10's ten classes."""
    name = "prompted_class_accuracy"
    return {
        name: figures.accuracy(judge, clips),
        f"{name}_seen_wordings": figures.accuracy(judge, [clip for clip in clips if clip.seen]),
        f"{name}_unseen_wordings": figures.accuracy(judge, [clip for clip in clips if not clip.seen]),
        "real_class_accuracy": figures.accuracy(judge, [clip for clip in clips if clip.label in ESC10]),
    }


def requests(sizes):
    """All that is asked for, by figure."""
    return {
        "classes": class_prompts(CLASSES, sizes.per_class),
        "pitch": word_prompts("pitch", sizes.per_value),
        "pace": word_prompts("pace", sizes.per_value),
        "then": pair_prompts("then", sizes.pairs),
        "while": pair_prompts("while", sizes.pairs),
        "seeds": seed_prompts(sizes.prompts, sizes.seeds),
    }


def figures_of(judge, clips, gauges, grids, step_s):
    """Every figure of a set of clips in the shape of ``requests``, and what stands behind it."""
    result = class_figures(judge, clips["classes"])
    detail = {}
    for name, kind in (("pitch", "pitch"), ("speed", "pace")):
        result[name], detail[f"{name}_by_class"] = figures.obeyed(clips[kind], gauges[kind], kind)
    result["pairs_ordered"] = figures.ordered(judge, clips["then"])
    result["pairs_together"] = figures.both(judge, clips["while"])
    result["diversity"] = figures.diversity(judge, clips["seeds"])
    result["nearest_training"] = figures.likeness(clips["classes"], grids)
    result["ridge_seconds"], detail["ridge_seconds_by_class"] = figures.ridge_seconds(clips["classes"], step_s)
    by_class = {}
    for name, clip in zip(figures.heard(judge, clips["classes"]), clips["classes"], strict=True):
        by_class.setdefault(clip.label, []).append(name)
    detail["heard"] = by_class
    return result | {"detail": detail}


def make_all(pipeline, sizes, arguments, base):
    """({set: generated clips}, {set: originals}, gauges, classes left out, training grids, seconds a clip)."""
    codec, recipe = SpectrogramCodec(pipeline.params), recipe_of(base)
    folder = keep.folder_of(arguments.keep, read_beside(base, "sha256.json"), sizes, arguments.seed)
    wanted, twins = requests(sizes), requests(sizes)

    def painted(sets):
        generate(pipeline, [Clip("rain", "rain")], 0)
        alone = generate(pipeline, [Clip("rain", "rain")], 1)
        seconds = {name: generate(pipeline, clips, arguments.seed) for name, clips in sets.items()}
        return {"alone": round(alone, 3), f"batch_of_{BATCH}": round(seconds["classes"], 3)}

    def composed(sets):
        for own in sets.values():
            for clip, twin in zip(own, originals(own, codec), strict=True):
                clip.sound, clip.picture = twin.sound, twin.picture

    seconds = keep.clips(folder, "generated", wanted, painted)
    keep.clips(folder, "originals", twins, composed)
    both = {kind: keep.gauges(folder, kind, partial(figures.calibrate, kind, codec)) for kind in WORDS}
    grids = keep.array(
        folder, "training", lambda: figures.training_grids(codec, sizes.training, recipe, arguments.recordings)
    )
    return wanted, twins, *({k: v[n] for k, v in both.items()} for n in (0, 1)), grids, seconds


def report(arguments):
    """The whole result as a dictionary; ``adapter`` is there only with --lora."""
    from spectrogram.bases import locate_base
    from spectrogram.models import load_pipeline

    base, pipeline = locate_base(arguments.base), load_pipeline(arguments.base)
    if arguments.only_ear:
        return {"outside": listen_outside(pipeline, arguments, recipe_of(base).recordings_share)}
    judge = Judge(arguments.judge, arguments.judge_name) if arguments.judge else Judge()
    sizes, step_s = (QUICK if arguments.quick else FULL), pipeline.params.step_ms / 1000
    wanted, twins, gauges, left, grids, seconds = make_all(pipeline, sizes, arguments, base)
    result = {"classes": len(CLASSES), "clips": sum(map(len, wanted.values())), "judge": judge.identity}
    result |= figures_of(judge, wanted, gauges, grids, step_s)
    result |= {"seconds_per_clip": seconds, "megabytes": size_megabytes(base)}
    result["ceiling"] = figures_of(judge, twins, gauges, grids, step_s)
    codec = SpectrogramCodec(pipeline.params)
    result["ceiling"]["recorded"] = figures.recorded(judge, codec, arguments.recordings, RECORDINGS_SHARE)
    result["not_measured"] = left
    heard = listen_outside(pipeline, arguments, recipe_of(base).recordings_share)
    if heard:
        result["outside"] = heard
    if arguments.lora:
        result["adapter"] = measure_adapter(pipeline, judge, arguments, sizes.per_class)
    return result


def listen_outside(pipeline, arguments, share):
    """What the ear from outside hears, by step; None without its file."""
    if arguments.ear is None or not arguments.ear.is_file():
        print("no ear from outside was asked" + (f": {arguments.ear} is not there" if arguments.ear else ""))
        return None
    return outside.measure(
        OutsideEar(arguments.ear), pipeline, arguments.recordings, share, arguments.ear_clips, arguments.seed
    )


def recipe_of(base):
    """The recipe that made a base model: it says what taught it."""
    return ScratchSettings.from_dict(json.loads(read_beside(base, "recipe.json") or "{}"))


def size_megabytes(folder):
    return round(sum(f.stat().st_size for f in Path(folder).rglob("*") if f.is_file()) / 1e6, 2)


def measure_adapter(pipeline, judge, arguments, per_class):
    """Accuracy of the taught class and of the base's own classes, without and with the adapter."""

    def accuracies():
        target, own = class_prompts([arguments.label], 2 * BATCH), class_prompts(CLASSES, per_class)
        for clips in (target, own):
            generate(pipeline, clips, arguments.seed)
        return figures.accuracy(judge, target), figures.accuracy(judge, own)

    before, base_before = accuracies()
    pipeline.load_lora_weights(arguments.lora)
    after, base_after = accuracies()
    names = ("label", "before", "after", "base_classes_before", "base_classes_after")
    return dict(zip(names, (arguments.label, before, after, base_before, base_after), strict=True))


def _text(value):
    if isinstance(value, dict):
        return ", ".join(f"{name} {_text(part)}" for name, part in value.items())
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def show(result):
    """Print what was heard from outside, every figure with its ceiling, and the classes that fail."""
    for line in outside.rows(result["outside"]) if result.get("outside") else ():
        print(line)
    if "classes" not in result:
        return
    print(f"{result['classes']} classes, {result['clips']} clips, {result['megabytes']} MB, {result['judge']['name']}")
    print(f"seconds_per_clip {_text(result['seconds_per_clip'])}")
    for name in SHOWN:
        print(f"{name}: {_text(result[name])}  (originals through the codec: {_text(result['ceiling'][name])})")
    if result["ceiling"]["recorded"]:
        print(f"recordings that the base has not heard: {_text(result['ceiling']['recorded'])}")
    print(f"not measured, because no meter tells the originals apart: {_text(result['not_measured'])}")
    for label, names in result["detail"]["heard"].items():
        if set(names) != {label}:
            print(f"  {label} heard as {', '.join(names)}")
    if "adapter" in result:
        print(f"adapter: {_text(result['adapter'])}")


def build_parser():
    parser = argparse.ArgumentParser(prog="python -m benchmarks.base_model", description=__doc__.splitlines()[0])
    parser.add_argument("--base", help="another model than the embedded one")
    parser.add_argument("--quick", action="store_true", help="a third of the clips")
    parser.add_argument("--seed", type=int, default=100)
    parser.add_argument("--recordings", type=Path, nargs="*", default=[], help="folders with metadata.csv")
    parser.add_argument("--judge", type=Path, help="folder of another judge's weights and card")
    parser.add_argument("--judge-name", default="sd-audio-cnn-v1")
    parser.add_argument("--keep", type=Path, help="folder that keeps the clips, so that another judge can hear them")
    parser.add_argument("--ear", type=Path, help="yamnet.tflite, an ear from outside; without the file it is not asked")
    parser.add_argument("--ear-clips", type=int, default=8, help="clips of each class for it (default: 8)")
    parser.add_argument("--only-ear", action="store_true", help="nothing else is measured")
    parser.add_argument("--lora", type=Path, help="an adapter to judge as well; needs --label")
    parser.add_argument("--label", help="the class that the adapter teaches")
    parser.add_argument("--json", type=Path, help="write the result here too")
    return parser


def main():
    parser = build_parser()
    arguments = parser.parse_args()
    if bool(arguments.lora) != bool(arguments.label):
        parser.error("--lora and --label belong together: give the adapter and the class it teaches, e.g. --label owl")
    result = report(arguments)
    show(result)
    if arguments.json:
        json_file.write(arguments.json, result)


if __name__ == "__main__":
    main()
