"""Many files at once: find inputs, name outputs without collisions, work in parallel, report what failed."""

import re
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from spectrogram.problems import INPUT_EXIT_CODE, PARTIAL_EXIT_CODE, Problem, UsageProblem


@dataclass(frozen=True)
class Task:
    """One input file and where its outputs go (without suffix)."""

    source: Path
    stem: Path


def natural(paths: Iterable[Path]) -> list[Path]:
    """Paths by name with numbers in their order: clip_2 before clip_10."""
    return sorted(paths, key=lambda path: [_parts(part) for part in path.parts])


def _parts(name: str) -> list[tuple[bool, int, str]]:
    found = re.split(r"([0-9]+)", name)
    return [(bool(i % 2), int(text) if i % 2 else 0, text) for i, text in enumerate(found) if text]


def find_tasks(inputs: Iterable[str], suffixes: tuple[str, ...], out: str | None) -> list[Task]:
    """Files named, and files of folders (recursively, by suffix); outputs keep the folders' layout under `out`.

    Without `out` they lie beside their inputs. Two inputs that differ only in suffix keep it in their outputs' names.
    """
    found: list[tuple[Path, Path]] = []
    for name in inputs:
        path = Path(name)
        if path.is_dir():
            files = sorted(file for file in path.rglob("*") if file.suffix.lower() in suffixes and file.is_file())
            found += [(file, file.relative_to(path)) for file in files if not file.name.startswith(".")]
        else:
            found.append((path, Path(path.name)))
    if not found:
        raise UsageProblem("no input was found", f"files ending in {', '.join(suffixes)}", "name a file or a folder")
    stems = [(Path(out) / inner if out else source).with_suffix("") for source, inner in found]
    doubled = {stem for stem in stems if stems.count(stem) > 1} if len(set(stems)) < len(stems) else set()
    return [
        Task(source, stem.with_name(f"{stem.name}-{source.suffix[1:].lower()}") if stem in doubled else stem)
        for (source, _), stem in zip(found, stems, strict=True)
    ]


def run_tasks(tasks: list[Task], work: Callable[[Task], list[str]], jobs: int, verb: str) -> int:
    """Exit code 0, 3 (some failed) or 4 (all did); prints each input's lines and, last, each failure's reason."""
    failures: list[str] = []
    with ThreadPoolExecutor(max(1, jobs)) as pool:
        pending = {pool.submit(work, task): task for task in tasks}
        try:
            for done, future in enumerate(as_completed(pending), 1):
                try:
                    lines = future.result()
                except (Problem, OSError) as problem:
                    lines, failures = [], [*failures, f"{pending[future].source}: {problem}"]
                _show(lines, f"{verb} {done}/{len(tasks)}", done == len(tasks))
        except KeyboardInterrupt:
            pool.shutdown(cancel_futures=True)
            raise
    for failure in failures:
        print(f"error: {failure}", file=sys.stderr)
    if not failures:
        return 0
    return INPUT_EXIT_CODE if len(failures) == len(tasks) else PARTIAL_EXIT_CODE


def _show(lines: list[str], progress: str, last: bool):
    live = sys.stderr.isatty()
    if live:
        print("\r\x1b[K", end="", file=sys.stderr, flush=True)
    for line in lines:
        print(line, flush=True)
    if live and not last:
        print(progress, end="", file=sys.stderr, flush=True)
