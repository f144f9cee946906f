"""Hidden components that type the endpoints' parameters: gradio checks their limits and names them to clients."""

import gradio as gr

from space.engine.front_door import LONGEST_PROMPT, NO_ADAPTER
from spectrogram.sampling.seeds import LARGEST_SEED


def text(name: str, value: str | None = None) -> gr.Textbox:
    return gr.Textbox(value, label=name, max_length=LONGEST_PROMPT)


def audio() -> gr.Audio:
    return gr.Audio(type="filepath", label="sound")


def hertz(name: str) -> gr.Number:
    """0 means: no limit on this side."""
    return gr.Number(0, label=name, minimum=0, maximum=100_000)


def optional_seconds(name: str, value: float) -> gr.Number:
    return gr.Number(value, label=name, minimum=0, maximum=600)


def sampling_inputs(defaults) -> list:
    """What every endpoint that makes sound takes last."""
    return [
        text("negative_prompt", ""),
        gr.Number(-1, label="seed", precision=0, minimum=-1, maximum=LARGEST_SEED),
        gr.Number(defaults.steps, label="steps", precision=0, minimum=1, maximum=100),
        gr.Number(defaults.guidance, label="guidance", minimum=0, maximum=30),
        gr.Textbox(NO_ADAPTER, label="adapter", max_length=200),
        gr.Number(1.0, label="adapter_strength", minimum=0, maximum=2),
    ]


def sound_outputs() -> list:
    return [
        gr.Audio(type="filepath", label="sound"),
        gr.Image(format="png", label="picture"),
        gr.JSON(label="recipe"),
    ]
