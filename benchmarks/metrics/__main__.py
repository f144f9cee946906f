"""`python -m benchmarks.metrics`: Fréchet distance against scipy's matrix root, streaming statistics against numpy.cov,
seconds of sound per second through the classifier. One thread; each line prints a ratio to the usual way.
With ``--out docs/figures/metrics.json``, `python -m benchmarks.figures` writes the figures into the pages.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path

from spectrogram.files import json_file

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"

import numpy as np  # noqa: E402  after the number of threads

FRECHET_CASES = {  # name: (d, rows generated, rows reference)
    "d=128, N=1000": (128, 1000, 1000),
    "d=512, N=129": (512, 129, 129),
    "d=512, N=2000": (512, 2000, 2000),
    "d=2048, N=301": (2048, 301, 301),
    "d=2048, N=4200": (2048, 4200, 4200),
}
STREAM_ROWS, STREAM_WIDTH, STREAM_BATCH = 20000, 2048, 32


def seconds_of(function) -> tuple[float, object]:
    """Processor seconds of one call and its result: other programs on the machine do not count."""
    start = time.process_time()
    result = function()
    return time.process_time() - start, result


def frechet_by_matrix_root(x: np.ndarray, y: np.ndarray) -> float:
    """The usual way: covariances, scipy.linalg.sqrtm of their product, real part."""
    import scipy.linalg

    a, b = np.cov(x.T), np.cov(y.T)
    root = scipy.linalg.sqrtm(a @ b)
    shift = np.sum((x.mean(axis=0) - y.mean(axis=0)) ** 2)
    return float(shift + np.trace(a) + np.trace(b) - 2 * np.trace(root).real)


def measure_frechet(cases) -> list[dict]:
    """One row a case: seconds of both ways, their ratio, and both deviations from the nuclear-norm reference."""
    from metrics.distances import frechet_distance

    rows = []
    for name in cases:
        width, n, m = FRECHET_CASES[name]
        rng = np.random.default_rng(1)
        x, y = rng.normal(size=(n, width)), rng.normal(size=(m, width)) * 1.2 + 0.1
        frechet_distance(x[:8], y[:8])
        ours_s, ours = seconds_of(lambda x=x, y=y: frechet_distance(x, y))
        usual_s, usual = seconds_of(lambda x=x, y=y: frechet_by_matrix_root(x, y))
        truth = nuclear_norm_reference(x, y)
        row = {"case": name, "ours_s": ours_s, "sqrtm_s": usual_s, "ratio": usual_s / ours_s}
        rows.append(row | {"ours_error": abs(ours / truth - 1), "sqrtm_error": abs(usual / truth - 1)})
        print(
            f"Fréchet {name}: {ours_s:.3f} s, sqrtm {usual_s:.2f} s, {row['ratio']:.1f} times faster; "
            f"relative error {rows[-1]['ours_error']:.1e} against {rows[-1]['sqrtm_error']:.1e}",
            flush=True,
        )
    return rows


def nuclear_norm_reference(x: np.ndarray, y: np.ndarray) -> float:
    """The distance with traces in extended precision and singular values of the triangular factors."""
    import scipy.linalg

    means, factors = zip(*((z.mean(axis=0), (z - z.mean(axis=0)) / np.sqrt(len(z) - 1)) for z in (x, y)), strict=True)
    small = [f if len(f) <= f.shape[1] else np.linalg.qr(f, mode="r") for f in factors]
    norm = np.longdouble(scipy.linalg.svdvals(small[0] @ small[1].T).sum())
    traces = sum(np.sum(f.astype(np.longdouble) ** 2) for f in factors)
    return float(np.sum((means[0] - means[1]).astype(np.longdouble) ** 2) + traces - 2 * norm)


def stream(way: str, rows: int, width: int) -> dict:
    """Seconds and peak memory growth of one way, in this process; embeddings arrive in float32 batches of 32."""

    generating_s = 0.0

    def batches():
        nonlocal generating_s
        for start in range(0, rows, STREAM_BATCH):
            taken_s, batch = seconds_of(
                lambda s=start: np.random.default_rng(s).standard_normal((STREAM_BATCH, width), dtype=np.float32) + 10
            )
            generating_s += taken_s
            yield batch

    before_kib = peak_memory_kib()
    total_s, (mean, covariance) = seconds_of(lambda: STREAM_WAYS[way](batches(), rows, width))
    grown_mib = (peak_memory_kib() - before_kib) / 1024
    return {"seconds": total_s - generating_s, "mib": grown_mib, "checksum": float(covariance.sum() + mean.sum())}


def streamed(batches, rows: int, width: int):
    """Our one pass."""
    from metrics.distances import GaussianStatistics

    statistics = GaussianStatistics()
    for batch in batches:
        statistics.update(batch)
    return statistics.mean, statistics.covariance


def cov_of_float32(batches, rows: int, width: int):
    """All batches joined as they are, then numpy.cov, which turns them into float64 itself."""
    whole = np.concatenate(list(batches))
    return whole.mean(axis=0, dtype=np.float64), np.cov(whole, rowvar=False)


def cov_of_float64(batches, rows: int, width: int):
    """A float64 array of all rows, filled batch by batch, as public code for images does it; then numpy.cov."""
    whole = np.empty((rows, width))
    for number, batch in enumerate(batches):
        whole[number * STREAM_BATCH :][: len(batch)] = batch
    return whole.mean(axis=0), np.cov(whole, rowvar=False)


STREAM_WAYS = {"streamed": streamed, "cov of float32 rows": cov_of_float32, "cov of float64 rows": cov_of_float64}


def peak_memory_kib() -> int:
    """Largest resident memory of this process so far; `getrusage` would count the parent's too, before the exec."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1])


def measure_streaming(rows: int, width: int, repeats: int = 3) -> dict:
    """Medians of all ways in turn, each in a process of its own so that peaks of memory do not mix."""
    module = [sys.executable, "-m", "benchmarks.metrics", "--rows", str(rows), "--width", str(width)]
    runs = {way: [] for way in STREAM_WAYS}
    for _ in range(repeats):
        for way, taken in runs.items():
            done = subprocess.run([*module, "--stream", way], capture_output=True, text=True, check=True)
            taken.append(json.loads(done.stdout.splitlines()[-1]))
    results = {
        way: {key: float(np.median([one[key] for one in taken])) for key in ("seconds", "mib")}
        for way, taken in runs.items()
    }
    results["product alone"] = {"seconds": product_alone_s(rows, width)}
    ours = results["streamed"]
    for way, usual in results.items():
        ratios = [f"{key} {usual[key] / ours[key]:.2f} times ours" for key in usual if way != "streamed"]
        shown = ", ".join(f"{value:.2f} {'s' if key == 'seconds' else 'MiB'}" for key, value in usual.items())
        print(f"statistics of {rows} x {width}, {way}: {shown}; {', '.join(ratios)}", flush=True)
    return results


def product_alone_s(rows: int, width: int, block: int = 1024) -> float:
    """Seconds of the symmetric products alone, on one block in memory: what no way in float64 can go below."""
    from scipy.linalg.blas import dsyrk

    block_rows, scatter = np.random.default_rng(1).normal(size=(block, width)), np.zeros((width, width), order="F")
    dsyrk(1.0, block_rows.T, beta=1.0, c=scatter, overwrite_c=1)
    taken = [seconds_of(lambda: dsyrk(1.0, block_rows.T, beta=1.0, c=scatter, overwrite_c=1))[0] for _ in range(8)]
    return float(np.median(taken)) * rows / block


def measure_throughput(seconds: float = 5.12, repeats: int = 40) -> dict:
    """Seconds of sound per processor second, waveform to embedding: the classifier, and PANNs' design at its size."""
    import torch

    from metrics.embedders import load
    from metrics.embedders.front_ends import panns_log_mel
    from metrics.embedders.panns import Cnn14

    torch.set_num_threads(1)
    audio = np.random.default_rng(1).normal(scale=0.1, size=round(16000 * seconds)).astype(np.float32)
    judge, logmel = load("sd-audio-cnn-v1"), load("logmel-stats-v1")
    network = Cnn14(widths=(1, 8, 16, 32, 64, 96, 160), classes=len(judge.classes)).eval()

    def panns_like():
        with torch.inference_mode():
            network(torch.from_numpy(panns_log_mel(audio)).float()[None])

    ways = {
        "sd-audio-cnn-v1": lambda: judge.analyse(audio),
        "PANNs front end and network of that size": panns_like,
        "logmel-stats-v1": lambda: logmel.analyse(audio),
    }
    taken_s = {name: [] for name in ways}
    for _ in range(repeats):  # in turn, so that a busy moment of the machine hits all of them
        for name, way in ways.items():
            taken_s[name].append(seconds_of(way)[0])
    speeds = {name: seconds / float(np.median(taken[2:])) for name, taken in taken_s.items()}
    for name, speed in speeds.items():
        print(f"{name}: {speed:.0f} s of sound per second", flush=True)
    sizes = [sum(p.numel() for p in model.parameters()) for model in (judge.network, network)]
    ratio = speeds["sd-audio-cnn-v1"] / speeds[list(ways)[1]]
    print(f"parameters: {sizes[0]:,} and {sizes[1]:,}; ratio of speeds {ratio:.2f}")
    return {"sound_s_per_s": speeds, "parameters": sizes, "ratio": ratio}


def main() -> None:
    """All three parts, or the streaming way that a child process is asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.metrics", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="leave out the cases that take minutes")
    parser.add_argument("--only", choices=("frechet", "streaming", "throughput"), help="one part")
    parser.add_argument("--case", action="append", choices=list(FRECHET_CASES), help="only this Fréchet case")
    parser.add_argument("--out", type=Path, help="also write the figures as JSON, beside those of parts run before")
    parser.add_argument("--stream", choices=list(STREAM_WAYS), help=argparse.SUPPRESS)
    parser.add_argument("--rows", type=int, default=STREAM_ROWS, help="rows of the streaming part")
    parser.add_argument("--repeats", type=int, default=3, help="rounds of the streaming part")
    parser.add_argument("--width", type=int, default=STREAM_WIDTH, help="dimensions of the streaming part")
    options = parser.parse_args()
    if options.stream:
        print(json.dumps(stream(options.stream, options.rows, options.width), allow_nan=False))
        return
    cases = options.case or [name for name in FRECHET_CASES if not (options.quick and "d=2048" in name)]
    parts = {
        "frechet": lambda: measure_frechet(cases),
        "streaming": lambda: measure_streaming(options.rows, options.width, options.repeats),
        "throughput": measure_throughput,
    }
    for name, measure in parts.items():
        if options.only in (None, name):
            figures = measure()
            if options.out:
                keep(options.out, name, figures)


def keep(path: Path, part: str, figures) -> None:
    """Adds a part to the JSON file; Fréchet cases measured before stay."""
    kept = json.loads(path.read_text()) if path.is_file() else {}
    if part == "frechet":
        figures = {row["case"]: row for row in [*kept.get(part, []), *figures]}
        figures = [figures[name] for name in FRECHET_CASES if name in figures]
    kept |= {part: figures, "kernels": kernels()}
    json_file.write(path, kept)


def kernels() -> str:
    """Which BLAS kernels numpy and scipy run here: it decides the seconds, less so the ratios."""
    import scipy.linalg.blas  # noqa: F401  its library is asked too
    from threadpoolctl import threadpool_info

    found = {f"{one['internal_api']} {one['architecture']}" for one in threadpool_info() if "architecture" in one}
    return ", ".join(sorted(found))


if __name__ == "__main__":
    main()
