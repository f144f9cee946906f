"""``python -m model_card.base_card base_model`` writes the README of a base model from what lies beside its weights.

Nothing is typed by hand: recipe.json, training_log.json, sha256.json, ear/config.json and benchmark.json are read.
"""

import argparse
import json
import sys
from pathlib import Path

from dataset_builder.soundscapes.synthesis.catalogue import CATALOGUE, CLASSES, TONAL
from spectrogram.files.templates import Markdown, fill_markdown
from spectrogram.params import SpectrogramParams
from spectrogram.problems import Problem

ROOT = Path(__file__).resolve().parents[1]
JUDGES = (ROOT / "metrics" / "embedders" / "weights", ROOT / "benchmarks" / "base_model" / "judge_weights")
TEMPLATE = Path(__file__).with_suffix(".md")
ROWS = {
    "prompted_class_accuracy": "prompted class heard ↑",
    "prompted_class_accuracy_seen_wordings": "… wordings of the training captions",
    "prompted_class_accuracy_unseen_wordings": "… wordings that it never saw",
    "real_class_accuracy": "… the ten classes of ESC-10",
    "pitch": "pitch word obeyed ↑",
    "speed": "pace word obeyed ↑",
    "pairs_ordered": "A followed by B: A heard before the turn, B after it ↑",
    "pairs_together": "A while B: both among the two most likely ↑",
    "diversity": "distance between seeds of one prompt (near the ceiling is best)",
    "nearest_training": "likeness to the nearest training clip (near the ceiling is best)",
    "ridge_seconds": "length of tonal lines, s ↑",
    "seconds_per_clip": "seconds a clip ↓ (one thread)",
}


def read(folder, name):
    """A JSON file of the model folder; a Problem when it is absent."""
    path = Path(folder) / name
    if not path.is_file():
        raise Problem(f"{path} does not exist", "a model folder with its figures", "run training and the benchmark")
    return json.loads(path.read_text(encoding="utf-8"))


def shown(value):
    """A figure as text; several by name."""
    if isinstance(value, dict):
        return ", ".join(f"{name.replace('_', ' ')} {shown(part)}" for name, part in value.items())
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def figures_table(result):
    """Markdown rows of every figure with its ceiling."""
    lines = ["| | base | ceiling |", "|---|---|---|"]
    for name, label in ROWS.items():
        lines.append(f"| {label} | {shown(result[name])} | {shown(result['ceiling'].get(name, ''))} |")
    return "\n".join(lines)


STEPS = {
    "real": "real recordings that the base never heard", "codec": "the same through the codec",
    "vae": "… through codec and VAE", "originals": "synthesised clips, of classes that they teach too",
    "base": "**the base model**",
}  # fmt: skip


def outside_tables(result):
    """What an ear from outside hears on each step, and in the base's classes; a sentence where it was not asked."""
    heard = result.get("outside")
    if not heard:
        return "Not asked for these weights."
    lines = ["| what is heard | classes | clips | top-5 ↑ | AUC ↑ |", "|---|---|---|---|---|"]
    for name, label in STEPS.items():
        if name in heard:
            own = heard[name]
            lines.append(
                f"| {label} | {len(own['by_class'])} | {own['clips']} | {own['top5']:.2f} | {own['auc']:.3f} |"
            )
    lines += ["", "| class | real top-5 | base top-5 | base AUC |", "|---|---|---|---|"]
    real = heard.get("real", {"by_class": {}})["by_class"]
    for label, own in heard["base"]["by_class"].items():
        recorded = f"{real[label]['top5']:.2f}" if label in real else "–"
        lines.append(f"| {label.replace('_', ' ')} | {recorded} | {own['top5']:.2f} | {own['auc']:.2f} |")
    return "\n".join(lines)


def started_from(log):
    """Where the weights came from before this training."""
    if not log["start"]:
        return "from nothing"
    rows = ", ".join(f"`{name}` {digest[:12]}" for name, digest in log["start"].items() if not name.startswith("ear"))
    return f"from this project's weights before ({rows}; git keeps them)"


def failures(result):
    wrong = {
        label: [name for name in names if name != label]
        for label, names in result["detail"]["heard"].items()
        if set(names) != {label}
    }
    lines = [
        f"| {label} | {len(result['detail']['heard'][label]) - len(names)} of {len(result['detail']['heard'][label])} |"
        f" {', '.join(names)} |"
        for label, names in wrong.items()
    ]
    return "\n".join(["| class | right | heard instead |", "|---|---|---|", *lines]) if lines else "None."


def lines_table(result):
    own, originals = (part["detail"]["ridge_seconds_by_class"] for part in (result, result["ceiling"]))
    rows = [f"| {label} | {shown(own[label])} | {shown(originals[label])} |" for label in TONAL]
    return "\n".join(["| length of lines, s | base | ceiling |", "|---|---|---|", *rows])


def ear_table(config):
    lines = ["| measured on | figure | value |", "|---|---|---|"]
    for kind, own in config["figures"].items():
        lines += [f"| {kind} | {name.replace('_', ' ')} | {shown(value)} |" for name, value in own.items()]
    return "\n".join(lines)


def recorded(result):
    found = result["ceiling"]["recorded"]
    if not found:
        return ""
    return (
        f"Recordings of those ten classes that neither base nor judge has heard ({found['clips']} clips): the "
        f"right class is heard in {found['as_they_are']:.3f}, after the codec in {found['through_codec']:.3f}.\n"
    )


def judge_card(name):
    """The card of a judge, from where judges lie; a Problem when there is none."""
    cards = [root / f"{name}.json" for root in JUDGES if (root / f"{name}.json").is_file()]
    if not cards:
        raise Problem(f"no card of the judge {name}", f"one in {' or '.join(map(str, JUDGES))}", "train it again")
    return json.loads(cards[0].read_text(encoding="utf-8"))


def second_judge(folder):
    """What a judge that shares no recording with the base hears, where it was asked: benchmark_judge.json."""
    if not (Path(folder) / "benchmark_judge.json").is_file():
        return ""
    result = read(folder, "benchmark_judge.json")
    tests = judge_card(result["judge"]["name"])["test"]
    tests = [tests[f"{name}: one sound"] for name in ("heard_esc10", "composed_test")]
    real, composed = (f"{shown(test['accuracy'])} of {test['n']}" for test in tests)
    names = ("prompted_class_accuracy", "real_class_accuracy", "pairs_ordered", "pairs_together")
    rows = [f"| {ROWS[name]} | {shown(result[name])} | {shown(result['ceiling'][name])} |" for name in names]
    about = (
        f"A second judge, `{result['judge']['name']}`, has heard none of the recordings that the base heard. On clips "
        f"new to it it is right about ESC-10's recordings in {real}, about composed clips in {composed}. By it:\n"
    )
    return "\n".join([about, "| | base | ceiling |", "|---|---|---|", *rows, ""])


def shared_recordings(judge, credits):
    """How many of these credits of recordings also stand in the judge's card."""
    return len(set(credits) & set(judge_card(judge)["data_credits"]))


def values(folder):
    """Everything that the template names."""
    recipe, log, result = (read(folder, f"{name}.json") for name in ("recipe", "training_log", "benchmark"))
    params, defaults = SpectrogramParams.from_model(folder), read(folder, "generation.json")
    ear = read(folder, "ear/config.json")
    left = sorted({f"{label} ({kind})" for kind, own in result["not_measured"].items() for label in own})
    return recipe | defaults | {
        "megabytes": result["megabytes"], "classes": result["classes"], "clips": result["clips"],
        "judge": result["judge"]["name"],
        "shared": shared_recordings(result["judge"]["name"], log["recordings"]),
        "columns": params.columns, "bands": params.mel_bands,
        "seconds": f"{params.clip_seconds:g}", "high_khz": f"{params.high_hz / 1000:g}",
        "rate_khz": f"{params.sample_rate_hz / 1000:g}", "figures": figures_table(result), "recorded": recorded(result),
        "not_measured": ", ".join(left) or "none", "failures": failures(result),
        "psnr": log["vae"]["after"]["psnr_db"], "outside": outside_tables(result), "started": started_from(log),
        "ridge_s": shown(result["ridge_seconds"]), "ridge_ceiling_s": shown(result["ceiling"]["ridge_seconds"]),
        "lines": lines_table(result),
        "ear_name": ear["name"], "ear_mb": f"{(Path(folder) / 'ear/model.safetensors').stat().st_size / 1e6:.1f}",
        "ear_figures": ear_table(ear), "clips_with_recordings": log["clips_with_recordings"],
        "taught": log["clips"], "recordings": len(log["recordings"]), "second_judge": second_judge(folder),
        "drills_drawn": round(100 * recipe["drills_drawn"]),
        "start_percent": round(100 * recipe["start_share"]),
        "vae_clips": recipe["vae_clips"],
        "channels": read(folder, "vae/config.json")["latent_channels"],
        "recorded_classes": ", ".join(
            label.replace("_", " ") for label in CLASSES if CATALOGUE[label].recorded
        ),
        "sums": "\n".join(f"| {name} | `{digest}` |" for name, digest in read(folder, "sha256.json").items()),
        "credits": "\n".join(f"* {credit}" for credit in log["recordings"]),
    }  # fmt: skip


def write(folder):
    """Write FOLDER/README.md; returns its path."""
    path = Path(folder) / "README.md"
    told = {name: Markdown(value) for name, value in values(folder).items()}
    path.write_text(fill_markdown(TEMPLATE, **told), encoding="utf-8")
    return path


def main(argv=None):
    """Run the command line; returns the exit code (0 written, 4 unusable input)."""
    parser = argparse.ArgumentParser(prog="python -m model_card.base_card", description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, nargs="?", default=Path("base_model"))
    try:
        print(f"card in {write(parser.parse_args(argv).folder)}")
    except Problem as problem:
        print(f"python -m model_card.base_card: {problem}", file=sys.stderr)
        return problem.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
