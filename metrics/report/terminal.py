"""What a run shows in the terminal: progress while embedding, then one table and a line of meaning for each figure."""

from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.progress import track
from rich.table import Table

from metrics.figures.records import metric_of


@contextmanager
def progress(total: int, description: str):
    """A bar on standard error; gives the function that moves it by one clip."""
    steps = iter(track(range(total), description=description, console=Console(stderr=True), transient=True))
    next(steps, None)
    yield lambda: next(steps, None)


def show(results: dict, path, console: Console | None = None) -> None:
    """Prints the tables of a results.json, its warnings and the clips that were left out."""
    console = console or Console()
    console.print(escape(f"{compared(results)}, {results['embedder']['name']}"), highlight=False, soft_wrap=True)
    console.print(metrics_table(results))
    for name, figure in results["metrics"].items():
        console.print(
            f"[dim]{_short(name, results['embedder']['name'])}: {escape(figure['note'])}[/dim]", highlight=False
        )
    if results.get("rows"):
        console.print(rows_table(results))
    for name, figures in results.get("differences", {}).items():
        console.print(differences_table(name, figures, results["embedder"]["name"]))
    for warning in results["warnings"]:
        console.print(f"[yellow]note[/yellow] {escape(warning)}")
    for clip in results["skipped"][:10]:
        console.print(f"[red]skipped[/red] {clip['set']} {escape(clip['name'])}: {escape(clip['reason'])}")
    if results.get("command"):
        console.print(f"{results['date']}  {escape(results['command'])}", highlight=False, soft_wrap=True)
    console.print(f"written to {path}")


def compared(results: dict) -> str:
    """What was compared with what: the sets by name where a command named them, and their sizes."""
    sets = results.get("sets", {})
    named = (sets.get(name, name) for name in ("generated", "reference"))
    counts = (results["n_generated"], results["n_reference"])
    return " against ".join(f"{name} ({count} clips)" for name, count in zip(named, counts, strict=True))


def metrics_table(results: dict) -> Table:
    """One row a figure: name with the direction that is better, value, 95 % interval, noise floor."""
    embedder = results["embedder"]
    table = Table(pad_edge=False)
    table.add_column("metric", overflow="fold")
    for heading in ("value", "95 % interval", "noise floor"):
        table.add_column(heading, justify="right", no_wrap=True)
    for name, figure in results["metrics"].items():
        interval = "" if figure.get("low") is None else f"{figure['low']:.4g} .. {figure['high']:.4g}"
        floor = "" if figure.get("noise_floor") is None else f"{figure['noise_floor']:.4g}"
        table.add_row(
            f"{_short(name, embedder['name'])} {metric_of(name).arrow}", _number(figure["value"]), interval, floor
        )
    return table


def rows_table(results: dict) -> Table:
    """One row a set, one column a metric: this set first, then controls and other sets."""
    names = list(results["metrics"])
    table = Table(title="read against", title_justify="left", pad_edge=False)
    table.add_column("set", overflow="fold")
    for name in names:
        table.add_column(escape(name.split("[")[0].replace("_", " ")), justify="right")
    this = {"this set": {name: figure["value"] for name, figure in results["metrics"].items()}}
    for row, values in (this | results["rows"]).items():
        table.add_row(row, *(_number(values[name]) if name in values else "" for name in names))
    return table


def differences_table(other: str, figures: dict, embedder: str) -> Table:
    """This set minus another one: difference, 95 % interval, and whether this set is better, worse or undecided."""
    pairing = "clips paired by name" if any(one.get("paired") for one in figures.values()) else "clips not paired"
    table = Table(title=f"this set minus {escape(other)} ({pairing})", title_justify="left", pad_edge=False)
    for heading in ("metric", "difference", "95 % interval", "this set is"):
        table.add_column(heading, overflow="fold")
    for name, figure in figures.items():
        interval = "" if figure["low"] is None else f"{figure['low']:.4g} .. {figure['high']:.4g}"
        table.add_row(_short(name, embedder), _number(figure["value"]), interval, figure["verdict"])
    return table


def _short(name: str, embedder: str) -> str:
    """The name without the embedder that the table's title gives already."""
    return escape(name.removesuffix(f"[{embedder}]"))


def _number(value: float | None) -> str:
    return "none" if value is None else f"{value:.4g}"
