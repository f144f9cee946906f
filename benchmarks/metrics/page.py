"""`python -m benchmarks.metrics.page FIGURES.json`: the figures of `benchmarks.metrics --out` as tables between the two
marks of docs/metrics.md, so that no figure there was typed by hand.
"""

import argparse
import json
from pathlib import Path

BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"


def tables(figures: dict) -> str:
    """Markdown of every part that was measured."""
    writers = {"frechet": frechet_table, "streaming": streaming_table, "throughput": throughput_table}
    parts = [writer(figures[name]) for name, writer in writers.items() if name in figures]
    return "\n\n".join([f"Kernels: {figures['kernels']}; one thread, processor seconds.", *parts])


def frechet_table(rows: list[dict]) -> str:
    """Ours against the matrix root, with both errors."""
    lines = [
        "| Fréchet distance | here | error | `scipy.linalg.sqrtm` | error | times faster |",
        "|---|---|---|---|---|---|",
    ]
    for row in rows:
        cells = (
            row["case"],
            f"{row['ours_s']:.3f} s",
            f"{row['ours_error']:.0e}",
            f"{row['sqrtm_s']:.2f} s",
            f"{row['sqrtm_error']:.0e}",
            f"{row['ratio']:.3g}",
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def streaming_table(ways: dict) -> str:
    """Every way to mean and covariance, with its time and memory over ours."""
    ours = ways["streamed"]
    lines = ["| mean and covariance, 20000 x 2048 | time | over ours | memory | over ours |", "|---|---|---|---|---|"]
    for way, one in ways.items():
        cells = [way, f"{one['seconds']:.2f} s", f"{one['seconds'] / ours['seconds']:.2f}"]
        cells += [f"{one['mib']:.0f} MiB", f"{one['mib'] / ours['mib']:.1f}"] if "mib" in one else ["", ""]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def throughput_table(figures: dict) -> str:
    """Seconds of sound a second of each embedder."""
    lines = ["| waveform to embedding | seconds of sound a second |", "|---|---|"]
    lines += [f"| {name} | {speed:.0f} |" for name, speed in figures["sound_s_per_s"].items()]
    sizes = " and ".join(f"{size:,}" for size in figures["parameters"])
    return "\n".join(lines) + f"\n\nParameters of the first two: {sizes}; ratio of their speeds {figures['ratio']:.2f}."


def main() -> None:
    """Replaces what lies between the marks."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.metrics.page", description=__doc__)
    parser.add_argument("figures", type=Path)
    parser.add_argument("--page", type=Path, default=Path("docs/metrics.md"))
    options = parser.parse_args()
    before, _, rest = options.page.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    text = tables(json.loads(options.figures.read_text(encoding="utf-8")))
    options.page.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
