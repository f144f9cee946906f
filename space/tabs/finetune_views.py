"""What the Fine-tune tab shows of a run: a line of progress, samples before and after, the end of a log."""

from pathlib import Path

from markupsafe import Markup

from space.parts.status import status_html
from space.store.clips import ClipStore
from space.store.views import file_address
from space.teaching.checking import TRIPS, audio_html
from space.teaching.runs import RunState, samples_of
from spectrogram.files.templates import fill_html

# The trainer's stages before its first step.
STAGES = {
    "caching latents": "getting ready: pictures and captions",
    "replay": "getting ready: what the base can do already, so that it is kept,",
}
REHEARSAL = "rehearsal: "


def progress_html(state: RunState) -> str:
    """One line for each phase, and what to do next."""
    share = state.step / state.total if state.total else None
    if state.phase == "none":
        return status_html("Nothing is trained yet.")
    if state.phase == "running":
        left = state.told_left if state.seconds_left is None else minutes(state.seconds_left)
        told = f"step {state.step}/{state.total}" if state.step else getting_ready(state.stage)
        told += f" · {left} left" if left else ""
        takes = (f"The rehearsal found: it fits, and takes about {state.expected}.",) if state.expected else ()
        return status_html(told, (*takes, f"{state.name} goes on when you close this page."), share=share or 0.0)
    if state.phase == "done":
        steps = f", after {state.total} steps" if state.total > 1 else ""
        return status_html(f"{state.name} is ready{steps}. Listen below, then use it in Generate.", share=1.0)
    if state.phase == "stopped":
        return status_html(f"{state.name} was stopped at step {state.step}/{state.total}. Resume goes on from there.")
    return status_html(
        f"{state.name} ended early, at step {state.step}/{state.total}. Its last words are below.", problem=True
    )


def getting_ready(stage: str) -> str:
    """What happens before the first step, in the words of a person; `stage` is "replay 12/70" in the trainer's log."""
    name, _, count = stage.rpartition(" ")
    if name.startswith(REHEARSAL):
        return f"rehearsal: every stage once, to see that it fits and how long it takes ({name[len(REHEARSAL) :]})"
    return f"{STAGES[name]} {count}" if name in STAGES else "reading the sounds …"


def minutes(seconds: float) -> str:
    return f"{max(1, round(seconds))} s" if seconds < 90 else f"{round(seconds / 60)} min"


def samples_html(run: Path, store: ClipStore) -> str:
    """The fixed prompts before, on the way and after, same seeds; empty while there are none."""
    rows = samples_of(run)
    if not rows:
        return ""
    pairs: dict[tuple, dict[str, str]] = {}
    for row in rows:
        pairs.setdefault((row["prompt"], row["seed"]), {})[row["tag"]] = Path(row["file"]).name
    trips = []
    for (prompt, seed), files in pairs.items():
        sides = [_sample(run / "samples" / files[tag], tag, prompt, store) for tag in sorted(files, key=_order)]
        trips.append({"name": prompt, "facts": f"seed {seed}", "sides": sides})
    return fill_html(TRIPS, trips=trips, samples=True, told="")


def _order(tag: str) -> tuple[int, str]:
    """Before, then the steps, then after."""
    return {"before": 0, "after": 2}.get(tag, 1), tag


def _told(tag: str) -> str:
    """ "step-000100" as "Step 100"."""
    word, _, number = tag.partition("-")
    return f"{word.capitalize()} {int(number)}" if number.isdigit() else word.capitalize()


def _sample(sound: Path, tag: str, prompt: str, store: ClipStore) -> tuple[str, str, str]:
    """(label, picture, player) of one sample."""
    label, picture = _told(tag), sound.with_suffix(".png")
    image = ""
    if picture.is_file():
        view = file_address(store.lend(picture, coloured=True))
        told = f"Spectrogram, {label.lower()}: {prompt}"
        image = Markup('<img src="{}" alt="{}" loading="lazy">').format(view, told)
    return label, image, audio_html(store.lend(sound), f"{label}: {prompt}")


def log_html(state: RunState) -> str:
    """The end of the trainer's own log, when something went wrong."""
    if state.phase != "failed":
        return ""
    return Markup('<pre class="log" tabindex="0" aria-label="End of the log">{}</pre>').format(state.log_tail)
