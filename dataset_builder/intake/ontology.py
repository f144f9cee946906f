"""AudioSet's classes: names for label ids, and all ids below a class (``Dog`` holds ``Bark``, ``Howl``, …)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from spectrogram.files import json_file, tables
from spectrogram.problems import UsageProblem


@dataclass(frozen=True)
class SoundClass:
    """One class of ontology.json."""

    id: str
    name: str
    child_ids: list[str]


class Ontology:
    """``names``: id -> name; ``children``: id -> ids.  Read from ontology.json, or names alone from a csv."""

    def __init__(self, names: dict[str, str], children: dict[str, list[str]]) -> None:
        self.names, self.children = names, children

    @classmethod
    def read(cls, path: Path) -> Ontology:
        if path.suffix in (".csv", ".tsv"):
            return cls(names_in(path), {})
        classes = json_file.read(path, list[SoundClass], "give AudioSet's ontology.json")
        return cls({c.id: c.name for c in classes}, {c.id: c.child_ids for c in classes})

    def below(self, name: str) -> set[str]:
        """The id of a class given by name (any case) and all ids below it; raises UsageProblem with near names."""
        found = [key for key, own in self.names.items() if own.lower() == name.lower()]
        if not found:
            near = sorted(own for own in self.names.values() if name.lower()[:4] in own.lower())[:8]
            hint = f"perhaps {', '.join(near)}" if near else "see ontology.json"
            raise UsageProblem(f"there is no class {name!r}", "expected a name of AudioSet's ontology", hint)
        reached, todo = set(), found
        while todo:
            key = todo.pop()
            if key not in reached:
                reached.add(key)
                todo.extend(self.children.get(key, ()))
        return reached


def names_in(path: Path) -> dict[str, str]:
    """Names by id of class_labels_indices.csv, or of mid_to_display_name.tsv, which has no header."""
    table = tables.read(path)
    if not (table.find("mid") and table.find("display_name")):
        table = tables.read(path, ("mid", "display_name"))
    return {row["mid"]: row["display_name"] for _, row in table}


class Selection:
    """Which rows of AudioSet are wanted: at most ``per_class`` of each class, named by the class that let them in."""

    def __init__(self, ontology: Ontology, classes: list[str], per_class: int | None) -> None:
        self.ids = {name: ontology.below(name) for name in classes}
        self.room = {name: per_class if per_class is not None else float("inf") for name in classes}

    def take(self, labels: list[str]) -> str | None:
        """The first class with room that one of the labels belongs to, None when the row is not wanted."""
        for name, ids in self.ids.items():
            if self.room[name] > 0 and not ids.isdisjoint(labels):
                self.room[name] -= 1
                return name
        return None
