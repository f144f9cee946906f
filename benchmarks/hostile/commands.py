"""Every command of the product, with the files that it reads and the words that make it read them."""

from dataclasses import dataclass
from pathlib import Path

# The share of what costs up to a second (a network is loaded, clips are embedded): of 15,000 inputs still some dozens.
SELDOM = 2.0


@dataclass(frozen=True)
class Target:
    """A command line over a folder `in/` of good files, one of which (of `mutable`) is made hostile each time.

    `given` copies material to names below `in/`; `share` is how often it is drawn.  Words may hold {in} and {out}.
    """

    name: str
    room: str
    given: dict[str, str]
    mutable: tuple[str, ...]
    words: tuple[str, ...]
    share: float = 1.0

    @property
    def works_on_its_input(self) -> bool:
        """Whether it is given a folder of its own work, which it may change; what is only to be read it may not."""
        pairs = zip(self.words, self.words[1:], strict=False)
        return any(flag == "--out" and word.startswith("{in}") for flag, word in pairs)


def read_one(kind: str, source: str, words: tuple[str, ...], share: float, room: str = "spectrogram") -> Target:
    """A command that reads one file."""
    name = Path(source).name
    return Target(f"{kind} {Path(source).suffix}", room, {source: name}, (name,), words, share)


def targets() -> list[Target]:
    """All commands; what costs seconds is drawn seldom."""
    found = []
    for suffix, share in (("png", 40), ("jpg", 10), ("webp", 6)):
        given = f"pictures/{'told' if suffix == 'png' else 'a'}.{suffix}"
        file = "{in}/" + Path(given).name
        found.append(read_one("inspect", given, ("inspect", file), share))
        found.append(read_one("decode", given, ("decode", file, "-o", "{out}", "--jobs", "1"), max(SELDOM, share / 10)))
    for suffix, share in (("wav", 14), ("flac", 10), ("ogg", 6), ("mp3", 6), ("aiff", 3), ("w64", 4), ("caf", 4),
                          ("m4a", 4), ("webm", 4)):  # fmt: skip
        given, file = f"sounds/a.{suffix}", f"{{in}}/a.{suffix}"
        found.append(read_one("inspect", given, ("inspect", file, "--preset", "mini"), share))
        found.append(
            read_one(
                "encode", given, ("encode", file, "-o", "{out}", "--jobs", "1", "--pieces"), max(SELDOM, share / 3)
            )
        )
    parameters = {"pictures/spectrogram.json": "spectrogram.json", "sounds/a.wav": "a.wav"}
    words = ("encode", "{in}/a.wav", "-o", "{out}", "--params", "{in}/spectrogram.json", "--jobs", "1")
    found.append(Target("encode --params", "spectrogram", parameters, ("spectrogram.json",), words, 10))
    return found + of_datasets() + of_training() + of_ears()


def of_datasets() -> list[Target]:
    """Tables, folders, datasets and ledgers."""
    found = []
    build = ("{in}", "--out", "{out}/ds", "--workers", "1")
    for suffix, share in (("csv", 30), ("tsv", 8), ("jsonl", 16), ("parquet", 8)):
        table = "set/metadata.csv" if suffix == "csv" else f"metadata.{suffix}"
        given = {"set/audio": "audio", table: f"metadata.{suffix}"}
        found.append(
            Target(f"dataset --dry-run .{suffix}", "dataset_builder", given, (f"metadata.{suffix}",),
                   (*build, "--dry-run"), share)
        )  # fmt: skip
        found.append(
            Target(f"dataset .{suffix}", "dataset_builder", given,
                   (f"metadata.{suffix}", "audio/0.wav"), build, SELDOM)
        )  # fmt: skip
    pairs = ("low.txt", "high.json", "low.wav")
    found.append(Target("dataset --dry-run pairs", "dataset_builder", {"pairs": "."}, pairs, (*build, "--dry-run"), 12))
    ids = {"ids.csv": "ids.csv", "ledger.jsonl": "dl/ledger.jsonl"}
    words = ("download", "{in}/ids.csv", "--out", "{in}/dl", "--dry-run")
    found.append(Target("dataset download", "dataset_builder", ids, tuple(ids.values()), words, 12))
    read = ("spectrogram.json", "data/mini/train-00000-of-00001.parquet", "settings.json", "README.md")
    found.append(
        Target("dataset inspect", "dataset_builder", {"ds": "ds"}, tuple(f"ds/{one}" for one in read),
               ("inspect", "{in}/ds"), 10)
    )  # fmt: skip
    found.append(
        Target("dataset inspect ROW", "dataset_builder", {"ds": "ds"}, tuple(f"ds/{one}" for one in read[:2]),
               ("inspect", "{in}/ds", "0", "--out", "{out}/look"), 8)
    )  # fmt: skip
    rebuilt = ("metadata.csv", "ds/settings.json", "ds/splits.csv", "ds/drops.csv", "ds/data/mini/spectrogram.json")
    found.append(
        Target("dataset over a dataset", "dataset_builder", {"set": ".", "ds": "ds"}, rebuilt,
               ("{in}/metadata.csv", "--out", "{in}/ds", "--workers", "1"), SELDOM)
    )  # fmt: skip
    return found


def of_training() -> list[Target]:
    """Runs, recipes, adapters of all kinds, old pickles, cards."""
    told = ("run.json", "events.jsonl", "samples/samples.json")
    run = {f"run/{one}": f"run/{one}" for one in (*told, "settings.yaml")}
    shown = tuple(f"run/{one}" for one in told)
    card = (*shown, "results.json")
    weights = "run/pytorch_lora_weights.safetensors"
    into = ("--out", "{out}/a")
    found = [
        Target("train report", "training", run, shown, ("report", "{in}/run"), 40),
        Target("card", "model_card", run | {"results.json": "results.json"}, card,
               ("{in}/run", "--results", "{in}/results.json", "--out", "{out}/README.md"), 40),
        Target("train --dry-run --recipe", "training", {"run/settings.yaml": "r.yaml"}, ("r.yaml",),
               ("{in}/ds", "--out", "{out}/run", "--recipe", "{in}/r.yaml", "--dry-run"), 30),
        Target("train a damaged dataset", "training", {"ds": "ds"},
               ("ds/spectrogram.json", "ds/data/mini/train-00000-of-00001.parquet", "ds/README.md"),
               ("{in}/ds", "--out", "{out}/run", "--steps", "1", "--samples", "0", "--replay-clips", "0"), SELDOM),
        Target("train on after damage", "training", {"ds": "ds", "run": "run"},
               ("run/checkpoints/step-000002/manifest.json", "run/checkpoints/step-000002/weights.safetensors",
                "run/checkpoints/step-000002/optimizer.safetensors", "run/events.jsonl", "run/samples/samples.json"),
               ("{in}/ds", "--out", "{in}/run", "--steps", "2", "--rank", "1", "--replay-clips", "2", "--batch", "2",
                "--checkpoint-every", "1", "--validate-every", "1", "--samples", "0", "--seed", "1"), SELDOM),
    ]  # fmt: skip
    for source, share in (("word.pt", 12), ("word.bin", 8), ("aesthetic.pt", 10)):
        found.append(read_one("train convert", source, ("convert", "{in}/" + source, *into), share, "training"))
    for kind, source, share in (("lora", weights, 12), ("kohya", "run/run_kohya.safetensors", 8)):
        name = Path(source).name
        words = ("import", "{in}/" + name, *into)
        found.append(Target(f"train import {kind}", "training", {source: name}, (name,), words, share))
    found.append(
        Target("train export", "training", {weights: "pytorch_lora_weights.safetensors"},
               ("pytorch_lora_weights.safetensors",),
               ("export", "{in}/pytorch_lora_weights.safetensors", "--kohya", "{out}/k.safetensors"), 8)
    )  # fmt: skip
    make = ("generate", "a tone", "-o", "{out}/a.wav", "--steps", "1", "--seconds", "1", "--seed", "1")
    for flag, source in (("--lora", weights), ("--embedding", "word/learned_embeds.safetensors"),
                         ("--aesthetic", "aesthetic/aesthetic.safetensors")):  # fmt: skip
        name = Path(source).name
        words = (*make, flag, "{in}/" + name)
        found.append(Target(f"generate {flag}", "spectrogram", {source: name}, (name,), words, SELDOM))
    return found


def of_ears() -> list[Target]:
    """Metrics, and animals in recordings."""
    sets = {"set": "made", "pairs": "real"}
    measured = ("made/metadata.csv", "made/audio/0.wav", "real/low.wav", "real/high.json")
    table = {"set/audio/0.wav": "rec/a.wav", "classifier": "model"}
    models = tuple(f"model/{one}" for one in ("classifier.json", "classifier.safetensors"))
    found = [
        Target("measure", "metrics", sets, measured,
               ("{in}/made", "{in}/real", "--resamples", "0", "--out", "{out}/results.json"), 2 * SELDOM),
        Target("classify", "bioacoustics", {"set": "set", "classifier": "model"}, ("set/metadata.csv", *models),
               ("classify", "{in}/set", "--model", "{in}/model", "--out", "{out}/scores.csv"), 2 * SELDOM),
        Target("separate", "bioacoustics", {"set/audio/0.wav": "rec/a.wav", "sources.safetensors": "s.safetensors"},
               ("s.safetensors", "rec/a.wav"),
               ("separate", "{in}/rec", "--model", "{in}/s.safetensors", "--out", "{out}/apart"), 2 * SELDOM),
    ]  # fmt: skip
    for source in ("a.selections.txt", "a.labels.txt", "a.birdnet.csv", "a.jams"):
        name = source.replace(".birdnet", "")
        words = ("detect", "{in}/rec", "--model", "{in}/model", "--out", "{out}/found", "--truth")
        given = table | {source: f"rec/{name}"}
        found.append(Target(f"detect --truth {source}", "bioacoustics", given, (f"rec/{name}",), words, 2 * SELDOM))
    return found
