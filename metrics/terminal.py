"""What a run shows in the terminal: progress while embedding, then one table and a line of meaning for each figure."""

from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.progress import track
from rich.table import Table


@contextmanager
def progress(total: int, description: str):
    """A bar on standard error; gives the function that moves it by one clip."""
    steps = iter(track(range(total), description=description, console=Console(stderr=True), transient=True))
    next(steps, None)
    yield lambda: next(steps, None)


def show(results: dict, path, console: Console | None = None) -> None:
    """Prints the table of a results.json, its warnings and the clips that were left out."""
    console = console or Console()
    console.print(metrics_table(results))
    for name, figure in results["metrics"].items():
        console.print(f"[dim]{escape(name)}: {escape(figure['note'])}[/dim]", highlight=False)
    for warning in results["warnings"]:
        console.print(f"[yellow]note[/yellow] {warning}")
    for clip in results["skipped"][:10]:
        console.print(f"[red]skipped[/red] {clip['set']} {escape(clip['name'])}: {escape(clip['reason'])}")
    console.print(f"written to {path}")


def metrics_table(results: dict) -> Table:
    """One row a figure: name, value, 95 % interval, noise floor."""
    embedder = results["embedder"]
    title = f"{results['n_generated']} generated, {results['n_reference']} reference clips, {embedder['name']}"
    table = Table(title=title, title_justify="left", pad_edge=False)
    table.add_column("metric", overflow="fold")
    for heading in ("value", "95 % interval", "noise floor"):
        table.add_column(heading, justify="right", no_wrap=True)
    for name, figure in results["metrics"].items():
        interval = "" if figure.get("low") is None else f"{figure['low']:.4g} .. {figure['high']:.4g}"
        floor = figure.get("noise_floor")
        floor_text = "" if floor is None else f"{floor:.4g}"
        table.add_row(escape(name), f"{figure['value']:.4g}", interval, floor_text)
    return table
