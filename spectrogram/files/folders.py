"""Many files at once: find inputs, name outputs without collisions, work in parallel, report what failed."""

import re
import sys
from collections import Counter
from collections.abc import Callable, Container, Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from spectrogram.files.named_files import natural, visible_files
from spectrogram.problems import INPUT_EXIT_CODE, PARTIAL_EXIT_CODE, Problem, UsageProblem


@dataclass(frozen=True)
class Task:
    """One input file and where its outputs go (without suffix)."""

    source: Path
    stem: Path


def find_tasks(
    inputs: Iterable[str], suffixes: tuple[str, ...], out: str | None, pieces: str | None = None
) -> list[Task]:
    """Files named, and files of folders (recursively, by suffix); outputs keep the folders' layout under `out`.

    Without `out` they lie beside their inputs. No two inputs write one file: those that would keep their suffix in its
    name, or get a number; so do those that are called like a piece of another (``pieces``: what a piece has behind its
    name, a pattern).
    """
    found: dict[Path, Path] = {}
    for name in inputs:
        path = Path(name)
        if path.is_dir():
            files = (file for file in visible_files(path) if file.suffix.lower() in suffixes and file.is_file())
            found |= {file: file.relative_to(path) for file in natural(files) if file not in found}
        else:
            found.setdefault(path, Path(path.name))
    if not found:
        raise UsageProblem(
            "no input was found",
            f"files ending in {', '.join(suffixes[:5])}{' and the like' if len(suffixes) > 5 else ''}",
            "name one or a folder",
        )
    stems = [(Path(out) / inner if out else source).with_suffix("") for source, inner in found.items()]
    given, taken, tasks = Counter(stems), set(), []
    for source, own in zip(found, stems, strict=True):
        alone = given[own] == 1 and not (pieces and is_piece(own, given, pieces))
        stem = plain = own if alone else own.with_name(f"{own.name}-{source.suffix[1:].lower()}")
        number = 2
        while stem in taken or (stem != own and stem in given):
            stem, number = plain.with_name(f"{plain.name}-{number}"), number + 1
        taken.add(stem)
        tasks.append(Task(source, stem))
    return tasks


def is_piece(stem: Path, stems: Container[Path], pieces: str) -> bool:
    """True where a name is that of another input with what its pieces have behind it."""
    whole = re.fullmatch(f"(.+){pieces}", stem.name)
    return bool(whole) and stem.with_name(whole[1]) in stems


def _named(source: Path, problem: Exception) -> str:
    """What went wrong with a file, which is named once."""
    told = str(problem)
    return told if told.startswith((str(source), source.name)) else f"{source}: {told}"


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
                    lines, failures = [], [*failures, _named(pending[future].source, problem)]
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
