"""The Generate tab: a text becomes sound, with everything that people look for one fold away."""

from collections.abc import Callable
from pathlib import Path

import gradio as gr

from space.engine.front_door import clean
from space.jobs import Request
from space.parts.fields import prompt_field
from space.parts.maker import Maker
from space.parts.settings import text_verdict
from space.store.clips import Clip
from space.store.example_clips import tiles_html
from spectrogram.recipe import Recipe
from spectrogram.sampling.seeds import draw_seed

IDEA = "heavy rain on a roof"
ASKED = f"Write what you want to hear, for example “{IDEA}”."
LONGEST_S = 60
KNOWS = (
    "The small model that comes with this page knows these sounds, in English words, with high or low, fast or slow, "
    "near or far, loud or soft; and two of them together (“a dog barking while rain falling”, “a siren followed by "
    "rain”). It cannot read “no” or “without”: what should be absent belongs under More, in “Without”. "
    "Other sounds are taught in Fine-tune."
)


class GenerateTab:
    """Components, their events and what happens on them."""

    verbs = ("generate",)

    def __init__(self, maker: Maker, load: Callable[[], list[Clip]]):
        """`load` writes the examples where they are served, and gives them."""
        self.maker, self.params, self.load, self.examples = maker, maker.engine.pipeline.params, load, load()
        examples = self.examples
        example = examples[0] if examples else None
        with gr.Row(elem_classes="columns"):
            with gr.Column(scale=5, min_width=320, elem_classes="ask"):
                self._build_request(example)
                with gr.Column(elem_classes="settings"):
                    self._build_length()
                    maker.build_settings(None if example is None else example.recipe.seed)
            with gr.Column(scale=7, min_width=320):
                maker.build_card(example)
            if examples:
                self._build_examples()
            if prompts := maker.engine.knowledge.prompts:
                self._build_knowledge(prompts)
        inputs = [self.prompt, self.seconds, self.count]
        triggers = [maker.start.click, self.prompt.submit]
        maker.connect(triggers, self.make, inputs, [self.prompt], self.validate, vary=self.vary)
        self.restored = [self.prompt, self.seconds, maker.status, *maker.settings.inputs]
        if examples:
            self._connect_examples()

    def _build_request(self, example: Clip | None):
        written = "" if example is None else example.recipe.prompt
        self.prompt = prompt_field("generate", "What do you want to hear?", IDEA, written, autofocus=True)
        self.maker.build_buttons()

    def _build_length(self):
        natural_s = round(self.params.clip_seconds, 2)
        with gr.Row():
            self.seconds = gr.Slider(1, LONGEST_S, natural_s, step=0.01, label="Seconds", min_width=150)
            self.count = gr.Slider(1, 4, 1, step=1, label="Variations", min_width=150)

    def _build_examples(self):
        gr.HTML(tiles_html(self.examples), elem_id="generate-examples", elem_classes="bare", padding=False)
        # Pressed by page.js; the browser's own function then hands over the number of the chosen tile.
        self.picked = gr.Number(visible=False)
        self.pick = gr.Button("Show example", visible="hidden", elem_id="example-pick")

    def _build_knowledge(self, prompts: list[str]):
        with gr.Accordion(f"What the model knows ({len(prompts)} sounds)", open=False, elem_id="generate-knows"):
            gr.Markdown(KNOWS)
            gr.Examples(
                [[prompt] for prompt in prompts],
                [self.prompt],
                examples_per_page=len(prompts),
                label="Press one to write it into the text",
                elem_id="generate-known",
                api_visibility="private",
                preload=False,
            )

    def _connect_examples(self):
        silent = {"api_visibility": "private", "queue": False, "show_progress": "hidden"}
        outputs = [*self.restored, *self.maker.card.outputs]
        self.pick.click(self.show_example, self.picked, outputs, js="() => [window.chosenExample]", **silent)

    def show_example(self, picked: float | None) -> dict:
        """The finished clip of a tile, and the fields as its recipe has them; the next seed is drawn anew."""
        number = int(picked or 0)
        if not 0 <= number < len(self.examples):
            return {self.maker.status: self.maker.tell("This example is gone: reload the page.", problem=True)}
        if not Path(self.examples[number].sound).is_file():  # the system cleaned its temporary folder
            self.examples = self.load()
        clip = self.examples[number]
        told = self.maker.tell("A finished example. Change its words and press Generate.")
        fields = self.restore(clip.recipe, clip.seconds) | {self.maker.settings.lock: False, self.maker.status: told}
        return fields | self.maker.card.show([clip], made=False)

    def validate(self, prompt, seconds, count, *settings):
        """One verdict for each field, before the request takes a place in the queue."""
        return [
            text_verdict(prompt, ASKED),
            gr.validate(seconds is not None and 0 < seconds <= LONGEST_S, "Choose a length."),
            gr.validate(count in (1, 2, 3, 4), "Choose 1 to 4 variations."),
            *self.maker.settings.verdicts(settings),
        ]

    def make(self, prompt, seconds, count, *settings) -> Request:
        """`count` clips; the seed field tells the seed that was used, locked or drawn."""
        chosen = self.maker.settings.read(settings)
        return Request(prompt=clean(prompt), seconds=seconds, count=int(count), **chosen)

    def vary(self, clip: Clip, *settings) -> Request:
        """A relative of the clip in front: its text, seed and length, its noise turned a little."""
        recipe = clip.recipe
        chosen = self.maker.settings.read(settings)
        chosen |= {"negative_prompt": recipe.negative_prompt, "seed": recipe.seed, "guidance": recipe.guidance}
        return Request(prompt=recipe.prompt, seconds=round(clip.seconds, 3), variation_seed=draw_seed(), **chosen)

    def restore(self, recipe: Recipe, seconds: float | None) -> dict:
        """The fields as the recipe has them, its seed locked."""
        fields = {self.prompt: recipe.prompt, **self.maker.settings.restore(recipe)}
        return fields | ({} if seconds is None else {self.seconds: round(min(seconds, LONGEST_S), 2)})
