"""`python -m benchmarks.hostile`: hostile files through every command and the page, and what came of it.

Prints the inputs tried, refused in a sentence, accepted, tracebacks, hangs (more than 10 s of processor time), files
outside of the folders that were named, and peak memory, beside their limits; writes docs/figures/security/hostile.json.
`--resume` adds to what that file holds, so that a long run can be cut; the same seed and number give the same input.
"""

import argparse
import contextlib
import json
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.hostile import figures, material
from benchmarks.hostile.crew import Crew
from benchmarks.hostile.material import ROOT
from spectrogram.files import json_file

# Inputs lie in memory where that is possible: writing each of 20,000 to a busy disk takes longer than reading it.
MEMORY = Path("/dev/shm")


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.hostile", description=__doc__.split("\n\n")[0])
    add = parser.add_argument
    add("--minutes", type=float, default=10.0, help="of which the page has its share (default 10)")
    add("--seed", type=int, default=0)
    add("--inputs", type=int, default=1_000_000, help="stop after so many")
    add("--from", dest="first", type=int, default=0, metavar="NUMBER", help="begin with this input")
    add("--only", default="", help="commands whose name holds this, or page")
    add("--page-share", type=float, default=0.3, help="share of the time for the page (default 0.3)")
    add("--material", type=Path, help="folder of good files (default: made anew, about two minutes)")
    add("--resume", action="store_true", help="add to the figures that are there")
    add("--json", type=Path, default=ROOT / "docs" / "figures" / "security" / "hostile.json")
    return parser.parse_args()


def main() -> int:
    options = parse_arguments()
    counts = figures.Counts()
    if options.resume and options.json.is_file():
        counts.absorb(json.loads(options.json.read_text(encoding="utf-8")))
    with tempfile.TemporaryDirectory(prefix="hostile-", dir=MEMORY if MEMORY.is_dir() else None) as temporary:
        good = material.make(options.material or Path(temporary, "material"))
        shares = {"commands": 1 - options.page_share, "page": options.page_share}
        if options.only:
            shares = {"page": 1.0} if options.only == "page" else {"commands": 1.0}
        shares = {name: share for name, share in shares.items() if share > 0}
        # What was counted before Ctrl-C is kept.
        with contextlib.suppress(KeyboardInterrupt):
            if "commands" in shares:
                through_commands(options, good, Path(temporary), counts, 60 * options.minutes * shares["commands"])
            if "page" in shares:
                from benchmarks.hostile.page import through_page

                through_page(options, good, Path(temporary), counts, 60 * options.minutes * shares["page"])
    found = figures.figures(counts)
    print(figures.shown(found, counts))
    told = {"figures": found, "limits": figures.LIMITS, **counts.to_dict()}
    options.json.parent.mkdir(parents=True, exist_ok=True)
    json_file.write(options.json, told)
    return 0 if figures.holds(found) else 1


def through_commands(options, good: Path, temporary: Path, counts: figures.Counts, seconds: float) -> None:
    """Hostile files through commands until the time is over."""
    crew = Crew(good, temporary / "work", options.seed, options.only)
    begun_s = told_s = time.monotonic()
    try:
        for number, target, file, answer in crew.answers(options.first, options.inputs, seconds):
            counts.add(target, number, options.seed, file, answer)
            if time.monotonic() - told_s > 30:
                told_s = time.monotonic()
                print(f"{number - options.first} inputs in {told_s - begun_s:.0f} s", file=sys.stderr, flush=True)
    finally:
        crew.stop()
        counts.seconds += time.monotonic() - begun_s


if __name__ == "__main__":
    sys.exit(main())
