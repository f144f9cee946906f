"""``python -m space examples``: the finished examples of the Generate tab, made anew."""

import argparse

from spectrogram.exits import ended
from spectrogram.shell import page


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m space examples",
        description="Make the page's examples anew, as space/store/examples/recipes.json says.",
    )
    parser.add_argument("--base", help="folder or Hub name (the embedded model when left out)")
    parser.add_argument("--device", help="cuda, mps or cpu")
    options = parser.parse_args(argv)
    from space.store.example_clips import make_examples
    from spectrogram.models import load_pipeline

    def make() -> int:
        pipeline = load_pipeline(options.base, options.device)
        pipeline.set_progress_bar_config(disable=True)
        for sound in make_examples(pipeline):
            kilobytes = sum(file.stat().st_size for file in (sound, sound.with_suffix(".png"))) / 1000
            print(f"{sound.name}: {kilobytes:.0f} kB with its picture")
        print(f"next: {page()}")
        return 0

    return ended(make)
