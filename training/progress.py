"""Progress of a run's stages: bars in a terminal, lines in a log."""

from training.run import Stages

# A log gets a line whenever another of these shares of a stage is done.
SHARES = 20


class Bars(Stages):
    """One rich bar a stage, with time left; where nobody sees bars, "replay 12/70" now and then. Use as a context."""

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
        self.progress, self.tasks, self.told = Progress(*columns), {}, {}
        self.seen = self.progress.console.is_terminal

    def __enter__(self):
        if self.seen:
            self.progress.start()
        return self

    def __exit__(self, *failure):
        self.progress.stop()

    def update(self, stage, done, total, note=""):
        if not self.seen:
            return self._tell(stage, done, total, note)
        if stage not in self.tasks:
            self.tasks[stage] = self.progress.add_task(stage, total=total, note=note)
        self.progress.update(self.tasks[stage], completed=done, total=total, note=note)

    def _tell(self, stage, done, total, note):
        share = SHARES * done // max(total, 1)
        if self.told.get(stage) != share:
            self.told[stage] = share
            print(f"{stage} {done}/{total} {note}".rstrip(), flush=True)
