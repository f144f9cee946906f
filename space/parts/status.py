"""One line of text that says what is going on; screen readers hear it change."""

import base64
import io
import time
from pathlib import Path

from markupsafe import Markup
from PIL import Image

from space.jobs import READING, Step
from space.store.places import without_paths
from space.store.views import colour_picture
from spectrogram.files.templates import fill_html

TEMPLATE = Path(__file__).with_suffix(".html")
READY = "Press {verb} or Enter."
PREVIEW_COLUMNS = 512


def status_html(text: str, notes: tuple[str, ...] = (), problem: bool = False, share: float | None = None) -> Markup:
    """The status line; `share` 0 … 1 adds a progress bar, notes stand below."""
    notes = [without_paths(note) for note in notes]
    return fill_html(TEMPLATE, text=without_paths(text), notes=notes, problem=problem, share=share)


def count_html(what: str, done: int, total: int, begun_s: float) -> Markup:
    """ "sound 12/40 · 9 s left": work on files of one kind that began at `begun_s` (time.monotonic)."""
    left = ""
    if 0 < done < total:
        left = f" · {max(1, round((time.monotonic() - begun_s) / done * (total - done)))} s left"
    return status_html(f"{what} {done}/{total}{left}", share=done / max(1, total))


def step_html(step: Step) -> str:
    """ "step 12/25 · 3 s left", in front of it "clip 2/5", and after the last step what still happens.

    Where work may end earlier, clips and seconds are said to be at most so many.
    """
    if step.stage == READING:
        return status_html(f"{READING} {step.done}/{step.total}", share=step.done / step.total)
    if step.done >= step.total:
        return status_html("picture → sound", share=1.0)
    most = "at most " if step.at_most else ""
    left = "" if step.seconds_left is None else f" · {most}{max(1, round(step.seconds_left))} s left"
    of = " of at most " if step.at_most else "/"
    clip = f"clip {step.done * step.clips // step.total + 1}{of}{step.clips} · " if step.clips > 1 else ""
    return status_html(f"{clip}step {step.done}/{step.total}{left}", share=step.done / step.total)


def preview_html(picture: Image.Image) -> str:
    """An image element that holds the unfinished picture itself: nothing is written to disk for it."""
    coloured = colour_picture(picture, picture.width)
    if coloured.width > PREVIEW_COLUMNS:
        coloured = coloured.resize((PREVIEW_COLUMNS, 128))
    return picture_html(coloured, "Unfinished spectrogram")


def picture_html(picture: Image.Image, described: str) -> str:
    data = io.BytesIO()
    picture.quantize(64).save(data, "PNG")
    encoded = base64.b64encode(data.getvalue()).decode()
    source = f"data:image/png;base64,{encoded}"
    return Markup('<img class="preview" alt="{}" src="{}">').format(described, source)
