"""`python -m metrics GENERATED REFERENCE`: every figure that one embedder gives, in the terminal and in results.json."""

import argparse
import sys
from pathlib import Path

from spectrogram.problems import PARTIAL_EXIT_CODE, Problem


def build_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m metrics", description=__doc__.split(":", 1)[1].strip())
    parser.add_argument("generated", type=Path, help="folder of audio, metadata.csv, or dataset folder")
    parser.add_argument("reference", type=Path, help="the same for the real sounds; equal names make pairs")
    parser.add_argument("--embedder", default="logmel-stats-v1", help="by name; see metrics/README.md")
    parser.add_argument("--weights", help="local weights of embedders that ship without them")
    parser.add_argument("--out", type=Path, default=Path("results.json"))
    parser.add_argument("--resamples", type=int, default=200, help="bootstrap draws for the intervals; 0: none")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--no-cache", action="store_true", help="embed again even what is known by content hash")
    return parser


def main(arguments: list[str] | None = None) -> int:
    """0 all done, 3 some clips were skipped (listed), 2 and 4 usage or input."""
    options = build_parser().parse_args(arguments)
    try:
        return run(options)
    except Problem as problem:
        print(f"error: {problem}", file=sys.stderr)
        return problem.exit_code


def run(options) -> int:
    """Reads, embeds, compares, prints and writes; returns the exit code."""
    from metrics import comparison, embedders, terminal
    from metrics.collection import read_collection
    from metrics.embedders.cache import EmbeddingCache
    from metrics.embedding import embed_set
    from metrics.results import assemble_results, write_results

    embedder = embedders.load(options.embedder, options.weights)
    cache = None if options.no_cache else EmbeddingCache(embedder)
    collections = [read_collection(options.generated), read_collection(options.reference)]
    with terminal.progress(sum(map(len, collections)), f"embedding with {embedder.name}") as advance:
        generated, reference = (embed_set(sounds, embedder, cache, advance) for sounds in collections)
    figures = comparison.compare(generated, reference, options.resamples, options.seed)
    results = assemble_results(generated, reference, figures, seed=options.seed, resamples=options.resamples)
    write_results(results, options.out)
    terminal.show(results, options.out)
    return PARTIAL_EXIT_CODE if results["skipped"] else 0


if __name__ == "__main__":
    sys.exit(main())
