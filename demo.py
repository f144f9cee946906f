"""The main job, end to end and offline: teach the embedded base model a sound it does not know; hear the difference.

    make demo        writes demo/index.html (about five minutes on two cores)

Every stage calls the command that a person would type and prints it first.
"""

import argparse
import json
import shutil
import sys
import time
from pathlib import Path

from spectrogram.files import json_file
from spectrogram.problems import UsageProblem

SOUND = "owl"
CLIPS = 96
SPLIT = "65/10/25"
STEPS = 300
OTHERS = (
    "a dog barking",
    "rain falling",
    "a siren wailing",
    "a clock ticking",
    "a flute playing",
    "church bells ringing",
)
OTHER_LABELS = ("dog_bark", "rain", "siren", "clock_tick", "flute", "church_bells")


def run(title, module, *arguments):
    """Print and run ``python -m MODULE ARGUMENTS`` in this process, so that libraries are imported once."""
    import importlib

    words = [str(a) for a in arguments]
    shown = " ".join(f'"{w}"' if " " in w else w for w in words)
    print(f"\n── {title}\n$ python -m {module} {shown}", flush=True)
    code = importlib.import_module(f"{module}.__main__").main(words)
    if code:
        sys.exit(code)


def export_reference(dataset, folder):
    """The clips of the dataset's test split as sound and picture files with a metadata.csv; returns its rows."""
    from model_card.clip_table import read_clips

    run("The held-out originals as files", "dataset_builder", "export", dataset, "--out", folder, "--pictures")
    return [{**clip, "name": Path(clip["file_name"]).stem} for clip in read_clips(folder)]


def generate(pipeline, clips, folder, title):
    """One clip for each caption, seeds 0, 1, …; files are named as the reference clips are."""
    from rich.progress import track

    from model_card.clip_table import write_clips

    (folder / "audio").mkdir(parents=True, exist_ok=True)
    pipeline.set_progress_bar_config(disable=True)
    for seed, clip in enumerate(track(clips, description=title)):
        pipeline(clip["caption"], seed=seed).save(folder / "audio" / f"{clip['name']}.wav")
    write_clips(folder, clips, ".wav")


def generate_before_and_after(out, run_folder, clips):
    """The held-out captions and a few sounds that the base knows, without and with the adapter, same seeds."""
    from spectrogram.models import load_pipeline

    known = [
        {"name": f"known-{n}", "caption": caption, "label": label}
        for n, (caption, label) in enumerate(zip(OTHERS, OTHER_LABELS, strict=True))
    ]
    print("\n── Generate with the same seeds before and after", flush=True)
    pipeline = load_pipeline()
    generate(pipeline, clips, out / "before", "before")
    generate(pipeline, known, out / "known_before", "known sounds, before")
    pipeline.load_lora_weights(run_folder)
    generate(pipeline, clips, out / "after", "after")
    generate(pipeline, known, out / "known_after", "known sounds, after")


def build(out):
    """All stages; every path lies under ``out``."""
    raw, dataset, run_folder, results = (
        out / "recordings",
        out / "sd-audio-spectrograms",
        out / "run",
        out / "results.json",
    )
    run(
        f"Compose {CLIPS} clips of a sound the base does not know", "dataset_builder", "soundscapes",
        "--out", raw, "--clips", CLIPS, "--seed", 2026, "--classes", SOUND, "--pair-share", 0,
    )  # fmt: skip
    run(
        "Turn sounds and captions into a dataset", "dataset_builder",
        raw / "metadata.csv", "--audio", raw, "--out", dataset, "--split", SPLIT,
    )  # fmt: skip
    run("Teach the base model the sound", "training", dataset, "--out", run_folder, "--steps", STEPS)
    clips = export_reference(dataset, out / "reference")
    generate_before_and_after(out, run_folder, clips)
    run(
        "Measure against the held-out originals", "metrics", out / "after", out / "reference", "--out", results,
        "--also", f"without the adapter={out / 'before'}", "--controls", "--html", out / "metrics.html",
    )  # fmt: skip
    run("Write the model card", "model_card", run_folder, "--results", results)


def write_figures(out, seconds):
    """What the page says, as demo/figures.json: the figures of results.json, the sounds known before, the seconds."""
    from model_card import listening_page

    results = json.loads((out / "results.json").read_text(encoding="utf-8"))
    before, after, count = listening_page.known_sounds(out)
    figures = {
        "sound": SOUND,
        "seconds": seconds,
        "n_generated": results["n_generated"],
        "n_reference": results["n_reference"],
        "metrics": results["metrics"],
        "rows": results["rows"],
        "known": {"before": before, "after": after, "clips": count},
    }
    json_file.write(out / "figures.json", figures)


def clear(out):
    """Remove an earlier demo; a folder that holds anything else is left as it is and the run ends with code 2."""
    if not out.exists() or not any(out.iterdir()):
        return
    if not (out / "recordings" / "strong_labels.jsonl").is_file():
        told = UsageProblem(f"{out} holds other files", "an empty folder or an earlier demo", "choose another --out")
        print(f"demo: {told}", file=sys.stderr)
        sys.exit(2)
    shutil.rmtree(out)


def main(argv=None):
    """Run the demo; exits with 1 if the adapter does not measure better than the base alone."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("demo"))
    arguments = parser.parse_args(argv)
    began = time.monotonic()
    clear(arguments.out)
    build(arguments.out)
    from model_card import listening_page

    verdict = listening_page.write(arguments.out, SOUND, time.monotonic() - began)
    seconds = time.monotonic() - began
    write_figures(arguments.out, seconds)
    print(f"\n{verdict.sentence}\nhear it: {arguments.out / 'index.html'}   ({seconds:.0f} s)")
    print("next: make space    (the page where you type a prompt), or bring your own sounds: README.md")
    return 0 if verdict.better else 1


if __name__ == "__main__":
    sys.exit(main())
