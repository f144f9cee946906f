"""`--help` of commands with many flags: what people use first, then the rest under "advanced"."""

import argparse

MANY_FLAGS = 12
ADVANCED = "advanced"


def in_groups(parser: argparse.ArgumentParser, *first: str) -> argparse.ArgumentParser:
    """The parser with every flag but `first` moved to a group of its own in its help; a dozen flags stay together.

    Args:
        parser: with all of its flags.
        first: flags such as "--out" that stand where help begins, in the order of the parser.

    Returns:
        The same parser.

    Raises:
        LookupError: a flag in `first` that the parser does not have.
    """
    # argparse has no public way to move a flag that is there already.
    common = parser._optionals._group_actions
    flags = [action for group in parser._action_groups for action in group._group_actions if action.option_strings]
    names = {name for action in flags for name in action.option_strings}
    if unknown := set(first) - names:
        raise LookupError(f"{parser.prog} has no {', '.join(sorted(unknown))}")
    later = [action for action in common if not {*first, "--help"} & set(action.option_strings)]
    if len(flags) - 1 > MANY_FLAGS:
        parser.add_argument_group(ADVANCED)._group_actions.extend(later)
        common[:] = [action for action in common if action not in later]
        parser.usage = " ".join([parser.prog.replace("%", "%%"), *_needed(parser), "[flags]"])
    return parser


def _needed(parser: argparse.ArgumentParser) -> list[str]:
    """What must be typed, as usage lines show it."""
    told = []
    for action in parser._actions:
        shown = action.metavar if isinstance(action.metavar, str) else action.dest.upper()
        if not action.option_strings:
            told.append(f"[{shown} ...]" if action.nargs == "*" else f"[{shown}]" if action.nargs == "?" else shown)
            told[-1] += " ..." if action.nargs == "+" else ""
        elif action.required:
            told.append(f"{action.option_strings[-1]} {shown}")
    return told
