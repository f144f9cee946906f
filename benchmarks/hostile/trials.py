"""Draws a command and a hostile file, has the file read, and looks at what the command left where."""

import os
import random
import shutil
from pathlib import Path

from benchmarks.hostile.answer import Answer
from benchmarks.hostile.commands import Target, targets
from benchmarks.hostile.mutations import ESCAPED, hostile

# A case lies so deep that a name with many ".." still ends where it is seen.
DEPTH = ("a", "b", "c", "d", "e")
TOGETHER = 12
# Libraries keep compiled code and fonts there; what a command puts there it takes away.
KEPT = ("torchinductor", "numba", "matplotlib", ".font")


class Trials:
    """Inputs by number: the same seed and number give the same input; what was given is put back afterwards."""

    def __init__(self, material: Path, top: Path, seed: int, only: str = ""):
        self.material, self.top, self.seed = material, top, seed
        self.targets = [target for target in targets() if only in target.name]
        self.case = top.joinpath(*DEPTH, "case")
        self.given, self.made = self.case / "in", self.case / "out"
        self.laid: Target | None = None
        self.goods: dict[str, bytes] = {}
        self.before: dict[str, int] = {}

    def target(self, number: int) -> Target:
        """A few of one target follow each other, so that its folder need not be laid out for every input."""
        group = random.Random(f"{self.seed}-{number // TOGETHER}")
        return group.choices(self.targets, [one.share for one in self.targets])[0]

    def run(self, number: int, ask) -> tuple[Target, str, Answer]:
        """Input of that number through `ask(room, words)`: the target, the hostile file, what came of it."""
        target, draw = self.target(number), random.Random(f"{self.seed}-{number}-file")
        name = draw.choice(target.mutable)
        if self.laid is not target:
            self.lay(target)
        good = self._good(name)
        (self.given / name).write_bytes(hostile(draw, name, good))
        answer = self.ask(target, ask)
        (self.given / name).parent.mkdir(parents=True, exist_ok=True)
        (self.given / name).write_bytes(good)
        last = number % TOGETHER == TOGETHER - 1
        if last or target.works_on_its_input:
            answer.outside = [*answer.outside, *self.look()]
        return target, name, answer

    def ask(self, target: Target, ask) -> Answer:
        """Run a target on what is laid, and empty its folder of results."""
        answer = ask(target.room, [word.format(**{"in": "in", "out": "out"}) for word in target.words])
        if any(os.scandir(self.made)) if self.made.is_dir() else True:
            shutil.rmtree(self.made, ignore_errors=True)
            self.made.mkdir()
        return answer

    def look(self) -> list[str]:
        """What lies outside of the folders that were named, and which inputs were changed, since they were laid."""
        strays = [f"left {path}" for path in self._strays()]
        target, self.laid = self.laid, None
        if target is None or target.works_on_its_input:
            return strays
        after = _state(self.given)
        changed = [path for path in self.before if self.before[path] != after.get(path)]
        if not changed:
            self.laid = target
        return [*strays, *(f"changed {path}" for path in changed)]

    def _good(self, name: str) -> bytes:
        if name not in self.goods:
            self.goods[name] = (self.given / name).read_bytes()
        return self.goods[name]

    def lay(self, target: Target) -> None:
        """Put the good files of a target into place."""
        shutil.rmtree(self.given, ignore_errors=True)
        self.given.mkdir(parents=True)
        for source, name in target.given.items():
            path, place = self.material / source, self.given / name
            place.parent.mkdir(parents=True, exist_ok=True)
            if path.is_dir():
                shutil.copytree(path, place, dirs_exist_ok=True)
            else:
                shutil.copyfile(path, place)
        self.made.mkdir(exist_ok=True)
        self.laid, self.goods, self.before = target, {}, _state(self.given)

    def _strays(self) -> list[Path]:
        """Whatever lies beside the folders that lead to the case, in the temporary folder, or under the marked name."""
        found = list(Path("/tmp").glob(f"*{ESCAPED}*"))
        at = self.top
        for name in (*DEPTH, "case"):
            allowed = {name, "home", "tmp"} if at == self.top else {name}
            found += [path for path in at.iterdir() if path.name not in allowed]
            at = at / name
        found += [path for path in self.case.iterdir() if path.name not in ("in", "out")]
        found += [path for path in (self.top / "tmp").iterdir() if not path.name.startswith(KEPT)]
        for path in found:
            shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)
        return found


def _state(folder: Path) -> dict[str, int]:
    """The size of every file."""
    return {str(path.relative_to(folder)): path.stat().st_size for path in folder.rglob("*") if path.is_file()}
