"""One line of text that says what is going on; screen readers hear it change."""

import html

from space.jobs import Step

READY = "Press Generate or Enter."


def status_html(text: str, notes: tuple[str, ...] = (), problem: bool = False, share: float | None = None) -> str:
    """The status line; `share` 0 … 1 adds a progress bar, notes stand below."""
    bar = "" if share is None else f'<progress max="1" value="{share:.3f}" aria-label="Progress"></progress>'
    listed = "".join(f'<span class="note">{html.escape(note)}</span>' for note in notes)
    kind = ("alert", "assertive") if problem else ("status", "polite")
    look = "status problem" if problem else "status"
    return f'<div class="{look}" role="{kind[0]}" aria-live="{kind[1]}">{bar}{html.escape(text)}{listed}</div>'


def step_html(step: Step) -> str:
    """ "step 12/25 · 3 s left", and after the last step what still happens."""
    if step.done >= step.total:
        return status_html("picture → sound", share=1.0)
    left = "" if step.seconds_left is None else f" · {max(1, round(step.seconds_left))} s left"
    return status_html(f"step {step.done}/{step.total}{left}", share=step.done / step.total)
