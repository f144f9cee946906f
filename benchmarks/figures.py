"""`python -m benchmarks.figures`: every figure in README.md and docs/ is filled in from what a benchmark wrote.

A page holds ``<!-- figures: NAME -->`` … ``<!-- end of figures -->``. What stands between is made from the template
``docs/figures/blocks/NAME.j2`` and the JSON files of docs/figures/, each known by its name (``codec.json``: ``codec``);
``base_model`` is base_model/benchmark.json. ``--check`` changes nothing and exits with 1 where a page differs.
"""

import argparse
import difflib
import json
import re
import sys
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, UndefinedError, meta

ROOT = Path(__file__).resolve().parents[1]
FIGURES = ROOT / "docs" / "figures"
NOT_MEASURED = "*No figures of today's weights and code*"
BLOCK = re.compile(r"<!-- figures: ([\w-]+) -->\n(.*?)<!-- end of figures -->", re.DOTALL)


def pages(root: Path = ROOT) -> list[Path]:
    """The pages that may hold figures: the README and every page of docs/ but the engineers' log."""
    return [root / "README.md", *(page for page in sorted((root / "docs").rglob("*.md")) if page.name != "log.md")]


def read_all(folder: Path = FIGURES) -> dict:
    """{name: figures} of every JSON file of the folder, and ``base_model``'s own."""
    found = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.rglob("*.json"))}
    own = ROOT / "base_model" / "benchmark.json"
    return found | {"base_model": json.loads(own.read_text(encoding="utf-8"))}


def fill(name: str, figures: dict) -> str:
    """The text of one block.

    Args:
        name: Of the template, ``docs/figures/blocks/NAME.j2``.
        figures: What the template may use, by name.

    Returns:
        Markdown, ending with one line feed; one sentence where a whole file is not there.

    Raises:
        jinja2.UndefinedError: A file lacks a figure that the template uses.
    """
    environment = Environment(
        loader=FileSystemLoader(FIGURES / "blocks"), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"mean": _mean, "span": _span, "grouped": _grouped, "num": _number}
    environment.tests["holding"] = lambda text, part: part in text
    text, _, _ = environment.loader.get_source(environment, f"{name}.j2")
    try:
        return environment.from_string(text).render(**figures).strip() + "\n"
    except UndefinedError:
        missing = meta.find_undeclared_variables(environment.parse(text)) - set(figures)
        if not missing:
            raise
        return f"{NOT_MEASURED} ({', '.join(f'docs/figures/{one}.json' for one in sorted(missing))} is missing).\n"


def filled(text: str, figures: dict) -> str:
    """A page with every block made anew."""
    return BLOCK.sub(
        lambda found: f"<!-- figures: {found[1]} -->\n\n{fill(found[1], figures)}\n<!-- end of figures -->", text
    )


def _number(value: float, places: int = 2) -> str:
    """A number with so many decimals and thousands told apart; never "-0.00"."""
    return f"{round(float(value), places) + 0.0:,.{places}f}"


def _mean(values) -> float:
    values = list(values)
    return sum(values) / len(values)


def _span(values, places: int = 2) -> str:
    """The mean, in brackets the smallest and the largest where there is more than one."""
    values = list(values)
    ends = f" ({_number(min(values), places)} to {_number(max(values), places)})" if len(values) > 1 else ""
    return _number(_mean(values), places) + ends


def _grouped(rows: list[dict], *names: str) -> list[list[dict]]:
    """The rows in groups that agree in these values, in order of first appearance."""
    groups: dict[str, list[dict]] = {}
    for row in rows:
        groups.setdefault(json.dumps([row[name] for name in names], allow_nan=False), []).append(row)
    return list(groups.values())


def main(arguments: list[str] | None = None) -> int:
    """0 when every page says what the files say (or was made to), 1 when ``--check`` found a difference."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.figures", description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="change nothing; show what differs")
    options = parser.parse_args(arguments)
    figures, differing = read_all(), 0
    for page in pages():
        is_there = page.read_text(encoding="utf-8")
        wanted = filled(is_there, figures)
        if wanted == is_there:
            continue
        differing += 1
        name = page.relative_to(ROOT).as_posix()
        if options.check:
            lines = (text.splitlines() for text in (is_there, wanted))
            print("\n".join(difflib.unified_diff(*lines, name, "docs/figures", lineterm="", n=0)))
        else:
            page.write_text(wanted, encoding="utf-8")
            print(f"{name}: filled in")
    return 1 if options.check and differing else 0


if __name__ == "__main__":
    sys.exit(main())
