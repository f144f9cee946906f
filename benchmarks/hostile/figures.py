"""What came of all inputs, as figures beside their limits; counts of several runs add up."""

from collections import Counter
from dataclasses import dataclass, field

from benchmarks.hostile.answer import Answer

REFUSED = (2, 3, 4, 5, 6)
# What one refusal may say in a line: a label of 70,000 letters is not said back.
LONGEST_LINE = 2000
LIMITS = {
    "inputs": 20_000, "tracebacks": 0, "hangs": 0, "outside": 0, "unexplained": 0, "long_lines": 0,
    "page_peak_mb": 1500, "commands_peak_mb": 2000,
}  # fmt: skip
KEPT_CASES, KEPT_ALIKE = 60, 2


@dataclass
class Counts:
    """Inputs tried and what came of them, by command or endpoint."""

    by_target: dict[str, Counter] = field(default_factory=dict)
    cases: list[dict] = field(default_factory=list)
    peaks_mb: dict[str, float] = field(default_factory=dict)
    seconds: float = 0.0
    page_memory_mb: list[int] = field(default_factory=list)

    def add(self, target: str, number: int, seed: int, file: str, answer: Answer) -> None:
        """Count one input; what is not as it should be is kept with the numbers that make it again."""
        counter = self.by_target.setdefault(target, Counter())
        counter["inputs"] += 1
        kinds = kinds_of(answer, target.startswith("page"))
        counter.update(kinds)
        self.peaks_mb[target] = max(self.peaks_mb.get(target, 0.0), round(answer.peak_mb))
        for kind in kinds:
            told = answer.broke or "; ".join(answer.outside) or answer.said[-300:]
            told = f"{answer.peak_mb:.0f} MB" if kind == "memory" else told
            alike = sum(one["kind"] == kind and (kind == "memory" or one["told"][:120] == told[:120])
                        for one in self.cases)  # fmt: skip
            if kind not in ("accepted", "refused") and len(self.cases) < KEPT_CASES and alike < KEPT_ALIKE:
                self.cases.append({"kind": kind, "target": target, "file": file, "seed": seed, "number": number,
                                   "told": told[:400], "cpu_s": round(answer.cpu_seconds, 1)})  # fmt: skip

    def to_dict(self) -> dict:
        return {
            "seconds": round(self.seconds),
            "by_target": {name: dict(counter) for name, counter in sorted(self.by_target.items())},
            "peaks_mb": self.peaks_mb,
            "page_memory_mb": self.page_memory_mb,
            "cases": self.cases,
        }

    def absorb(self, told: dict) -> None:
        """Add what an earlier run wrote."""
        for name, counter in told["by_target"].items():
            self.by_target.setdefault(name, Counter()).update(counter)
        for name, peak_mb in told["peaks_mb"].items():
            self.peaks_mb[name] = max(self.peaks_mb.get(name, 0.0), peak_mb)
        self.cases = [*self.cases, *told["cases"]][:KEPT_CASES]
        self.page_memory_mb = [*told.get("page_memory_mb", []), *self.page_memory_mb]
        self.seconds += told["seconds"]


def kinds_of(answer: Answer, is_page: bool = False) -> list[str]:
    """What an answer counts as: accepted or refused where nothing went wrong."""
    kinds = []
    if answer.hangs:
        kinds.append("hangs")
    elif answer.broke:
        kinds.append("tracebacks")
    elif answer.code == 0:
        kinds.append("accepted")
    elif answer.code in REFUSED and answer.said.strip():
        kinds.append("refused")
    else:
        kinds.append("unexplained")
    if answer.said_chars > LONGEST_LINE:
        kinds.append("long_lines")
    if answer.peak_mb > LIMITS["page_peak_mb"] and is_page:
        kinds.append("memory")
    return kinds + (["outside"] if answer.outside else [])


def figures(counts: Counts) -> dict:
    """The sums, and the ratio of each to its limit."""
    total = sum(counts.by_target.values(), Counter())
    pages = {name for name in counts.by_target if name.startswith("page")}
    kinds = ("inputs", "accepted", "refused", "tracebacks", "hangs", "outside", "unexplained", "long_lines")
    found = {name: total[name] for name in kinds}
    found["page_inputs"] = sum(counts.by_target[name]["inputs"] for name in pages)
    found["page_peak_mb"] = max((counts.peaks_mb[name] for name in pages), default=0)
    found["commands_peak_mb"] = max((p for name, p in counts.peaks_mb.items() if name not in pages), default=0)
    return found


def holds(found: dict) -> bool:
    """Whether every figure is within its limit."""
    return all(found[name] >= limit if name == "inputs" else found[name] <= limit for name, limit in LIMITS.items())


def shown(found: dict, counts: Counts) -> str:
    """The table that is printed."""
    lines = [f"{'':24}{'found':>10}{'limit':>10}"]
    for name, value in found.items():
        limit = LIMITS.get(name)
        sign = "" if limit is None else (">= " if name == "inputs" else "<= ") + f"{limit:,}"
        lines.append(f"{name.replace('_', ' '):24}{value:>10,}{sign:>12}")
    lines.append(f"{'seconds':24}{round(counts.seconds):>10,}")
    lines += [f"{one['kind']}: {one['target']}, {one['file']}, --seed {one['seed']} --from {one['number']}: "
              f"{one['told']}" for one in counts.cases]  # fmt: skip
    return "\n".join(lines)
