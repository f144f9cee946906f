"""`python -m metrics GENERATED REFERENCE`: every figure one embedder gives, in the terminal and in results.json."""

import argparse
import shlex
import sys
from datetime import UTC, datetime
from pathlib import Path

from spectrogram.exits import ended
from spectrogram.files.texts import encodings
from spectrogram.problems import PARTIAL_EXIT_CODE, Problem, UsageProblem


def build_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m metrics", description=__doc__.split(":", 1)[1].strip())
    parser.add_argument("generated", type=Path, help="folder of audio, metadata.csv, or dataset folder")
    parser.add_argument("reference", type=Path, help="the same for the real sounds; equal names make pairs")
    parser.add_argument("--embedder", default="sd-audio-cnn-v1", help="by name; see metrics/README.md")
    parser.add_argument("--weights", help="local weights of embedders that ship without them")
    parser.add_argument("--out", type=Path, default=Path("results.json"))
    parser.add_argument("--resamples", type=int, default=200, help="bootstrap draws for the intervals; 0: none")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--html", type=Path, help="also write a report to look at and listen to")
    parser.add_argument("--controls", action="store_true", help="add silence, noise, shuffled pairs, codec ceiling")
    parser.add_argument("--preset", default="mini", help="codec preset of the ceiling row")
    parser.add_argument(
        "--also",
        action="append",
        default=[],
        metavar="NAME=FOLDER",
        help="another set against the same reference, with the paired difference of every figure; may be repeated",
    )
    parser.add_argument(
        "--captions",
        nargs="?",
        const="sd-audio-ear-v1",
        metavar="EMBEDDER",
        help="also how well clips fit their captions: sd-audio-ear-v1 (in the embedded base) or clap",
    )
    parser.add_argument("--caption-weights", help="local weights of clap, or another base model that has an ear")
    encodings.add_argument(parser)
    parser.add_argument("--no-cache", action="store_true", help="embed again even what is known by content hash")
    return parser


def main(arguments: list[str] | None = None) -> int:
    """0 all done, 3 some clips were skipped (listed), 2 and 4 usage or input."""
    options = build_parser().parse_args(arguments)
    options.command = shlex.join(["python", "-m", "metrics", *(sys.argv[1:] if arguments is None else arguments)])
    return ended(lambda: run(options), encoding=options.encoding)


def run(options) -> int:
    """Reads, embeds, compares, prints and writes; returns the exit code."""
    from metrics import embedders
    from metrics.figures import comparison, controls
    from metrics.figures.differences import differences
    from metrics.report import terminal
    from metrics.report.results import assemble_results, write_results
    from metrics.sets.sound_set import read_collection

    embedder = embedders.load(options.embedder, options.weights)
    folders = {"generated": options.generated, "reference": options.reference} | dict(map(_named_folder, options.also))
    collections = {name: read_collection(folder) for name, folder in folders.items()}
    sets = _embedded(collections, embedder, options)
    for name, one in sets.items():
        require_some(name, folders[name], one)
    generated, reference = sets.pop("generated"), sets.pop("reference")
    draws = {"resamples": options.resamples, "seed": options.seed}
    figures = comparison.compare(generated, reference, **draws)
    rows = {name: controls.values_of(comparison.compare(one, reference, 0)) for name, one in sets.items()}
    compared = {name: differences(generated, one, reference, **draws) for name, one in sets.items()}
    if options.captions:
        _add_captions(collections, options, figures, rows, compared)
    if options.controls:
        with terminal.progress(controls.clip_count(reference), "control rows") as advance:
            rows |= controls.control_rows(embedder, reference, options.preset, options.seed, advance)
    told = {
        "sets": {name: str(folder) for name, folder in folders.items()},
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": options.command,
    }
    results = assemble_results(generated, reference, figures, rows=rows, differences=compared, **told, **draws)
    write_results(results, options.out)
    terminal.show(results, options.out)
    if options.html:
        _write_html(results, generated, reference, options.html)
    return PARTIAL_EXIT_CODE if results["skipped"] else 0


def require_some(name: str, folder: Path, embedded) -> None:
    """Refuse a set of one clip: it has no spread, so no set can be near to it or far from it."""
    if len(embedded.sounds) < 2:
        raise Problem(
            f"{name} ({folder}) has one clip that can be read",
            "two at least, and dozens for a figure that says something",
            "add clips; for one sound against one other, use the module log_spectral_distance",
        )


def _named_folder(given: str) -> tuple[str, Path]:
    name, separator, folder = given.partition("=")
    if not separator or name in ("generated", "reference"):
        raise UsageProblem(
            f"--also {given}", "NAME=FOLDER, with a name of its own", "write it like --also base=outputs/base"
        )
    return name, Path(folder)


def _embedded(collections: dict, embedder, options) -> dict:
    from metrics.embedders.cache import EmbeddingCache
    from metrics.report import terminal
    from metrics.sets.embedding import embed_set

    cache = None if options.no_cache else EmbeddingCache(embedder)
    with terminal.progress(sum(map(len, collections.values())), f"embedding with {embedder.name}") as advance:
        return {name: embed_set(sounds, embedder, cache, advance) for name, sounds in collections.items()}


def _add_captions(collections: dict, options, figures: dict, rows: dict, compared: dict) -> None:
    """Adds the text score of every generated set; refused where no clip has a caption, or no text can be embedded."""
    from metrics import embedders
    from metrics.embedders.interface import TextEmbedder
    from metrics.figures.differences import difference_of_means
    from metrics.figures.records import TEXT_SCORE
    from metrics.figures.text_figures import text_figure

    sets = {name: [sound for sound in sounds if sound.caption] for name, sounds in collections.items()}
    del sets["reference"]
    if not sets["generated"]:
        raise UsageProblem("--captions without captions", "a metadata.csv with a caption column", "add the captions")
    embedder = embedders.load(options.captions, options.caption_weights)
    if not isinstance(embedder, TextEmbedder):
        raise UsageProblem(f"{embedder.name} embeds no texts", "sd-audio-ear-v1 or clap", "choose one of these")
    embedded = _embedded({name: sounds for name, sounds in sets.items() if sounds}, embedder, options)
    key = TEXT_SCORE.key(embedder.identity)
    scores = {name: text_figure(one, embedder, options.resamples, options.seed) for name, one in embedded.items()}
    ours = scores.pop("generated")
    figures |= ours
    for name, other in scores.items():
        rows[name][key] = other[key]["value"]
        per_clip = (figure[key]["per_clip"] for figure in (ours, other))
        compared[name][key] = difference_of_means(*per_clip, options.resamples, options.seed)


def _write_html(results: dict, generated, reference, path: Path) -> None:
    from metrics.report.extremes import worst_and_best
    from metrics.report.html_report import write_report

    write_report(results, *worst_and_best(generated, reference), path)


if __name__ == "__main__":
    sys.exit(main())
