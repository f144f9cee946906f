"""Fields that more than one tab has: the sound that one starts from, the text, the strength of a change."""

import gradio as gr

from space.engine.front_door import LONGEST_PROMPT
from space.parts.sources import LONGEST_S


def sound_field(tab: str, more: str = "") -> gr.Audio:
    """An upload or a recording; gradio's own scissors trim it."""
    label = f"Your sound (up to {LONGEST_S:g} s are used{more})"
    return gr.Audio(type="filepath", sources=["upload", "microphone"], label=label, elem_id=f"{tab}-sound")


def prompt_field(tab: str, label: str, placeholder: str, value: str = "", **more) -> gr.Textbox:
    """One line that grows; Enter submits."""
    return gr.Textbox(
        value,
        label=label,
        placeholder=placeholder,
        lines=1,
        max_lines=4,
        max_length=LONGEST_PROMPT,
        elem_id=f"{tab}-prompt",
        **more,
    )


def strength_field(value: float, told: str) -> gr.Slider:
    """Words first: what it means stands beside it, the name of other programs in a tooltip (see page.js)."""
    return gr.Slider(0.05, 1, value, step=0.01, label="Strength", info=told, elem_classes="strength")
