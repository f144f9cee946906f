"""Finished examples of the Generate tab: made by one command from `examples/recipes.json`, shown without the model."""

import base64
import io
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from space.store.clips import Clip, describe_files
from spectrogram import json_text
from spectrogram.files.templates import fill_html
from spectrogram.problems import Problem

FOLDER = Path(__file__).parent / "examples"
TEMPLATE = Path(__file__).with_name("examples.html")
RECIPES = "recipes.json"
SUFFIX = ".flac"
THUMBNAIL = (132, 52)


@dataclass(frozen=True)
class Example:
    """One line of recipes.json; the first of them is in front when the page opens."""

    name: str
    prompt: str
    seed: int
    steps: int
    guidance: float


def read_examples(folder: Path = FOLDER) -> list[Example]:
    """All examples in the order in which the page shows them; none where there is no such file. Raises Problem."""
    file = folder / RECIPES
    if not file.is_file():
        return []
    try:
        return [Example(**row) for row in json_text.parsed(file.read_text(encoding="utf-8"))]
    except (ValueError, TypeError) as error:
        fields = ", ".join(Example.__annotations__)
        raise Problem(f"{file} is unusable ({error})", f"a list of objects with {fields}", "correct it") from error


def make_examples(pipeline, folder: Path = FOLDER) -> Iterator[Path]:
    """Make every example anew, sound and picture, each with its recipe inside; yields the sounds as they come."""
    for example in read_examples(folder):
        sampling = {"num_inference_steps": example.steps, "guidance_scale": example.guidance}
        output = pipeline(example.prompt, seed=example.seed, **sampling)
        yield output.save(folder / f"{example.name}{SUFFIX}")[0]


def load_examples(served: Path, folder: Path = FOLDER) -> list[Clip]:
    """The examples as clips whose files lie in `served`; one whose files are missing is left out."""
    served.mkdir(parents=True, exist_ok=True)
    clips = []
    for example in read_examples(folder):
        sound = folder / f"{example.name}{SUFFIX}"
        files = sound, sound.with_suffix(".png")
        if all(file.is_file() for file in files):
            clips.append(describe_files(*(Path(shutil.copy(file, served)) for file in files), served))
    return clips


def tiles_html(clips: list[Clip]) -> str:
    """A button for each example, with its spectrogram as a thumbnail that travels inside the page."""
    tiles = [(number, clip.recipe.prompt, _thumbnail(clip)) for number, clip in enumerate(clips)]
    width, height = THUMBNAIL
    return fill_html(TEMPLATE, tiles=tiles, width=width, height=height)


def _thumbnail(clip: Clip) -> str:
    with Image.open(clip.view) as view:
        small = view.convert("RGB").resize(THUMBNAIL, Image.Resampling.LANCZOS)
    data = io.BytesIO()
    small.save(data, "JPEG", quality=72)
    return f"data:image/jpeg;base64,{base64.b64encode(data.getvalue()).decode()}"
