"""How often one hears what the prompt asked for: the base model, and adapters on it, judged from audio.

    python -m benchmarks.base_model [--quick] [--lora runs/owl --label owl] --json FILE

The judge is the classifier of ``metrics``, trained on other clips (other seeds, and real recordings) than the base.
Every figure stands beside the same figure for synthesised originals, as they are and through the codec: the ceiling.
"""

import argparse
import json
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dataset_builder.soundscapes import RATE_HZ, SECONDS, render_event
from dataset_builder.synthesis.catalogue import CATALOGUE, CLASSES
from metrics import judge
from spectrogram.codec import SpectrogramCodec

BATCH = 8
ORIGINALS_SEED = 555_000


@dataclass
class Clip:
    """A prompt of a class, whether training captions used its wording, and what the judge heard."""

    label: str
    prompt: str = ""
    seen: bool = True
    heard: str = ""


def prompts(labels, per_class):
    """Clips to make: half of a class's prompts are wordings of its training captions, half are unseen."""
    clips = []
    for sound in (CATALOGUE[label] for label in labels):
        for n in range(per_class):
            seen = n % 2 == 0
            phrase = sound.phrases[n // 2 % len(sound.phrases)] if seen else sound.unseen_phrase
            clips.append(Clip(sound.label, phrase, seen))
    return clips


def generate(pipeline, clips, seed):
    """Audio arrays (channels, samples) of all prompts, clip n with seed ``seed + n``, and the seconds a clip took."""
    from rich.progress import track

    pipeline.set_progress_bar_config(disable=True)
    sounds, began = [], time.perf_counter()
    for start in track(range(0, len(clips), BATCH), description="generating"):
        texts = [clip.prompt for clip in clips[start : start + BATCH]]
        sounds += list(pipeline(texts, seed=seed + start).audios)
    return sounds, (time.perf_counter() - began) / len(clips)


def hear(clips, sounds, rate_hz):
    """Fill in what the judge hears."""
    for clip, heard in zip(clips, judge.classify(sounds, rate_hz)[0], strict=True):
        clip.heard = heard


def accuracy(clips):
    """Share of clips in which the judge hears the wanted class."""
    return float(np.mean([clip.heard == clip.label for clip in clips]))


def ceiling(labels, per_class, params):
    """Accuracy on fresh synthesised originals, as they are and after sound → picture → sound."""
    codec, originals, coded = SpectrogramCodec(params), [], []
    clips = [Clip(label) for label in sorted(labels) for _ in range(per_class)]
    for number, clip in enumerate(clips):
        audio = render_event(np.random.default_rng([ORIGINALS_SEED, number]), clip.label, SECONDS)[0]
        originals.append(np.clip(audio[None], -1, 1).astype(np.float32))
        coded.append(codec.decode(codec.encode(originals[-1], RATE_HZ))[0])
    result = {}
    for name, sounds, rate in (("originals", originals, RATE_HZ), ("through_codec", coded, params.sample_rate_hz)):
        hear(clips, sounds, rate)
        result[name] = accuracy(clips)
    return result


def measure(pipeline, labels, per_class, seed):
    """Figures of one pipeline on some classes: accuracies, what each class was heard as, seconds a clip."""
    clips = prompts(labels, per_class)
    sounds, seconds = generate(pipeline, clips, seed)
    hear(clips, sounds, pipeline.params.sample_rate_hz)
    by_class = {label: [clip for clip in clips if clip.label == label] for label in labels}
    return {
        "prompted_class_accuracy": accuracy(clips),
        "prompted_class_accuracy_seen_wordings": accuracy([clip for clip in clips if clip.seen]),
        "prompted_class_accuracy_unseen_wordings": accuracy([clip for clip in clips if not clip.seen]),
        "clips": len(clips),
        "seconds_per_clip": round(seconds, 3),
        "by_class": {
            label: {"accuracy": accuracy(own), "heard": [clip.heard for clip in own]} for label, own in by_class.items()
        },
    }


def size_megabytes(folder):
    return round(sum(f.stat().st_size for f in Path(folder).rglob("*") if f.is_file()) / 1e6, 2)


def report(arguments):
    """The whole result as a dictionary; ``adapter`` is there only with --lora."""
    from spectrogram.models import load_pipeline, locate_base

    pipeline = load_pipeline(arguments.base)
    per_class = 2 if arguments.quick else arguments.per_class
    result = {"classes": len(CLASSES), "base": measure(pipeline, CLASSES, per_class, arguments.seed)}
    result["megabytes"] = size_megabytes(locate_base(arguments.base))
    known = [*CLASSES, arguments.label] if arguments.label else CLASSES
    result["ceiling"] = ceiling(known, per_class, pipeline.params)
    if arguments.lora:
        result["adapter"] = measure_adapter(pipeline, arguments, per_class)
    return result


def measure_adapter(pipeline, arguments, per_class):
    """Accuracy of the taught class without and with the adapter, and of the base's own classes with it."""

    def target_accuracy():
        return measure(pipeline, [arguments.label], 2 * BATCH, arguments.seed)["prompted_class_accuracy"]

    before = target_accuracy()
    pipeline.load_lora_weights(arguments.lora)
    kept = measure(pipeline, CLASSES, per_class, arguments.seed)["prompted_class_accuracy"]
    return {"label": arguments.label, "before": before, "after": target_accuracy(), "base_classes_after": kept}


def show(result):
    """Print the figures, the ceiling beside them, and the classes that fail."""
    base, top = result["base"], result["ceiling"]
    print(f"classes {result['classes']}, clips {base['clips']}, {result['megabytes']} MB")
    print(f"seconds_per_clip {base['seconds_per_clip']} in batches of {BATCH}")
    for name in ("", "_seen_wordings", "_unseen_wordings"):
        value = base["prompted_class_accuracy" + name]
        print(f"prompted_class_accuracy{name}: {value:.3f}  ({value / top['through_codec']:.2f} of the ceiling)")
    print(f"ceiling: originals {top['originals']:.3f}, originals through the codec {top['through_codec']:.3f}")
    for label, row in sorted(base["by_class"].items(), key=lambda item: item[1]["accuracy"]):
        if row["accuracy"] < 1:
            print(f"  {label}: {row['accuracy']:.2f}, heard as {', '.join(row['heard'])}")
    if "adapter" in result:
        a = result["adapter"]
        print(f"adapter for {a['label']}: {a['before']:.3f} → {a['after']:.3f}")
        print(f"base classes with the adapter: {a['base_classes_after']:.3f}")


def main():
    parser = argparse.ArgumentParser(prog="python -m benchmarks.base_model", description=__doc__.splitlines()[0])
    parser.add_argument("--base", help="another model than the embedded one")
    parser.add_argument("--per-class", type=int, default=4, help="clips a class, half with unseen wordings")
    parser.add_argument("--quick", action="store_true", help="two clips a class")
    parser.add_argument("--seed", type=int, default=100)
    parser.add_argument("--lora", type=Path, help="an adapter to judge as well; needs --label")
    parser.add_argument("--label", help="the class that the adapter teaches")
    parser.add_argument("--json", type=Path, help="write the result here too")
    arguments = parser.parse_args()
    if bool(arguments.lora) != bool(arguments.label):
        parser.error("--lora and --label belong together: give the adapter and the class it teaches, e.g. --label owl")
    result = report(arguments)
    show(result)
    if arguments.json:
        arguments.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
