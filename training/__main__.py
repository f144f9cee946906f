"""Command line: ``python -m training DATASET --out runs/NAME`` and the commands beside it.

scratch RECIPE trains the base model from nothing.
"""

import argparse
import sys
from importlib import import_module
from pathlib import Path

from spectrogram.exits import ended
from spectrogram.files.texts import encodings
from spectrogram.help_groups import in_groups
from spectrogram.problems import ENVIRONMENT_EXIT_CODE
from training.flags import add_arguments, resolve
from training.method_table import how_to_use, method_of
from training.presets import explain, explain_base, facts_about

PROGRAM = "python -m training"
DESCRIPTION = "Teach a Stable Diffusion model a sound from a spectrogram dataset."
COMMANDS = {
    "scratch": ("training.base_model.command", "main"),
    "ear": ("training.base_model.ear.command", "main"),
    "report": ("training.record.report", "main"),
    "sweep": ("training.sweep", "main"),
    "export": ("training.exchange.commands", "export_main"),
    "import": ("training.exchange.commands", "import_main"),
    "convert": ("training.exchange.commands", "convert_main"),
}

# What stands first in the help.
FIRST = (
    *("--out", "--base", "--method", "--steps", "--rate", "--rank", "--batch", "--trigger", "--class-prompt"),
    *("--vram", "--recipe", "--rehearse"),
)


def build_parser():
    epilog = f"also: python -m training {{{','.join(COMMANDS)}}} --help"
    parser = argparse.ArgumentParser(prog="python -m training", description=DESCRIPTION, epilog=epilog)
    parser.add_argument("dataset", help="dataset folder or Hub name")
    parser.add_argument("--out", required=True, type=Path, help="folder of the run, e.g. runs/owl")
    parser.add_argument("--recipe", type=Path, help="YAML file with settings; flags win over it")
    parser.add_argument("--vram", type=int, choices=(4, 6, 8, 12, 24), help="keep the whole run to so many GB of GPU")
    parser.add_argument("--dry-run", action="store_true", help="say what would be done, and stop")
    parser.add_argument("--rehearse", action="store_true", help="go through every stage once: seconds, memory, hours")
    first = "rehearse, and go on if it fits; a run that has checkpoints goes on at once"
    parser.add_argument("--rehearse-first", action="store_true", help=first)
    parser.add_argument("--price", type=float, help="with a rehearsal: what an hour costs")
    parser.add_argument("--fresh", action="store_true", help="forget the run's checkpoints and begin anew")
    parser.add_argument("--force-resume", action="store_true", help="go on although settings or data differ")
    encodings.add_argument(parser)
    add_arguments(parser)
    return in_groups(parser, *FIRST)


def _train(arguments):
    settings = resolve(arguments, arguments.recipe, arguments.vram)
    print(explain_base(facts_about(settings.base), settings.method))
    if settings.vram:
        print(explain(settings, settings.vram))
    if arguments.dry_run:
        for name, value in settings.to_dict().items():
            print(f"{name:22} {value}")
        return 0
    begun = not arguments.fresh and any(arguments.out.glob("checkpoints/step-*"))
    # A method without steps is over in about the time that its rehearsal would take.
    worth_it = method_of(settings.to_dict()).loops and not begun
    if arguments.rehearse or (arguments.rehearse_first and worth_it):
        code = _rehearse(settings, arguments)
        if code or arguments.rehearse:
            return code
    return _run(settings, arguments)


def _rehearse(settings, arguments):
    from training.progress import Bars

    with Bars() as bars:
        # The libraries alone can take longer than anybody should wait without a word.
        bars.update("starting", 0, 1, "libraries")
        from training.rehearsal import rehearse

        bars.update("starting", 1, 1)
        found = rehearse(settings, arguments.dataset, arguments.out, bars)
    print(found.report(arguments.price), flush=True)
    return 0 if found.fits else ENVIRONMENT_EXIT_CODE


def _run(settings, arguments):
    from training.progress import Bars

    with Bars() as bars:
        bars.update("starting", 0, 1, "libraries")
        from training.run import train

        bars.update("starting", 1, 1)
        report = train(settings, arguments.dataset, arguments.out, bars, arguments.force_resume, arguments.fresh)
    told = (
        "no clip was held out"
        if report.before is None
        else f"validation loss {report.before:.4f} -> {report.after:.4f}"
    )
    print(f"{told}; result in {report.adapter}")
    print(f"next: {how_to_use(settings.to_dict(), report.folder, report.prompt)}")
    return 0


def main(argv=None):
    """Run the command line; returns the exit code.

    0 done, 2 usage, 4 unusable input, 5 disk, memory or a missing package, 6 non-finite training, 130 stopped.
    """
    argv = list(sys.argv[1:] if argv is None else argv)
    if argv and argv[0] in COMMANDS:
        module, function = COMMANDS[argv[0]]
        return ended(lambda: getattr(import_module(module), function)(argv[1:]), PROGRAM)
    arguments = build_parser().parse_args(argv)
    return ended(lambda: _train(arguments), PROGRAM, arguments.encoding)


if __name__ == "__main__":
    sys.exit(main())
