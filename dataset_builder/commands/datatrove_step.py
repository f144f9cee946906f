"""A datatrove step that builds one share of the pieces; its own module, because datatrove is an optional package."""

from __future__ import annotations

from datatrove.pipeline.base import PipelineStep

from dataset_builder.making.piece import build_task


class BuildShard(PipelineStep):
    """Rank and world size are datatrove's; documents that come in pass through untouched."""

    name = "spectrogram pieces"
    type = "sd-audio"

    def __init__(self, folder: str) -> None:
        super().__init__()
        self.folder = folder

    def run(self, data, rank: int = 0, world_size: int = 1):
        with self.track_time():
            self.stat_update("pieces", value=build_task(self.folder, rank, world_size))
        yield from data or ()
