"""The Morph tab: a row of sounds that leads from one text to another."""

import gradio as gr

from space.engine.front_door import LONGEST_PROMPT, clean
from space.jobs import Request
from space.parts.maker import Maker
from space.parts.settings import text_verdict
from space.store.clips import Clip
from spectrogram.recipe import Recipe
from spectrogram.sampling.seeds import LARGEST_SEED

FIRST, LAST = "rain falling", "a dog barking"
MOST_CLIPS = 9


class MorphTab:
    """Components, their events and what happens on them."""

    verbs = ("morph",)

    def __init__(self, maker: Maker):
        self.maker, self.params = maker, maker.engine.pipeline.params
        with gr.Row(elem_classes="columns"):
            with gr.Column(scale=5, min_width=320, elem_classes="ask"):
                self.first = self._text(FIRST, "From", "first")
                self.last = self._text(LAST, "To", "last")
                maker.build_buttons()
                with gr.Column(elem_classes="settings"):
                    self._build_settings()
            with gr.Column(scale=7, min_width=320):
                maker.build_card()
        inputs = [self.first, self.last, self.middle, self.count, self.seconds, self.even, self.turn]
        triggers = [maker.start.click, self.first.submit, self.last.submit, self.middle.submit]
        maker.connect(triggers, self.make, inputs, [self.first, self.last], self.validate)
        self.received = [self.first, *maker.settings.inputs]
        self.restored = [*inputs, maker.status, *maker.settings.inputs]

    def _text(self, text: str, label: str, name: str):
        return gr.Textbox(text, label=label, lines=1, max_lines=3, max_length=LONGEST_PROMPT, elem_id=f"morph-{name}")

    def _build_settings(self):
        self.middle = gr.Textbox("", label="By way of", info="may stay empty", max_length=LONGEST_PROMPT)
        natural_s = round(self.params.clip_seconds, 2)
        with gr.Row():
            self.count = gr.Slider(
                2, MOST_CLIPS, 5, step=1, label="Clips", info="first and last included", min_width=150
            )
            self.seconds = gr.Slider(1, natural_s, natural_s, step=0.01, label="Seconds each", min_width=150)
        told = "looks for clips that are equally far apart, up to three times as many; otherwise even steps in text"
        self.even = gr.Checkbox(True, label="Even steps in sound", info=told)
        told = "otherwise all clips share the noise of one seed and differ only by their text"
        self.turn = gr.Checkbox(False, label="Also turn towards the next seed", info=told)
        self.maker.build_settings()

    def validate(self, first, last, middle, count, seconds, even, turn, *settings):
        return [
            text_verdict(first, "Write where it begins."),
            text_verdict(last, "Write where it leads."),
            gr.validate(True, ""),
            gr.validate(count in range(2, MOST_CLIPS + 1), f"Choose 2 to {MOST_CLIPS} clips."),
            gr.validate(seconds is not None and 0 < seconds <= 60, "Choose a length."),
            gr.validate(True, ""),
            gr.validate(True, ""),
            *self.maker.settings.verdicts(settings),
        ]

    def make(self, first, last, middle, count, seconds, even, turn, *settings) -> Request:
        prompts = [text for text in map(clean, (first, middle, last)) if text]
        chosen = self.maker.settings.read(settings)
        options = {"prompts": prompts, "steps": max(int(count), len(prompts)), "seconds": seconds, "respace": even}
        if turn:
            options["end_seed"] = (chosen["seed"] + 1) % (LARGEST_SEED + 1)
        return Request(" → ".join(prompts), verb="morph", options=options, **chosen)

    def receive(self, clip: Clip) -> dict:
        """The text of a result becomes the beginning, with its seed: the first clip sounds like it."""
        return {self.first: clip.recipe.prompt, **self.maker.settings.restore(clip.recipe)}

    def restore(self, recipe: Recipe, seconds: float | None) -> dict:
        prompts = [str(text) for text in recipe.settings.get("prompts", [])][:3] or [recipe.prompt, ""]
        middle = prompts[1] if len(prompts) == 3 else ""
        fields = {self.first: prompts[0], self.middle: middle, self.last: prompts[-1]}
        fields |= {self.turn: recipe.settings.get("end_seed") is not None}
        fields |= {self.even: bool(recipe.settings.get("respace", True))}
        if isinstance(count := recipe.settings.get("clips"), int):
            fields[self.count] = min(max(count, 2), MOST_CLIPS)
        if seconds is not None:
            fields[self.seconds] = round(min(seconds, self.params.clip_seconds), 2)
        return fields | self.maker.settings.restore(recipe)
