"""The settings of every tab that makes sound: seed and lock, and under "More" steps, guidance, adapter, format."""

import gradio as gr

from space.engine.adapter_switch import adapter_of
from space.engine.engine import Engine
from space.engine.front_door import LONGEST_PROMPT, NO_ADAPTER, clean, sampling
from space.store.clips import FORMATS
from spectrogram.recipe import Recipe
from spectrogram.sampling.seeds import LARGEST_SEED, draw_seed

DRAW_AGAIN = "drawn anew each time; lock it to keep it"
STRENGTH_TOLD = "0 leaves the base model"
SHORTEN = f"Shorten the text to {LONGEST_PROMPT} characters."


class Settings:
    """Builds its components where it is made; `read(values)` turns what they hold into fields of a Request."""

    def __init__(self, engine: Engine, tab: str, seed: int | None = None):
        self.engine, self.tab = engine, tab
        self._build_seed(seed)
        with gr.Accordion("More", open=False, elem_id=f"{tab}-more") as self.more:
            self._build_more()
        self.inputs = [self.seed, self.lock, self.negative, self.steps, self.guidance]
        self.inputs += [self.adapter, self.strength, self.format]

    def _build_seed(self, seed: int | None):
        with gr.Row():
            self.seed = gr.Number(
                draw_seed() if seed is None else seed,
                label="Seed",
                info=DRAW_AGAIN,
                precision=0,
                minimum=0,
                maximum=LARGEST_SEED,
                min_width=150,
                elem_id=f"{self.tab}-seed",
            )
            self.lock = gr.Checkbox(
                False, label="Lock the seed", info="the same seed makes the same sound", min_width=150
            )

    def _build_more(self):
        defaults = self.engine.pipeline.defaults
        told = "what you do not want to hear (negative prompt)"
        self.negative = gr.Textbox("", label="Without", info=told, max_lines=3, max_length=LONGEST_PROMPT)
        with gr.Row():
            told = "more is slower and finer"
            self.steps = gr.Slider(1, 50, defaults.steps, step=1, label="Steps", info=told, min_width=160)
            told = "guidance scale (CFG)"
            self.guidance = gr.Slider(
                1, 15, defaults.guidance, step=0.5, label="Follow the text", info=told, min_width=160
            )
        with gr.Row():
            told = "what was taught in Fine-tune: a LoRA, a word or an aesthetic"
            self.adapter = gr.Dropdown(
                self.choices(),
                value=NO_ADAPTER,
                label="Adapter",
                info=told,
                min_width=160,
                elem_id=f"{self.tab}-adapter",
            )
            self.strength = gr.Slider(
                0, 1.5, 1.0, step=0.05, label="Adapter strength", info=STRENGTH_TOLD, min_width=160
            )
            self.adapter.change(self.show_strength, self.adapter, self.strength, api_visibility="private", queue=False)
        self.format = gr.Radio(FORMATS, value="wav", label="File format", info="each carries its recipe")

    def read(self, values: tuple) -> dict:
        """Fields of a Request from the values of `inputs`; the seed is drawn here unless it is locked."""
        seed, lock, negative, steps, guidance, adapter, strength, _ = values
        return sampling(seed if lock else None, negative, steps, guidance, adapter, strength)

    def verdicts(self, values: tuple) -> list:
        """One verdict for each of `inputs`, before a request takes a place in the queue."""
        seed, lock, negative, *others = values
        return [
            gr.validate(seed is not None or not lock, "Write a seed, or unlock it to have one drawn."),
            gr.validate(True, ""),
            gr.validate(len(negative or "") <= LONGEST_PROMPT, SHORTEN),
            *(gr.validate(True, "") for _ in others),
        ]

    def restore(self, recipe: Recipe) -> dict:
        """Updates that set the fields to a recipe's; an adapter that is not here is left at none."""
        name, scale = adapter_of(recipe)
        wanted = {self.seed: recipe.seed, self.steps: recipe.steps, self.guidance: recipe.guidance}
        wanted |= {self.strength: scale}
        updates = {field: value for field, value in wanted.items() if value is not None}
        return updates | {
            self.negative: recipe.negative_prompt,
            self.lock: recipe.seed is not None,
            self.adapter: self.offer(name),
        }

    def choices(self) -> list[tuple[str, str]]:
        """(what is shown, name) of all adapters that are there now, "none" in front."""
        return [
            (NO_ADAPTER, NO_ADAPTER),
            *((taught.label, taught.name) for taught in self.engine.switch.all().values()),
        ]

    def offer(self, name: str | None):
        """An update of the adapter's field: training may have added one. One that is not there becomes none."""
        choices = self.choices()
        there = any(name == value for _, value in choices)
        return gr.Dropdown(choices=choices, value=name if there else NO_ADAPTER)

    def show_strength(self, name: str):
        """A word is in the text or it is not: it has no strength."""
        taught = self.engine.switch.all().get(name) if isinstance(name, str) else None
        if taught is not None and taught.word:
            return gr.Slider(interactive=False, info=f"write {taught.word} into the text; a word has no strength")
        return gr.Slider(interactive=True, info=STRENGTH_TOLD)


def text_verdict(text: str | None, asked: str):
    """The verdict on a prompt: neither empty nor too long."""
    length = len(clean(text))
    return gr.validate(0 < length <= LONGEST_PROMPT, SHORTEN if length else asked)
