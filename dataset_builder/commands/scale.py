"""The same pieces built by many machines: datatrove (one machine, Slurm) or Ray, all on a folder that they share.

    python -m dataset_builder scale plan  CSV_OR_FOLDER --out DIR      writes the plan, builds nothing
    python -m dataset_builder scale build DIR --driver slurm --tasks 500 --partition cpu
    python -m dataset_builder scale build DIR --rank 3 --world 8       one share, for any other scheduler
    python -m dataset_builder CSV_OR_FOLDER --out DIR                  finds the pieces done and publishes them

Every driver only calls ``build_shard(rank, world)``, whose pieces do not depend on rank or world: all give the same
bytes, and what one leaves undone another finishes.
"""

from __future__ import annotations

import argparse
import importlib.util
from pathlib import Path

from dataset_builder.commands.arguments import parser_for
from dataset_builder.making.workspace import work_folder
from spectrogram import shell
from spectrogram.exits import ended
from spectrogram.problems import EnvironmentProblem

DRIVERS = ("here", "local", "slurm", "ray")


def with_datatrove(folder: Path, tasks: int, workers: int, slurm: dict | None = None) -> None:
    """Run ``tasks`` shares with datatrove on this machine, or as a Slurm job array (``slurm``: partition, time, …)."""
    require("datatrove", 'pip install "datatrove>=0.10,<0.11"')
    from datatrove.executor import LocalPipelineExecutor, SlurmPipelineExecutor

    # Its own markers are not used: a share whose pieces are done costs milliseconds, and pieces know their settings.
    common = {"pipeline": [trove_step(folder)], "tasks": tasks, "workers": workers, "skip_completed": False}
    logs = str(folder / "datatrove")
    if slurm is None:
        LocalPipelineExecutor(**common, logging_dir=logs, start_method="spawn").run()
    else:
        SlurmPipelineExecutor(**common, logging_dir=logs, job_name="sd-audio-spectrograms", **slurm).run()


def trove_step(folder: Path):
    from dataset_builder.commands.datatrove_step import BuildShard

    return BuildShard(str(folder))


def with_ray(folder: Path, tasks: int) -> None:
    """Run ``tasks`` shares on the Ray cluster of this session (or a local one)."""
    require("ray", 'pip install "ray[default]"')
    import ray

    from dataset_builder.making.piece import build_task

    ray.init(ignore_reinit_error=True)
    ray.get([ray.remote(build_task).remote(str(folder), rank, tasks) for rank in range(tasks)])


def require(package: str, remedy: str) -> None:
    if importlib.util.find_spec(package) is None:
        raise EnvironmentProblem(f"{package} is not installed", "expected the package", remedy)


def parser() -> argparse.ArgumentParser:
    made = parser_for("scale", __doc__)
    steps = made.add_subparsers(dest="step", required=True)
    plan = steps.add_parser("plan", help="write the plan of a build (options as for a build)", add_help=False)
    plan.add_argument("build_options", nargs=argparse.REMAINDER)
    build = steps.add_parser("build", help="build pieces of a plan")
    build.add_argument("out", type=Path, help="the dataset's folder, as given to plan")
    build.add_argument("--driver", choices=DRIVERS, default="here", help="who runs the shares (default: this process)")
    build.add_argument("--tasks", type=int, default=2, help="number of shares (default 2)")
    build.add_argument("--workers", type=int, default=-1, help="shares at a time (default: all)")
    build.add_argument("--rank", type=int, default=0, help="here: which share")
    build.add_argument("--world", type=int, default=1, help="here: of how many")
    build.add_argument("--partition", default="cpu", help="slurm partition")
    build.add_argument("--time", default="12:00:00", help="slurm time limit of a share")
    return made


def main(argv: list[str]) -> int:
    # argparse cannot hand unknown options of a subcommand on, so plan is told apart first.
    if argv[:1] == ["plan"]:
        from dataset_builder.commands import build as command

        chosen = command.parser().parse_args(argv[1:])
        return ended(lambda: plan(chosen, argv[1:]), encoding=chosen.encoding)
    options = parser().parse_args(argv)
    return ended(lambda: run(options))


def plan(options: argparse.Namespace, argv: list[str]) -> int:
    """Write the plan that a build with the same options would make."""
    from dataset_builder.build import planned
    from dataset_builder.commands import build as command
    from dataset_builder.intake.captions import read_entries
    from dataset_builder.making.workspace import locked

    entries = read_entries(options.captions, options.audio, options.allow_overlap)
    with locked(options.out) as folder:
        entries, _ = planned(entries, options.out, command.settings_of(options, argv), folder)
    pieces = len(list(folder.glob("*/plan/*.jsonl")))
    print(f"{len(entries)} clips in {pieces} pieces")
    how = ("--driver", "local", "--tasks", min(pieces, 500)) if importlib.util.find_spec("datatrove") else ()
    print("next: " + shell.command("dataset_builder", "scale", "build", options.out, *how))
    return 0


def run(options: argparse.Namespace) -> int:
    folder = work_folder(options.out)
    if not list(folder.glob("*/plan/recipe.json")):
        raise EnvironmentProblem(f"{options.out} has no plan", "expected one", "run `scale plan` with the same --out")
    if options.driver == "here":
        from dataset_builder.making.piece import build_task

        build_task(str(folder), options.rank, options.world)
    elif options.driver == "ray":
        with_ray(folder, options.tasks)
    else:
        slurm = {"partition": options.partition, "time": options.time} if options.driver == "slurm" else None
        with_datatrove(folder, options.tasks, options.workers, slurm)
    print("next: python -m dataset_builder with the options of the plan finds these pieces and publishes the dataset")
    return 0
