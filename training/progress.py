"""Progress of a run's stages as bars in the terminal."""

from .run import Stages


class Bars(Stages):
    """One rich bar a stage, with time left; use as a context."""

    def __init__(self):
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeElapsedColumn,
            TimeRemainingColumn,
        )

        columns = (
            TextColumn("{task.description:<16}"), BarColumn(), MofNCompleteColumn(),
            TimeElapsedColumn(), TimeRemainingColumn(), TextColumn("{task.fields[note]}"),
        )  # fmt: skip
        self.progress, self.tasks = Progress(*columns), {}

    def __enter__(self):
        self.progress.start()
        return self

    def __exit__(self, *failure):
        self.progress.stop()

    def update(self, stage, done, total, note=""):
        if stage not in self.tasks:
            self.tasks[stage] = self.progress.add_task(stage, total=total, note=note)
        self.progress.update(self.tasks[stage], completed=done, total=total, note=note)
