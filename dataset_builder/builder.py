"""The dataset as a ``datasets`` builder: the loading script of today, imported instead of downloaded.

    builder = SdAudioSpectrograms(captions="metadata.csv", cache_dir="cache")
    builder.download_and_prepare(num_proc=2)
    dataset = builder.as_dataset(split="train")          # or builder.as_streaming_dataset("train")

It makes the rows and splits of ``python -m dataset_builder`` without its resuming, drop list and card; with
``dataset_name="sd-audio-spectrograms", hash="v1"`` and the default cache, ``load_dataset`` finds it by name afterwards.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import datasets

from dataset_builder.build import Settings, deal
from dataset_builder.intake.captions import WORDINGS, chosen_wordings, read_entries
from dataset_builder.intake.entries import Entry, order_key
from dataset_builder.making.clip import CutPolicy, Dropped
from dataset_builder.making.piece import ENTRIES_PER_PIECE, Recipe, rows_of
from dataset_builder.making.row import typed_schema
from dataset_builder.making.splits import parse_shares
from spectrogram import json_text
from spectrogram.codec import SpectrogramCodec
from spectrogram.params import PRESETS, SpectrogramParams
from spectrogram.problems import UsageProblem

SPLITS = {"train": datasets.Split.TRAIN, "validation": datasets.Split.VALIDATION, "test": datasets.Split.TEST}


@dataclass
class SpectrogramConfig(datasets.BuilderConfig):
    """What to read (``captions``: table or folder, ``audio``: where file names start) and how to cut and deal it."""

    captions: str = ""
    audio: str | None = None
    preset: str = ""
    windows: bool = False
    shortest_s: float = 1.0
    split: str = "80/10/10"
    seed: int = 0
    wordings: str = WORDINGS[0]

    def settings(self) -> Settings:
        policy = CutPolicy(shortest_s=self.shortest_s, windows=self.windows)
        presets = (self.preset or self.name,)
        return Settings(presets, policy, parse_shares(self.split), self.seed, wordings=self.wordings)


class SdAudioSpectrograms(datasets.GeneratorBasedBuilder):
    """One config for each codec preset; ``mini`` is the default."""

    VERSION = datasets.Version("1.0.0")
    BUILDER_CONFIG_CLASS = SpectrogramConfig
    DEFAULT_CONFIG_NAME = "mini"

    BUILDER_CONFIGS = tuple(SpectrogramConfig(name=name, version=datasets.Version("1.0.0")) for name in PRESETS)

    def _info(self) -> datasets.DatasetInfo:
        return datasets.DatasetInfo(
            description="Sounds as spectrogram pictures with captions",
            features=datasets.Features.from_arrow_schema(typed_schema()),
        )

    def _split_generators(self, dl_manager) -> list[datasets.SplitGenerator]:
        """Each split as a list of pieces (64 entries as JSON lines) that ``num_proc`` and streams divide."""
        if not self.config.captions:
            raise UsageProblem("no captions are given", "captions=TABLE_OR_FOLDER", "pass it to the builder")
        settings = self.config.settings()
        entries = read_entries(Path(self.config.captions), Path(self.config.audio) if self.config.audio else None)
        entries = chosen_wordings(entries, settings.wordings, settings.seed)
        entries.sort(key=lambda entry: order_key(settings.seed, entry.clip_id))
        dealt = deal(entries, settings)
        params = settings.params(settings.presets[0])
        recipe = {"params": params.to_dict(), "policy": asdict(settings.policy)}
        generators = []
        for name, split in SPLITS.items():
            mine = [entry.to_json() for entry in entries if dealt[entry.recording] == name]
            pieces = ["\n".join(mine[i : i + ENTRIES_PER_PIECE]) for i in range(0, len(mine), ENTRIES_PER_PIECE)]
            if pieces:
                kwargs = {"pieces": pieces, "recipe": json_text.dumps(recipe)}
                generators.append(datasets.SplitGenerator(name=split, gen_kwargs=kwargs))
        return generators

    def _generate_examples(self, pieces: list[str], recipe: str) -> Iterator[tuple[str, dict]]:
        values = json.loads(recipe)
        made_by = Recipe(SpectrogramParams.from_dict(values["params"]), CutPolicy(**values["policy"]))
        codec = SpectrogramCodec(made_by.params)
        for piece in pieces:
            for line in piece.split("\n"):
                for row in rows_of(Entry.from_json(line), made_by, codec):
                    if not isinstance(row, Dropped):
                        del row["fingerprint"]
                        yield row["clip_id"], row
