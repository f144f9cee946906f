"""``python -m space deploy USER/NAME``, ``python -m space examples``; ``python app.py`` opens the page."""

import sys


def main(argv: list[str]) -> int:
    if argv[:1] == ["deploy"]:
        from space.deploy import main as deploy

        return deploy(argv[1:])
    if argv[:1] == ["examples"]:
        from space.examples import main as examples

        return examples(argv[1:])
    print(__doc__.strip())
    return 0 if argv in ([], ["-h"], ["--help"]) else 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
