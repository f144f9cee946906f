"""The README of an adapter: metadata for the Hub and a card that a person can read."""

from pathlib import Path
from string import Template

from model_card import figures
from model_card.licence import strictest
from model_card.taught import loading, taught_by, trigger_of


def _samples(facts):
    """A table of the fixed prompts with the sounds before and after, same seed."""
    if not facts.samples:
        return "No samples were made (the run was started with `--samples 0`)."
    pairs = {}
    for row in facts.samples:
        pairs.setdefault((row["prompt"], row["seed"]), {})[row["tag"]] = f"samples/{row['file']}"
    lines = ["| prompt | seed | base alone | with the adapter |", "|---|---|---|---|"]
    for (prompt, seed), files in pairs.items():
        cells = [
            f"[sound]({files[t]}) · [picture]({Path(files[t]).with_suffix('.png').as_posix()})"
            for t in ("before", "after")
        ]
        lines.append(f"| {prompt} | {seed} | {cells[0]} | {cells[1]} |")
    return "\n".join(lines)


def _measured(facts):
    results = facts.results
    if results is None:
        return "Not measured. `python -m metrics GENERATED REFERENCE --out results.json` measures it."
    embedder = results["embedder"]
    said = f"{results['n_generated']} generated clips against {results['n_reference']} real ones; embedder "
    return f"{said}`{embedder['name']}` {embedder['version']}.\n\n{figures.table(results)}\n\n{figures.notes(results)}"


def _picture(params):
    return (
        f"{params['columns']} × {params['mel_bands']} pixels, {params['step_ms']:g} ms a column, "
        f"{params['low_hz']:g}–{params['high_hz']:g} Hz, {params['sample_rate_hz']} Hz sound"
    )


def _fields(facts):
    run, settings, (before, after) = facts.run, facts.settings, facts.validation
    trigger, taught = trigger_of(settings), taught_by(settings)
    return {
        "what": taught.what,
        "loading": loading(settings, f'"{facts.name}"'),
        "elsewhere": taught.others,
        "size": taught.made.format(**settings),
        "name": facts.name,
        "base": run["base"],
        "prompt": facts.samples[0]["prompt"] if facts.samples else trigger or "a sound",
        "trigger": f"Trigger word: **{trigger}**."
        if trigger
        else "It needs no trigger word: prompt it as its captions do.",
        "samples": _samples(facts),
        "measured": _measured(facts),
        "before": f"{before['loss']:.4f}",
        "after": f"{after['loss']:.4f}",
        "error": f"{after['standard_error']:.4f}",
        "validation_clips": after["clips"],
        "prediction": run["prediction_type"],
        "dataset": run["dataset"]["name"],
        "clips": run["dataset"]["train"],
        "held": run["dataset"]["validation"],
        "licences": ", ".join(f"{name}: {count}" for name, count in run["licences"].items()),
        "trainable": f"{run['trainable_parameters']:,}",
        "cache_s": f"{run['seconds']['cache']:.0f}",
        "train_s": f"{run['seconds']['train']:.0f}",
        "picture": _picture(run["spectrogram_params"]),
        "versions": ", ".join(f"{name} {number}" for name, number in run["versions"].items()),
    } | {key: settings[key] for key in ("steps", "batch", "rate", "seed", "precision")}


def metadata(facts):
    """The card's YAML as huggingface_hub writes it; a base in a local folder is named in the text only."""
    from huggingface_hub import ModelCardData

    base = facts.run["base"]
    on_hub = {"base_model": base, "base_model_relation": "adapter"} if base.count("/") == 1 else {}
    scores = {"model_name": facts.name, "eval_results": figures.eval_results(facts)} if facts.results else {}
    return ModelCardData(
        license=strictest(facts.run["licences"]),
        library_name="diffusers",
        pipeline_tag="text-to-audio",
        tags=[taught_by(facts.settings).tag, "spectrogram", "text-to-audio", "sd-audio-spectrograms"],
        **on_hub,
        **scores,
    )


def write(facts, path=None):
    """Write the card to ``path`` (default: README.md in the run's folder) and return the path."""
    template = Template((Path(__file__).parent / "adapter_card.md").read_text(encoding="utf-8"))
    path = Path(path) if path else facts.folder / "README.md"
    path.write_text(f"---\n{metadata(facts).to_yaml()}\n---\n\n{template.substitute(_fields(facts))}", encoding="utf-8")
    return path
