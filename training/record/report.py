"""``python -m training report runs/NAME [runs/OTHER …]``: a page with curves, players and what was set.

Several runs share their charts, and the table shows where their settings differ.
"""

import argparse
import os
from dataclasses import dataclass
from pathlib import Path

from spectrogram.files import atomic
from spectrogram.files.templates import fill_html
from spectrogram.known_bases import SD15
from spectrogram.problems import Problem
from training.flags import settings_of
from training.record.curves import COLOURS, Chart, smooth
from training.record.run_file import EVENTS_FILE, read_events, read_run, read_samples


@dataclass(frozen=True)
class RunRecord:
    """What the files of one run say: events, samples, settings; ``facts`` is run.json or None while it runs."""

    folder: Path
    events: list[dict]
    samples: list[dict]
    facts: dict | None

    @property
    def name(self):
        return self.folder.resolve().name

    @property
    def settings(self):
        start = next((e for e in self.events if e["event"] == "start"), None)
        return start["settings"] if start else {}

    def of(self, kind):
        """The last event of a kind for each step, in the order of the steps: a resumed run repeats a few."""
        found = {e["step"]: e for e in self.events if e["event"] == kind}
        return [found[step] for step in sorted(found)]


def gather(folder):
    """The RunRecord of a run's folder; a run that goes on can be reported too."""
    folder = Path(folder)
    path = folder / EVENTS_FILE
    if not path.exists():
        raise Problem(f"{path} does not exist", "the folder of a run", "train first, or correct the name")
    return RunRecord(folder, read_events(path), read_samples(folder), read_run(folder))


def loss_chart(runs):
    """Training loss, raw and smoothed, of all runs; None before the first step."""
    drawn = [[(e["step"], e["loss"]) for e in run.of("step") if e["loss"] is not None] for run in runs]
    points = [p for one in drawn for p in one]
    if not points:
        return None
    smoothed = [list(zip([x for x, _ in one], smooth([y for _, y in one]), strict=True)) for one in drawn]
    chart = Chart([x for x, _ in points], [y for _, y in points], "training loss")
    for number, (raw, mean) in enumerate(zip(drawn, smoothed, strict=True)):
        colour = COLOURS[number % len(COLOURS)]
        if raw:
            chart.line(raw, colour, 0.6, 0.35)
            chart.line(mean, colour, 2)
    return chart.svg()


def validation_chart(runs):
    """Validation loss on fixed noise with its standard errors; None before the first one."""
    drawn = [[(e["step"], e["loss"], e["standard_error"]) for e in run.of("validation")] for run in runs]
    points = [p for one in drawn for p in one]
    if not points:
        return None
    highs = [y + (s or 0.0) * side for _, y, s in points for side in (-1, 1)]
    chart = Chart([x for x, _, _ in points], highs, "validation loss")
    for number, one in enumerate(drawn):
        colour = COLOURS[number % len(COLOURS)]
        chart.line([(x, y) for x, y, _ in one], colour)
        chart.bars(one, colour)
    return chart.svg()


def rate_chart(runs):
    drawn = [[(e["step"], e["rate"]) for e in run.of("step")] for run in runs]
    points = [p for one in drawn for p in one]
    if not points:
        return None
    chart = Chart([x for x, _ in points], [0, *(y for _, y in points)], "learning rate")
    for number, one in enumerate(drawn):
        if one:
            chart.line(one, COLOURS[number % len(COLOURS)])
    return chart.svg()


def _defaults(settings):
    """What the run's base has for its method; Stable Diffusion 1.5's where the base is no longer there."""
    method = settings.get("method", "lora")
    try:
        return settings_of({"method": method, "base": settings.get("base", "base_model")}).to_dict()
    except Problem:
        return settings_of({"base": SD15.hub[0]}).to_dict()


def settings_rows(runs):
    """(what differs from the method's defaults or between the runs, the rest): rows of name, values and default."""
    defaults = _defaults(runs[0].settings)
    rows = {True: [], False: []}
    for name in runs[0].settings or defaults:
        values = [run.settings.get(name, "–") for run in runs]
        changed = any(value != defaults.get(name) for value in values)
        rows[changed].append((name, values, defaults.get(name, "–")))
    return rows[True], rows[False]


ORDER = {"before": 0, "after": 2}


def players(run, page):
    """(tags in their order, rows of prompt, seed and a player a tag): one seed before, in between and after."""
    tags = list(dict.fromkeys(row["tag"] for row in sorted(run.samples, key=lambda r: ORDER.get(r["tag"], 1))))
    by = {(row["prompt"], row["seed"], row["tag"]): row for row in run.samples}
    keys = dict.fromkeys((row["prompt"], row["seed"]) for row in run.samples)
    return tags, [(*key, [_player(by.get((*key, tag)), run, page) for tag in tags]) for key in keys]


def _player(row, run, page):
    """A sample with the addresses of its sound and picture from the page; None where there is none."""
    if row is None:
        return None
    sound = Path(os.path.relpath(run.folder / "samples" / row["file"], page.parent)).as_posix()
    return {**row, "sound": sound, "picture": sound.rsplit(".", 1)[0] + ".png"}


def headline(run):
    """How far a run is, how fast, and what the validation says; None before its first step."""
    steps = run.of("step")
    if not steps:
        return None
    first, last = steps[0], steps[-1]
    return {
        "step": last["step"],
        "seconds": (last["seconds"] - first["seconds"]) / max(last["step"] - first["step"], 1),
        "finished": any(e["event"] == "end" for e in run.events),
        "losses": [check["loss"] for check in run.of("validation")],
    }


def notes(run):
    """What went other than planned."""
    lines = [e["text"] for e in run.events if e["event"] in ("note", "error")]
    lines += [f"step {e['step']} was skipped: loss {e['loss']}, files {', '.join(e['files'][:4])}" for e in run.events
              if e["event"] == "skipped"]  # fmt: skip
    return lines + [f"resumed at step {e['step']}" for e in run.events if e["event"] == "resume"]


def write(folders, path=None):
    """Write the page of some runs (default: report.html in the first one); returns its path."""
    runs = [gather(folder) for folder in folders]
    page = Path(path) if path else runs[0].folder / "report.html"
    changed, unchanged = settings_rows(runs)
    shown = [
        {
            "name": run.name,
            "colour": COLOURS[number % len(COLOURS)],
            "settings": run.settings,
            "headline": headline(run),
            "players": players(run, page.resolve()),
            "notes": notes(run),
        }
        for number, run in enumerate(runs)
    ]
    charts = {"loss": loss_chart(runs), "validation": validation_chart(runs), "rate": rate_chart(runs)}
    template = Path(__file__).parent / "report.html"
    atomic.write_text(page, fill_html(template, runs=shown, changed=changed, unchanged=unchanged, **charts))
    return page


def main(argv):
    parser = argparse.ArgumentParser(prog="python -m training report", description=__doc__)
    parser.add_argument("runs", nargs="+", type=Path, help="folders of runs")
    parser.add_argument("--out", type=Path, help="the page (default: report.html in the first run)")
    arguments = parser.parse_args(argv)
    print(f"{write(arguments.runs, arguments.out)}\nnext: open it in a browser")
    return 0
