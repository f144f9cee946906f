"""One line of text that says what is going on; screen readers hear it change."""

import base64
import html
import io

from PIL import Image

from space.jobs import READING, Step
from space.store.places import without_paths
from space.store.views import colour_picture

READY = "Press {verb} or Enter."
PREVIEW_COLUMNS = 512


def status_html(
    text: str, notes: tuple[str, ...] = (), problem: bool = False, share: float | None = None, preview: str = ""
) -> str:
    """The status line; `share` 0 … 1 adds a progress bar, notes stand below; `preview` is an image element."""
    text, notes = without_paths(text), tuple(map(without_paths, notes))
    bar = "" if share is None else f'<progress max="1" value="{share:.3f}" aria-label="Progress"></progress>'
    listed = "".join(f'<span class="note">{html.escape(note)}</span>' for note in notes)
    kind = ("alert", "assertive") if problem else ("status", "polite")
    look = "status problem" if problem else "status"
    line = f'<div class="{look}" role="{kind[0]}" aria-live="{kind[1]}">{bar}{html.escape(text)}{listed}</div>'
    return line + preview


def step_html(step: Step, preview: str = "") -> str:
    """ "step 12/25 · 3 s left", in front of it "clip 2/5", and after the last step what still happens.

    Where work may end earlier, clips and seconds are said to be at most so many.
    """
    if step.stage == READING:
        return status_html(f"{READING} {step.done}/{step.total}", share=step.done / step.total, preview=preview)
    if step.done >= step.total:
        return status_html("picture → sound", share=1.0, preview=preview)
    most = "at most " if step.at_most else ""
    left = "" if step.seconds_left is None else f" · {most}{max(1, round(step.seconds_left))} s left"
    of = " of at most " if step.at_most else "/"
    clip = f"clip {step.done * step.clips // step.total + 1}{of}{step.clips} · " if step.clips > 1 else ""
    return status_html(f"{clip}step {step.done}/{step.total}{left}", share=step.done / step.total, preview=preview)


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
    return f'<img class="preview" alt="{html.escape(described)}" src="data:image/png;base64,{encoded}">'
