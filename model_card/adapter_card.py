"""The README of an adapter: metadata for the Hub and a card that a person can read."""

from pathlib import Path

from huggingface_hub import ModelCardData

from model_card import figures
from model_card.licence import strictest
from model_card.taught import loading, method_of, trigger_of
from spectrogram.files import atomic
from spectrogram.files.templates import Markdown, fill_markdown, python

TEMPLATE = Path(__file__).with_suffix(".md")


def _samples(facts):
    """The fixed prompts with the files before and after, same seed: prompt, seed, files [(sound, picture)]."""
    pairs = {}
    for row in facts.samples:
        sound = f"samples/{Path(str(row['file'])).name}"
        files = pairs.setdefault((row["prompt"], row["seed"]), {})
        files[row["tag"]] = (sound, Path(sound).with_suffix(".png").as_posix())
    return [
        {"prompt": prompt, "seed": seed, "files": [files[tag] for tag in ("before", "after") if tag in files]}
        for (prompt, seed), files in pairs.items()
    ]


def _picture(params):
    return (
        f"{params['columns']} × {params['mel_bands']} pixels, {params['step_ms']:g} ms a column, "
        f"{params['low_hz']:g}–{params['high_hz']:g} Hz, {params['sample_rate_hz']} Hz sound"
    )


def _values(facts):
    """Everything that the template names."""
    run, settings, (before, after) = facts.run, facts.settings, facts.validation
    trigger, taught = trigger_of(settings), method_of(settings)
    return {
        "name": facts.name,
        "run": run,
        "settings": settings,
        "what": taught.made,
        "base": facts.base,
        "dataset": facts.dataset,
        "clips": run["dataset"]["train"],
        "trigger": trigger,
        "samples": _samples(facts),
        "loading": Markdown(loading(settings, python(facts.name))),
        "prompt": facts.samples[0]["prompt"] if facts.samples else trigger or "a sound",
        "elsewhere": Markdown(taught.elsewhere),
        "size": taught.size.format(**settings),
        "results": facts.results,
        "table": figures.table(facts.results) if facts.results else {},
        "before": before,
        "after": after,
        "licences": ", ".join(f"{name}: {count}" for name, count in run["licences"].items()),
        "picture": _picture(run["spectrogram_params"]),
        "versions": ", ".join(f"{name} {number}" for name, number in run["versions"].items()),
    }


def metadata(facts):
    """The card's YAML as huggingface_hub writes it; a base in a local folder is named in the text only."""
    base = facts.base
    on_hub = {"base_model": base, "base_model_relation": "adapter"} if base.count("/") == 1 else {}
    scores = {"model_name": facts.name, "eval_results": figures.eval_results(facts)} if facts.results else {}
    return ModelCardData(
        license=strictest(facts.run["licences"]),
        library_name="diffusers",
        pipeline_tag="text-to-audio",
        tags=[method_of(facts.settings).tag, "spectrogram", "text-to-audio", "sd-audio-spectrograms"],
        **on_hub,
        **scores,
    )


def write(facts, path=None):
    """Write the card to ``path`` (default: README.md in the run's folder) and return the path."""
    path = Path(path) if path else facts.folder / "README.md"
    text = fill_markdown(TEMPLATE, **_values(facts))
    atomic.write_text(path, f"---\n{metadata(facts).to_yaml()}\n---\n\n{text}")
    return path
