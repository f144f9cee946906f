"""``python -m benchmarks.base_model.samples``: docs/samples/ and docs/hero.png, from the finished examples of the page.

The examples themselves are painted by ``python -m space examples``; here four become small OGG files, all one picture.
"""

import argparse
import json
import sys
from pathlib import Path

import soundfile
from PIL import Image, ImageDraw, ImageFont

EXAMPLES = Path("space/store/examples")
HEARD = ("rooster", "dog-then-rain", "siren", "clock")
COLUMNS, GAP, TITLE = 4, 12, 26
PAPER, INK = (250, 250, 252), (40, 40, 60)


def write_sounds(examples: Path, out: Path):
    """NAME.ogg of every example in HEARD, about 20 kB for five seconds."""
    out.mkdir(parents=True, exist_ok=True)
    for name in HEARD:
        audio, rate_hz = soundfile.read(examples / f"{name}.flac", dtype="float32")
        kind = {"format": "OGG", "subtype": "VORBIS", "compression_level": 0.9}
        soundfile.write(out / f"{name.replace('-', '_')}.ogg", audio, rate_hz, **kind)


def write_picture(examples: Path, path: Path):
    """The examples' pictures in rows of four, each under its prompt."""
    told = json.loads((examples / "recipes.json").read_text(encoding="utf-8"))
    pictures = [Image.open(examples / f"{one['name']}.png").convert("RGB") for one in told]
    width, height = pictures[0].size
    rows = -(-len(told) // COLUMNS)
    size = (COLUMNS * (width + GAP) + GAP, rows * (height + TITLE + GAP) + GAP)
    sheet, font = Image.new("RGB", size, PAPER), ImageFont.load_default(14)
    draw = ImageDraw.Draw(sheet)
    for number, (one, picture) in enumerate(zip(told, pictures, strict=True)):
        x = GAP + number % COLUMNS * (width + GAP)
        y = GAP + number // COLUMNS * (height + TITLE + GAP)
        draw.text((x, y), one["prompt"], INK, font)
        sheet.paste(picture, (x, y + TITLE - 4))
    sheet.save(path, optimize=True)


def main() -> int:
    """Write both; exit code 0."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.base_model.samples", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--examples", type=Path, default=EXAMPLES)
    parser.add_argument("--out", type=Path, default=Path("docs"))
    options = parser.parse_args()
    write_sounds(options.examples, options.out / "samples")
    write_picture(options.examples, options.out / "hero.png")
    return 0


if __name__ == "__main__":
    sys.exit(main())
