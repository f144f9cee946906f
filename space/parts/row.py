"""Clips of one request that come one by one: each is shown in its place of the row as soon as it can be heard."""

from space.jobs import Finished, Painted
from space.store.clips import Clip, ClipStore
from spectrogram.recipe import Recipe


class Row:
    """Keeps each painted clip; `finish` puts those that stay in order and keeps what has not been kept yet."""

    def __init__(self, store: ClipStore, suffix: str):
        self.store, self.suffix = store, suffix
        self.painted: list[Clip] = []

    def add(self, painted: Painted) -> list[Clip]:
        """The clips so far, in the order of the row."""
        clips = [*self.painted, *self.store.keep(painted.clip, self.suffix)]
        self.painted = sorted(clips, key=place)
        return self.painted

    def finish(self, finished: Finished) -> list[Clip]:
        """The clips of a result; one that was painted before is the same clip again."""
        if not self.painted:
            return self.store.keep(finished, self.suffix)
        by_place = {place(clip): clip for clip in self.painted}
        return [by_place[recipe.settings["share"]] for recipe in finished.recipes]

    def neighbour(self, clip: Clip | None, among: list[Clip]) -> Clip | None:
        """The nearest `among` those that stay to a clip of this row; None for a clip of another request."""
        if clip not in self.painted:
            return None
        return min(among, key=lambda other: abs(place(other) - place(clip)))


def place(clip: Clip) -> float:
    """Where in its row a clip stands, 0 … 1."""
    return clip.recipe.settings["share"]


def text_at(recipe: Recipe) -> str:
    """What a clip says: of the texts of a row the one that is nearest to its place."""
    texts = recipe.settings.get("prompts")
    if not texts:
        return recipe.prompt
    return str(texts[round(recipe.settings.get("share", 0) * (len(texts) - 1))])
