"""``python -m space deploy USER/NAME``: Space, model and dataset become repositories on the Hub, together.

The Space gets the code and the embedded model; the model repository the base (and adapters as sub-folders), the dataset
repository a built dataset. All three point at each other in the Space's front matter. A public Space loads its base
from the model repository, or from `--base`, which `preload_from_hub` fetches when the Space is built; a private one
works with the files that it carries, because nothing private can be preloaded.
"""

import argparse
import subprocess
from dataclasses import dataclass
from pathlib import Path

from spectrogram.exits import ended
from spectrogram.files.dataset_folder import is_dataset
from spectrogram.files.hub import asking, repository
from spectrogram.problems import EnvironmentProblem, Problem, UsageProblem

ROOT = Path(__file__).resolve().parents[1]
# What the Space does not need at run time; everything else that git tracks goes there.
LEFT_OUT = ("tests/", "benchmarks/", "docs/", "integrations/", ".github/", "demo.py", "Makefile", "requirements.lock")
KEPT_ANYWAY = ("docs/hero.png",)


@dataclass(frozen=True)
class Plan:
    """What goes where: repository kind → (files by their name there)."""

    name: str
    space: dict[str, Path]
    model: dict[str, Path]
    dataset: dict[str, Path]


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="python -m space deploy", description=__doc__.split("\n\n")[0])
    made.add_argument("name", metavar="USER/NAME", help="of all three repositories")
    made.add_argument("--dataset", type=Path, help="folder of a built dataset (left out: no dataset repository)")
    made.add_argument("--adapter", type=Path, action="append", default=[], help="folder of a run; may be repeated")
    made.add_argument(
        "--public", action="store_true", help="everybody may see them (default: private; check licences!)"
    )
    made.add_argument("--base", metavar="USER/NAME", help="public model on the Hub that the page works with instead")
    made.add_argument("--hardware", help="of the Space, e.g. zero-a10g or t4-small (default: the Hub's own choice)")
    made.add_argument("--dry-run", action="store_true", help="say what would be sent, and send nothing")
    return made


def main(argv: list[str]) -> int:
    options = parser().parse_args(argv)
    return ended(lambda: run(options))


def run(options: argparse.Namespace) -> int:
    """Send what was asked for, or with --dry-run say what would be sent; returns the exit code."""
    plan = make_plan(options.name, options.dataset, options.adapter)
    if options.base is not None:
        repository(options.base)
    if options.dry_run:
        for kind in ("space", "model", "dataset"):
            files = getattr(plan, kind)
            print(f"{kind} {plan.name}: {len(files)} files, {sum(map(size, files.values())) / 1e6:.1f} MB")
        return 0
    for address in deploy(plan, options.public, options.hardware, options.base):
        print(address)
    print(f"next: open the Space {options.name} and watch it build")
    return 0


def make_plan(name: str, dataset: Path | None, adapters: list[Path]) -> Plan:
    """All files of the three repositories. Raises UsageProblem for a wrong name and for folders that hold nothing."""
    repository(name)
    tracked = [line for line in _git("ls-files").splitlines() if (ROOT / line).is_file()]
    space = {line: ROOT / line for line in tracked if line in KEPT_ANYWAY or not line.startswith(LEFT_OUT)}
    model = {line.removeprefix("base_model/"): ROOT / line for line in tracked if line.startswith("base_model/")}
    if adapters:  # torch, which a Space without adapters does not wait for
        from space.engine.adapter_switch import taught_in
    for adapter in adapters:
        if taught_in(adapter) is None:
            raise UsageProblem(f"{adapter} holds no adapter", "the folder of a finished run", "check --adapter")
        files = [path for path in adapter.rglob("*") if path.is_file() and "checkpoints" not in path.parts]
        model |= {f"adapters/{adapter.name}/{path.relative_to(adapter).as_posix()}": path for path in files}
    found = {}
    if dataset is not None:
        if not is_dataset(dataset):
            raise UsageProblem(f"{dataset} holds no data/*.parquet", "a built dataset", "check --dataset")
        found = {path.relative_to(dataset).as_posix(): path for path in dataset.rglob("*") if path.is_file()}
    return Plan(name, space, model, {key: path for key, path in found.items() if not key.startswith(".")})


def deploy(plan: Plan, public: bool = False, hardware: str | None = None, base: str | None = None) -> list[str]:
    """Create or update the repositories, the Space last, so that what it points at is there; their addresses.

    `base`: a public model that the page works with; left out, a public Space works with the model made here.
    """
    from huggingface_hub import CommitOperationAdd, HfApi

    api, addresses = HfApi(), []
    preloaded = base or (plan.name if public else None)
    with asking(f"{plan.name} was not deployed"):
        for kind in ("model", "dataset", "space"):
            files: dict[str, Path | bytes] = dict(getattr(plan, kind))
            if not files:
                continue
            more = {"space_sdk": "gradio", "space_hardware": hardware} if kind == "space" else {}
            api.create_repo(plan.name, repo_type=kind, private=not public, exist_ok=True, **more)
            if kind == "space":
                readme = (ROOT / "README.md").read_text(encoding="utf-8")
                files["README.md"] = front_matter(readme, plan.name, bool(plan.dataset), preloaded).encode()
            operations = [CommitOperationAdd(name, data) for name, data in files.items()]
            commit = api.create_commit(plan.name, operations, commit_message="Deploy", repo_type=kind, create_pr=False)
            addresses.append(str(commit.commit_url).split("/commit/")[0])
            if kind == "space" and preloaded:
                api.add_space_variable(plan.name, "SPACE_BASE", preloaded)
    return addresses


def front_matter(readme: str, name: str, with_dataset: bool, preloaded: str | None = None) -> str:
    """The README with `models`, `datasets`, `preload_from_hub` and nothing twice, so that the Hub links the three."""
    import yaml

    if not readme.startswith("---\n"):
        raise Problem("README.md has no front matter", "YAML between two lines ---", "add it")
    head, body = readme[4:].split("\n---\n", 1)
    facts = yaml.safe_load(head)
    facts["models"] = sorted({*facts.get("models", []), name, *([preloaded] if preloaded else [])})
    if preloaded:
        facts["preload_from_hub"] = [preloaded]
    if with_dataset:
        facts["datasets"] = sorted({*facts.get("datasets", []), name})
    if len(str(facts.get("short_description", ""))) > 60:
        raise Problem("short_description is longer than 60 characters", "60 at most", "shorten it")
    return f"---\n{yaml.safe_dump(facts, sort_keys=False, allow_unicode=True)}---\n{body}"


def size(path: Path) -> int:
    return path.stat().st_size


def _git(*words: str) -> str:
    try:
        return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise EnvironmentProblem("git does not list the files", "a clone of the repository", "clone it") from error
