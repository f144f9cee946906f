"""Good files of every kind that the product reads, made once by the product's own commands."""

import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import soundfile

from spectrogram.files import json_file

ROOT = Path(__file__).resolve().parents[2]
RATE_HZ, CLIPS = 24_000, 16
LEARNED_STEPS = "2"


def make(folder: Path) -> Path:
    """The folder with all good files; what is there already is kept."""
    if (folder / "done").is_file():
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    sounds(folder / "set")
    tables(folder)
    run("dataset_builder", folder / "set", "--out", folder / "ds", "--workers", "1")
    pictures(folder)
    taught(folder)
    heard(folder)
    (folder / "done").touch()
    return folder


def run(module: str, *words) -> None:
    """A command of the product; what it says is shown where it fails."""
    done = subprocess.run(
        [sys.executable, "-m", module, *map(str, words)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"the material cannot be made: {module} {words}\n{done.stderr[-2000:]}")


def tone(number: int, seconds: float = 1.2) -> np.ndarray:
    """A tone with a little noise; every number gives another."""
    times = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    noise = np.random.default_rng(number).normal(0, 0.02, len(times))
    return (0.3 * np.sin(2 * np.pi * (300 + 150 * number) * times) + noise).astype(np.float32)


def sounds(folder: Path) -> None:
    """A folder of tones with a table, and one tone in every format."""
    (folder / "audio").mkdir(parents=True)
    rows = ["file_name,caption,label"]
    for number in range(CLIPS):
        soundfile.write(folder / "audio" / f"{number}.wav", tone(number), RATE_HZ, subtype="PCM_16")
        rows.append(f"audio/{number}.wav,a tone number {number},{'low' if number < CLIPS // 2 else 'high'}")
    (folder / "metadata.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    alone = folder.parent / "sounds"
    alone.mkdir()
    for suffix in ("wav", "flac", "ogg", "mp3", "aiff", "w64", "caf"):
        soundfile.write(alone / f"a.{suffix}", tone(1, 0.5), RATE_HZ)
    from spectrogram.files import ffmpeg

    for suffix in ("m4a", "webm"):
        codec = "aac" if suffix == "m4a" else "libopus"
        words = [ffmpeg.program(), "-v", "error", "-i", alone / "a.wav", "-c:a", codec, alone / f"a.{suffix}"]
        subprocess.run(list(map(str, words)), check=True)


def tables(folder: Path) -> None:
    """The set's table in the other formats, side files, annotations, lists of addresses, archives."""
    import pyarrow
    from pyarrow import parquet

    rows = [
        {
            "file_name": f"audio/{number}.wav",
            "caption": f"a tone {number}",
            "label": "low",
            "start_s": 0.0,
            "end_s": 1.1,
        }
        for number in range(4)
    ]
    (folder / "metadata.jsonl").write_text(
        "".join(json.dumps(row, allow_nan=False) + "\n" for row in rows), encoding="utf-8"
    )
    names = list(rows[0])
    lines = ["\t".join(names), *("\t".join(str(row[name]) for name in names) for row in rows)]
    (folder / "metadata.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    parquet.write_table(pyarrow.Table.from_pylist(rows), folder / "metadata.parquet")
    for name in ("low", "high"):
        pairs = folder / "pairs"
        pairs.mkdir(exist_ok=True)
        soundfile.write(pairs / f"{name}.wav", tone(3), RATE_HZ)
    (folder / "pairs" / "low.txt").write_text("a low tone\n", encoding="utf-8")
    (folder / "pairs" / "high.json").write_text(
        json.dumps({"caption": "a high tone", "tags": ["tone"]}, allow_nan=False), encoding="utf-8"
    )
    ids = "# YTID, start_seconds, end_seconds, positive_labels\n" + "".join(
        f'abcdefghij{n}, {n}.000, {n + 10}.000, "/m/09x0r,/t/dd00088"\n' for n in range(4)
    )
    (folder / "ids.csv").write_text(ids, encoding="utf-8")
    ledger = [{"id": "abcdefghij0_0_10", "reason": "gone", "detail": "removed", "attempts": 1}]
    (folder / "ledger.jsonl").write_text(
        "".join(json.dumps(row, allow_nan=False) + "\n" for row in ledger), encoding="utf-8"
    )
    raven = "Selection\tView\tChannel\tBegin Time (s)\tEnd Time (s)\tLow Freq (Hz)\tHigh Freq (Hz)\tAnnotation\n"
    raven += "1\tSpectrogram 1\t1\t0.1\t0.5\t200\t4000\tlow\n2\tSpectrogram 1\t1\t0.6\t1.0\t200\t4000\tlow\n"
    (folder / "a.selections.txt").write_text(raven, encoding="utf-8")
    (folder / "a.labels.txt").write_text("0.1\t0.5\tlow\n\\\t200\t4000\n0.6\t1.0\tlow\n", encoding="utf-8")
    birdnet = "Start (s),End (s),Scientific name,Common name,Confidence\n0,1,Tonus lowus,low,0.9\n"
    (folder / "a.birdnet.csv").write_text(birdnet, encoding="utf-8")
    jams = {"file_metadata": {"duration": 1.2, "jams_version": "0.3.4"}, "sandbox": {}, "annotations": [{
        "namespace": "segment_open", "annotation_metadata": {}, "sandbox": {}, "time": 0, "duration": 1.2,
        "data": [{"time": 0.1, "duration": 0.4, "value": "low", "confidence": 1.0}]}]}  # fmt: skip
    json_file.write(folder / "a.jams", jams, indent=None)
    with zipfile.ZipFile(folder / "set.zip", "w") as archive:
        for path in sorted((folder / "set").rglob("*")):
            archive.write(path, path.relative_to(folder / "set").as_posix())


def pictures(folder: Path) -> None:
    """A spectrogram of a tone as PNG, JPEG and WebP, and one that tells how it was made."""
    from PIL import Image

    from spectrogram.codec import SpectrogramCodec
    from spectrogram.files.pictures import write_picture
    from spectrogram.params import SpectrogramParams
    from spectrogram.recipe import Recipe

    made = folder / "pictures"
    made.mkdir()
    params = SpectrogramParams.preset("mini").replace(columns=48)
    image = SpectrogramCodec(params).encode(tone(2)[None], RATE_HZ)
    write_picture(made / "a.png", image)
    for suffix in ("jpg", "webp"):
        image.convert("RGB").save(made / f"a.{suffix}")
    write_picture(made / "told.png", image)
    recipe = Recipe(prompt="rain", seed=7, steps=20, guidance=3.0, params=params.to_dict())
    recipe.write_into(made / "told.png")
    shutil.copy(folder / "sounds" / "a.wav", made / "told.wav")
    recipe.write_into(made / "told.wav")
    (made / "recipe.json").write_text(recipe.to_json(), encoding="utf-8")
    (made / "spectrogram.json").write_text(params.to_json(), encoding="utf-8")
    assert Image.open(made / "told.png").text


def taught(folder: Path) -> None:
    """Runs of three methods with all that they leave, and old pickles."""
    import torch

    common = ("--samples", "1", "--seed", "1")
    lora = ("--steps", LEARNED_STEPS, "--rank", "1", "--replay-clips", "2", "--batch", "2", "--checkpoint-every", "1")
    run("training", folder / "ds", "--out", folder / "run", *lora, "--validate-every", "1", *common)
    shutil.rmtree(folder / "run" / "checkpoints" / "step-000001")
    word = ("--method", "textual_inversion", "--trigger", "<owl>", "--steps", LEARNED_STEPS, "--batch", "2")
    run("training", folder / "ds", "--out", folder / "word", *word, *common)
    run("training", folder / "ds", "--out", folder / "aesthetic", "--method", "aesthetic", *common)
    torch.save({"string_to_param": {"*": torch.ones(1, 32)}, "name": "owl"}, folder / "word.pt")
    torch.save({"<owl>": torch.ones(1, 32)}, folder / "word.bin")
    torch.save(torch.nn.functional.normalize(torch.ones(4, 32)), folder / "aesthetic.pt")


def heard(folder: Path) -> None:
    """What metrics and bioacoustics write."""
    run("metrics", folder / "set", folder / "set", "--resamples", "5", "--out", folder / "results.json")
    classifier = ("--out", folder / "classifier", "--steps", LEARNED_STEPS, "--batch", "4")
    run("bioacoustics", "learn", "classifier", folder / "set", *classifier)
    sources = ("--source", f"low={folder / 'set'}", "--bases", "2", "--out", folder / "sources.safetensors")
    run("bioacoustics", "learn", "sources", *sources)
