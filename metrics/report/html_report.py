"""One HTML file with every figure, bars per class, and the worst and best pairs to hear; it needs no network."""

import base64
import io
from pathlib import Path

import soundfile

from metrics.figures.records import metric_of
from metrics.report.extremes import Pair
from metrics.report.terminal import compared
from spectrogram.files.audio import read_audio
from spectrogram.files.templates import Markup, fill_html

TEMPLATE = Path(__file__).with_name("report_template.html")
LONGEST_S = 10.0


def write_report(results: dict, worst: list[Pair], best: list[Pair], path) -> Path:
    """Writes the report and returns its path."""
    path = Path(path)
    this = {"this set": {name: figure["value"] for name, figure in results["metrics"].items()}}
    page = fill_html(
        TEMPLATE,
        title=compared(results),
        embedder=results["embedder"],
        results=results,
        rows=this | results["rows"] if results.get("rows") else {},
        differences=results.get("differences", {}),
        worst=worst,
        best=best,
        number=_number,
        interval=_interval,
        arrow=lambda name: metric_of(name).arrow,
        player=_player,
    )
    path.write_text(page, encoding="utf-8")
    return path


def _number(value: float | None) -> str:
    return "not computed" if value is None else f"{value:.4g}"


def _interval(figure: dict) -> str:
    return "" if figure.get("low") is None else f"{figure['low']:.4g} to {figure['high']:.4g}"


def _player(path: Path) -> Markup:
    """An audio element that holds up to 10 s of the clip as Ogg Vorbis."""
    audio, rate_hz = read_audio(path, seconds=LONGEST_S)
    buffer = io.BytesIO()
    with soundfile.SoundFile(buffer, "w", rate_hz, audio.shape[0], "VORBIS", format="OGG") as file:
        for start in range(0, audio.shape[1], 1 << 16):
            file.write(audio.T[start : start + (1 << 16)])
    sound = base64.b64encode(buffer.getvalue()).decode()
    return Markup(f"<audio controls preload='metadata' src='data:audio/ogg;base64,{sound}'></audio>")
