"""One HTML file with every figure, bars per class, and the worst and best pairs to hear; it needs no network."""

import base64
import io
from html import escape
from pathlib import Path
from string import Template

from metrics.report.extremes import Pair
from spectrogram.files.audio import read_audio

TEMPLATE = Path(__file__).with_name("report_template.html")
LONGEST_S = 10.0


def write_report(results: dict, worst: list[Pair], best: list[Pair], path) -> Path:
    """Writes the report and returns its path."""
    path = Path(path)
    embedder = results["embedder"]
    page = Template(TEMPLATE.read_text(encoding="utf-8")).substitute(
        title=f"{results['n_generated']} generated against {results['n_reference']} reference clips",
        embedder=escape(f"{embedder['name']}, version {embedder['version']}, sha256 {embedder['sha256'][:12]}"),
        figures="".join(_figure_row(name, figure) for name, figure in results["metrics"].items()),
        rows=_comparison_rows(results),
        differences="".join(_difference_table(*one) for one in results.get("differences", {}).items()),
        warnings="".join(f"<li>{escape(text)}</li>" for text in results["warnings"]),
        skipped="".join(
            f"<li>{escape(c['set'])} {escape(c['name'])}: {escape(c['reason'])}</li>" for c in results["skipped"]
        ),
        classes="".join(_class_bars(figure) for figure in results["metrics"].values()),
        worst="".join(map(_pair_row, worst)),
        best="".join(map(_pair_row, best)),
    )
    path.write_text(page, encoding="utf-8")
    return path


def _number(value: float | None) -> str:
    return "not computed" if value is None else f"{value:.4g}"


def _figure_row(name: str, figure: dict) -> str:
    floor = "" if figure.get("noise_floor") is None else _number(figure["noise_floor"])
    cells = (escape(name), _number(figure["value"]), _interval(figure), floor, escape(figure["note"]))
    return f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def _comparison_rows(results: dict) -> str:
    """A table of control rows and other sets, one column a metric."""
    rows = results.get("rows", {})
    if not rows:
        return ""
    names = list(results["metrics"])
    this = {"this set": {name: figure["value"] for name, figure in results["metrics"].items()}}
    head = "".join(f"<th>{escape(name.split('[')[0].replace('_', ' '))}</th>" for name in names)
    body = "".join(_comparison_row(row, values, names) for row, values in (this | rows).items())
    return f"<h2>Read against</h2><table><tr><th>set</th>{head}</tr>{body}</table>"


def _comparison_row(row: str, values: dict, names: list[str]) -> str:
    cells = "".join(f"<td>{_number(values[name]) if name in values else ''}</td>" for name in names)
    return f"<tr><td>{escape(row)}</td>{cells}</tr>"


def _difference_table(other: str, figures: dict) -> str:
    head = "<tr><th>metric</th><th>difference</th><th>95 % interval</th><th>this set is</th></tr>"
    body = "".join(
        f"<tr><td>{escape(name)}</td><td>{_number(one['value'])}</td><td>{_interval(one)}</td>"
        f"<td>{one['verdict']}</td></tr>"
        for name, one in figures.items()
    )
    return f"<h2>This set minus {escape(other)}</h2><div class='scroll'><table>{head}{body}</table></div>"


def _interval(figure: dict) -> str:
    return "" if figure.get("low") is None else f"{figure['low']:.4g} to {figure['high']:.4g}"


def _class_bars(figure: dict) -> str:
    bars = "".join(
        f"<tr><td>{escape(name)}</td><td><div class='bar'><i style='width:{one['accuracy']:.0%}'></i></div></td>"
        f"<td>{one['accuracy']:.0%} of {one['n']}</td></tr>"
        for name, one in sorted(figure.get("by_class", {}).items(), key=lambda item: item[1]["accuracy"])
    )
    return f"<h2>Wanted class heard, by class</h2><table>{bars}</table>" if bars else ""


def _pair_row(pair: Pair) -> str:
    generated, caption = escape(pair.generated.name), escape(pair.generated.caption)
    return (
        f"<tr><td>{generated}<br><small>{caption}</small><br>{_player(pair.generated.path)}</td>"
        f"<td>{escape(pair.reference.name)}<br>{_player(pair.reference.path)}</td>"
        f"<td>{pair.distance:.3g}<br><small>{escape(pair.measure)}</small></td></tr>"
    )


def _player(path: Path) -> str:
    """An audio element that holds up to 10 s of the clip as Ogg Vorbis."""
    import soundfile

    audio, rate_hz = read_audio(path, seconds=LONGEST_S)
    buffer = io.BytesIO()
    with soundfile.SoundFile(buffer, "w", rate_hz, audio.shape[0], "VORBIS", format="OGG") as file:
        for start in range(0, audio.shape[1], 1 << 16):
            file.write(audio.T[start : start + (1 << 16)])
    sound = base64.b64encode(buffer.getvalue()).decode()
    return f"<audio controls preload='metadata' src='data:audio/ogg;base64,{sound}'></audio>"
