"""``python -m training report runs/NAME [runs/OTHER …]``: a page with curves, players and what was set.

Several runs share their charts, and the table shows where their settings differ.
"""

import argparse
import html
import os
from dataclasses import dataclass
from pathlib import Path
from string import Template

from spectrogram.files import atomic
from spectrogram.known_bases import SD15
from spectrogram.problems import Problem
from training.flags import settings_of
from training.record.curves import COLOURS, Chart, smooth
from training.record.run_file import EVENTS_FILE, read_events, read_run, read_samples


@dataclass(frozen=True)
class Told:
    """What the files of one run tell: events, samples, settings; ``facts`` is run.json or None while it runs."""

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
    """The Told of a run's folder; a run that goes on can be reported too."""
    folder = Path(folder)
    path = folder / EVENTS_FILE
    if not path.exists():
        raise Problem(f"{path} does not exist", "the folder of a run", "train first, or correct the name")
    return Told(folder, read_events(path), read_samples(folder), read_run(folder))


def loss_chart(runs):
    """Training loss, raw and smoothed, of all runs."""
    drawn = [[(e["step"], e["loss"]) for e in run.of("step") if e["loss"] is not None] for run in runs]
    points = [p for one in drawn for p in one]
    if not points:
        return "<p>No step has been trained yet.</p>"
    smoothed = [list(zip([x for x, _ in one], smooth([y for _, y in one]), strict=True)) for one in drawn]
    chart = Chart([x for x, _ in points], [y for _, y in points], "training loss")
    for number, (raw, mean) in enumerate(zip(drawn, smoothed, strict=True)):
        colour = COLOURS[number % len(COLOURS)]
        if raw:
            chart.line(raw, colour, 0.6, 0.35)
            chart.line(mean, colour, 2)
    return chart.svg()


def validation_chart(runs):
    """Validation loss on fixed noise with its standard errors."""
    drawn = [[(e["step"], e["loss"], e["standard_error"]) for e in run.of("validation")] for run in runs]
    points = [p for one in drawn for p in one]
    if not points:
        return "<p>Not validated yet.</p>"
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
        return ""
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


def settings_table(runs):
    """What differs from the method's defaults or between the runs comes first, the rest is folded away."""
    defaults = _defaults(runs[0].settings)
    names = list(runs[0].settings or defaults)
    rows = {True: [], False: []}
    for name in names:
        values = [run.settings.get(name, "–") for run in runs]
        changed = any(value != defaults.get(name) for value in values)
        cells = "".join(f"<td>{html.escape(str(value))}</td>" for value in values)
        default = html.escape(str(defaults.get(name, "–")))
        rows[changed].append(f"<tr><th>{html.escape(name)}</th>{cells}<td class=quiet>{default}</td></tr>")
    head = (
        "<tr><th>setting</th>" + "".join(f"<th>{html.escape(run.name)}</th>" for run in runs) + "<th>default</th></tr>"
    )
    folded = f"<table>{head}{''.join(rows[False])}</table>"
    rest = f"<details><summary>{len(rows[False])} settings at their defaults</summary>{folded}</details>"
    return f"<table>{head}{''.join(rows[True])}</table>{rest}"


def players(run, page):
    """One row a prompt: the same seed before, in between and after, with its cheap figures."""
    tags = list(dict.fromkeys(row["tag"] for row in sorted(run.samples, key=lambda r: ORDER.get(r["tag"], 1))))
    if not tags:
        return "<p>No samples were made.</p>"
    by = {(row["prompt"], row["seed"], row["tag"]): row for row in run.samples}
    head = "<tr><th>prompt</th>" + "".join(f"<th>{html.escape(tag)}</th>" for tag in tags) + "</tr>"
    lines = []
    for prompt, seed in dict.fromkeys((row["prompt"], row["seed"]) for row in run.samples):
        cells = [_player(by.get((prompt, seed, tag)), run, page) for tag in tags]
        lines.append(f"<tr><th>{html.escape(prompt)}<br><small>seed {seed}</small></th>{''.join(cells)}</tr>")
    return f"<div class=wide><table>{head}{''.join(lines)}</table></div>"


ORDER = {"before": 0, "after": 2}


def _player(row, run, page):
    if row is None:
        return "<td>–</td>"
    sound = Path(os.path.relpath(run.folder / "samples" / row["file"], page.parent)).as_posix()
    picture = sound.rsplit(".", 1)[0] + ".png"
    heard = row.get("heard_as")
    told = f"{row['level_db']:.0f} dB, heard as {html.escape(heard)} ({row['certainty']:.0%})" if heard else ""
    label = html.escape(f"{row['prompt']}, {row['tag']}")
    return (
        f'<td><img src="{picture}" alt="spectrogram: {label}"><audio controls preload="none" src="{sound}" '
        f'aria-label="{label}"></audio><br><small>{told}</small></td>'
    )


def headline(run):
    """One sentence: how far it is, how fast, and what the validation says."""
    steps, settings = run.of("step"), run.settings
    if not steps:
        return f"{html.escape(run.name)}: nothing trained yet"
    first, last = steps[0], steps[-1]
    each_s = (last["seconds"] - first["seconds"]) / max(last["step"] - first["step"], 1)
    checks = run.of("validation")
    told = f"; validation loss {checks[0]['loss']:.4f} → {checks[-1]['loss']:.4f}" if checks else ""
    state = "finished" if any(e["event"] == "end" for e in run.events) else "not finished"
    name = f"<b style='color:{{}}'>{html.escape(run.name)}</b>"
    place = f"step {last['step']} of {settings.get('steps')}"
    return f"{name} ({settings.get('method')}): {place}, {state}, {each_s:.2f} s a step{told}"


def notes(run):
    """What went other than planned."""
    lines = [e["text"] for e in run.events if e["event"] in ("note", "error")]
    lines += [f"step {e['step']} was skipped: loss {e['loss']}, files {', '.join(e['files'][:4])}" for e in run.events
              if e["event"] == "skipped"]  # fmt: skip
    lines += [f"resumed at step {e['step']}" for e in run.events if e["event"] == "resume"]
    return "".join(f"<li>{html.escape(run.name)}: {html.escape(line)}</li>" for line in lines)


def write(folders, path=None):
    """Write the page of some runs (default: report.html in the first one); returns its path."""
    runs = [gather(folder) for folder in folders]
    page = Path(path) if path else runs[0].folder / "report.html"
    heads = [headline(run).replace("{}", COLOURS[n % len(COLOURS)]) for n, run in enumerate(runs)]
    told = "".join(notes(run) for run in runs)
    fields = {
        "title": html.escape(", ".join(run.name for run in runs)),
        "headlines": "".join(f"<p>{line}</p>" for line in heads),
        "loss": loss_chart(runs),
        "validation": validation_chart(runs),
        "rate": rate_chart(runs),
        "settings": settings_table(runs),
        "players": "".join(f"<h3>{html.escape(run.name)}</h3>{players(run, page.resolve())}" for run in runs),
        "notes": f"<h2>Notes</h2><ul>{told}</ul>" if told else "",
    }
    template = Template((Path(__file__).parent / "report.html").read_text(encoding="utf-8"))
    atomic.write_text(page, template.substitute(fields))
    return page


def main(argv):
    parser = argparse.ArgumentParser(prog="python -m training report", description=__doc__)
    parser.add_argument("runs", nargs="+", type=Path, help="folders of runs")
    parser.add_argument("--out", type=Path, help="the page (default: report.html in the first run)")
    arguments = parser.parse_args(argv)
    print(f"{write(arguments.runs, arguments.out)}\nnext: open it in a browser")
    return 0
