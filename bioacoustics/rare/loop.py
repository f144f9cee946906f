"""The whole loop: few recordings, an adapter, generated clips, a filter, classifiers taught each way, a report.

Every stage leaves its files in ``out`` and is skipped when they are there, so a run that was stopped goes on.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from bioacoustics.classifiers.clips import Clips, read_clips
from bioacoustics.classifiers.embeddings import embedded_clips
from bioacoustics.classifiers.front_end import FrontEnd, front_end
from bioacoustics.classifiers.trainer import TrainingSettings
from bioacoustics.rare.comparison import comparison, taught_each_way
from bioacoustics.rare.generation import generate, prompts_of, teach_adapter
from bioacoustics.rare.keeping import generated_entries, keep_rates, kept
from bioacoustics.rare.sets import few_and_test
from dataset_builder.intake.captions import read_entries
from dataset_builder.intake.entries import Entry
from spectrogram import json_text
from spectrogram.files import atomic
from spectrogram.files.templates import fill_html
from spectrogram.problems import UsageProblem

TEMPLATE = Path(__file__).with_name("report.html")
HEARD = 3
# Varied copies of each real clip, for classifiers that stand on embeddings.
COPIES = 4
Report = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Plan:
    """What the command line asks for; see ``rare --help``.  ``generated`` holds ready clips, one folder a class."""

    where: Path
    out: Path
    clips: int = 5
    classes: tuple[str, ...] = ()
    generated: Path | None = None
    count: int = 20
    adapter_steps: int = 300
    base: str | None = None
    network: str = "cnn"
    embedder: str = "sd-audio-cnn-v1"
    steps: int = 200
    seeds: int = 3
    filter_embedder: str = "sd-audio-cnn-v1"
    filter_weights: str | None = None
    seed: int = 0
    until: str = "report"

    def __post_init__(self) -> None:
        if self.network == "linear" and self.embedder == self.filter_embedder:
            raise UsageProblem(
                f"filter and classifier both stand on {self.embedder}", "two ears", "choose another --filter-embedder"
            )
        for name in ("clips", "seeds", "steps", "count"):
            if getattr(self, name) < 1:
                raise UsageProblem(f"--{name} is {getattr(self, name)}", "1 or more", "correct it")


def run_loop(plan: Plan, report: Report = lambda stage, done, total: None) -> dict | None:
    """Run all stages; returns what results.json holds: rows of the comparison, keep rates, what was asked for.

    None when ``plan.until`` ends it before.
    """
    few, test = few_and_test(read_entries(plan.where), plan.clips, plan.classes, plan.seed)
    plan.out.mkdir(parents=True, exist_ok=True)
    files = generated_files(plan, few, report)
    if plan.until != "report":
        return None
    entries = generated_entries({name: own for name, own in files.items() if name in few})
    real = [entry for own in few.values() for entry in own]
    right = kept(real, entries, plan.filter_embedder, plan.filter_weights, plan.seed) if entries else []
    let_in = [entry for entry, is_right in zip(entries, right, strict=True) if is_right]
    sets, front = clips_of(plan, real, let_in, [entry for own in test.values() for entry in own])
    settings = TrainingSettings(network=plan.network, steps=plan.steps, batch=16, rate=3e-3 if front else 1e-2)
    seeds = [plan.seed + number for number in range(plan.seeds)]
    told = lambda done, total: report("classifiers", done, total)  # noqa: E731
    copies = None if front else embedded_clips(real, plan.embedder, None, sets[0].classes, COPIES, plan.seed)
    given = taught_each_way(*sets, front, settings, seeds, told, plan.out / "classifiers", copies)
    result = {
        "plan": {name: str(value) for name, value in asdict(plan).items()},
        "classes": list(sets[2].classes),
        "few": {name: [entry.path for entry in own] for name, own in few.items()},
        "test_recordings": len(set(sets[2].recordings)),
        "test_clips": len(sets[2]),
        "keep_rates": keep_rates(entries, right) if entries else {},
        "rows": comparison(sets[2], given),
    }
    result["verdict"] = verdict(result)
    atomic.write_text(plan.out / "results.json", json_text.dumps(result, indent=1) + "\n")
    write_report(plan, result, few, entries, right)
    return result


def generated_files(plan: Plan, few: dict[str, list[Entry]], report: Report) -> dict[str, list[Path]]:
    """The generated clips of every class: those of a folder that was given, or made here."""
    if plan.generated:
        entries = read_entries(plan.generated)
        return {name: [Path(e.path) for e in entries if e.label == name] for name in few}
    report("adapter", 0, 1)
    adapter = teach_adapter(few, plan.out, plan.adapter_steps, plan.seed, plan.base)
    if plan.until == "adapter":
        return {}
    told = lambda done, total: report("generated clips", done, total)  # noqa: E731
    return generate(prompts_of(few), adapter, plan.out / "generated", plan.count, plan.seed, plan.base, told)


def clips_of(
    plan: Plan, real: list[Entry], synthetic: list[Entry], test: list[Entry]
) -> tuple[tuple[Clips, Clips | None, Clips], FrontEnd | None]:
    classes = tuple(sorted({entry.label for entry in real}))
    if plan.network == "linear":

        def read(entries: list[Entry]) -> Clips:
            return embedded_clips(entries, plan.embedder, None, classes)

        front = None
    else:
        front = front_end(rate_hz=22_050, step_ms=20.0, window_ms=40.0)

        def read(entries: list[Entry]) -> Clips:
            return read_clips(entries, front, 5.0, classes)

    return (read(real), read(synthetic) if synthetic else None, read(test)), front


def verdict(result: dict) -> str:
    """One sentence that says what the numbers allow to say, and whether the control behaves."""
    rows = {row["way"]: row for row in result["rows"]}
    if "real + synthetic" not in rows:
        return "No generated clip passed the filter: there is nothing that could help."
    gain, control = (rows[name]["gain"] for name in ("real + synthetic", "real + synthetic, labels shuffled"))
    told = f"by {gain['value']:+.3f} AUROC ({gain['low']:+.3f} to {gain['high']:+.3f})"
    if gain["low"] > 0:
        text = f"Generated clips help: they change real clips alone {told}."
    elif gain["high"] < 0:
        text = f"Generated clips harm: they change real clips alone {told}."
    else:
        text = f"No effect of generated clips is shown: they change real clips alone {told}."
    if control["low"] > 0:
        text += " The control with shuffled labels gains too, so the gain is not due to what the clips hold."
    return text + kept_words(result.get("keep_rates", {}))


def kept_words(rates: dict[str, dict]) -> str:
    """How many clips the filter kept, beside chance, and whether the control can say anything."""
    made, kept = (sum(one[name] for one in rates.values()) for name in ("generated", "kept"))
    if not made:
        return ""
    text = f" The filter kept {kept} of {made} generated clips, {kept / made:.2f}; "
    text += f"by chance it is {1 / len(rates):.2f}."
    if sum(one["kept"] > 0 for one in rates.values()) == 1:
        text += " All that were kept are of one class, so shuffling their labels changes nothing: the control is void."
    return text


def write_report(
    plan: Plan, result: dict, few: dict[str, list[Entry]], entries: list[Entry], right: list[bool]
) -> Path:
    """report.html with the tables and sounds to hear, which are copied beside it."""
    examples: dict[str, list[dict]] = {}
    for name, own in few.items():
        sounds = [{"title": "real", "path": beside(plan.out, own[0].path, name), "kept": True}]
        made = [(entry, is_right) for entry, is_right in zip(entries, right, strict=True) if entry.label == name]
        for entry, is_right in sorted(made, key=lambda one: not one[1])[:HEARD]:
            title = "generated, kept" if is_right else "generated, refused"
            sounds.append({"title": title, "path": beside(plan.out, entry.path, name), "kept": is_right})
        examples[name] = sounds
    page = fill_html(
        TEMPLATE,
        title=f"Rare classes: {plan.clips} recordings each of {len(few)} classes",
        verdict=result["verdict"],
        setting=f"{result['test_clips']} test clips of {result['test_recordings']} recordings, {plan.seeds} seeds, "
        f"classifier: {plan.network}; filter: a linear ear on {plan.filter_embedder}.",
        rows=result["rows"],
        classes=result["classes"],
        rates=result["keep_rates"],
        examples=examples,
    )
    return atomic.write_text(plan.out / "report.html", page)


def beside(out: Path, path: str, label: str) -> str:
    """A copy of a sound in the report's own folder, as a relative address."""
    source = Path(path)
    folder = "".join(letter if letter.isalnum() else "-" for letter in label)
    target = out / "heard" / folder / source.name
    target.parent.mkdir(parents=True, exist_ok=True)
    if not target.is_file():
        shutil.copyfile(source, target)
    return os.path.relpath(target, out).replace(os.sep, "/")
