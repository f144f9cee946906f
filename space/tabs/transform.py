"""The Transform tab: a sound keeps its outline and becomes something else."""

import gradio as gr

from space.engine.front_door import clean
from space.jobs import Request
from space.parts.fields import prompt_field, sound_field, strength_field
from space.parts.maker import Maker
from space.parts.settings import text_verdict
from space.parts.sources import take_sound
from space.parts.status import READY
from space.parts.titles import name_of_sound
from space.store.clips import Clip
from spectrogram.problems import Problem
from spectrogram.recipe import Recipe

STRENGTHS = {"Light": 0.25, "Remix": 0.5, "Reimagine": 0.7, "Dream": 0.9}
DEFAULT = "Remix"
ASKED = "Write what it should become, for example “rain on a roof”."
NO_SOUND = "Upload a sound, record one, or press Use in Transform under a result."
# The words of spectrogram.verbs.transform.strength_in_words, said by the browser at once.
TO_NUMBER = "(word) => ({" + ", ".join(f"{word}: {number}" for word, number in STRENGTHS.items()) + "})[word]"
TO_WORD = "(x) => x < 0.35 ? 'Light' : x < 0.6 ? 'Remix' : x < 0.8 ? 'Reimagine' : 'Dream'"


class TransformTab:
    """Components, their events and what happens on them."""

    verbs = ("transform",)

    def __init__(self, maker: Maker):
        self.maker = maker
        with gr.Row(elem_classes="columns"):
            with gr.Column(scale=5, min_width=320, elem_classes="ask"):
                self._build_request()
                with gr.Column(elem_classes="settings"):
                    self._build_strength()
                    maker.build_settings()
            with gr.Column(scale=7, min_width=320):
                maker.build_card()
        inputs = [self.sound, self.prompt, self.strength]
        triggers = [maker.start.click, self.prompt.submit]
        maker.connect(triggers, self.make, inputs, [self.sound, self.prompt], self.validate)
        told = {"api_visibility": "private", "concurrency_limit": 2, "show_progress": "hidden"}
        self.sound.change(self.show_sound, self.sound, maker.status, **told)
        silent = {"api_visibility": "private", "queue": False}
        self.word.input(None, self.word, self.strength, js=TO_NUMBER, **silent)
        self.strength.input(None, self.strength, self.word, js=TO_WORD, **silent)
        self.received = [self.sound, self.prompt, *maker.settings.inputs]
        self.restored = [self.prompt, self.strength, self.word, maker.status, *maker.settings.inputs]

    def _build_request(self):
        self.sound = sound_field("transform", "; trim it with the scissors")
        self.prompt = prompt_field("transform", "What should it become?", "a dog barking")
        self.maker.build_buttons()

    def _build_strength(self):
        told = "Light keeps most of your sound, Dream keeps only its rhythm"
        self.word = gr.Radio(list(STRENGTHS), value=DEFAULT, label="How much may change", info=told)
        self.strength = strength_field(STRENGTHS[DEFAULT], "the same as a number")

    def show_sound(self, sound: str | None) -> str:
        """What was heard of an upload, at once: its length, or why it cannot be used."""
        if not sound:
            return self.maker.tell(READY.format(verb=self.maker.verb))
        try:
            _, seconds, notes = take_sound(sound, self.maker.store)
        except Problem as problem:
            return self.maker.tell(str(problem), problem=True)
        return self.maker.tell(f"{seconds:.2f} s of sound.", notes)

    def validate(self, sound, prompt, strength, *settings):
        return [
            gr.validate(bool(sound), NO_SOUND),
            text_verdict(prompt, ASKED),
            gr.validate(strength is not None and 0 < strength <= 1, "Choose a strength above 0 and up to 1."),
            *self.maker.settings.verdicts(settings),
        ]

    def make(self, sound, prompt, strength, *settings) -> Request:
        path, _, notes = take_sound(sound, self.maker.store)
        chosen = self.maker.settings.read(settings)
        options = {"strength": strength}
        return Request(
            prompt=clean(prompt),
            verb="transform",
            sound=path,
            source=name_of_sound(sound),
            options=options,
            notes=notes,
            **chosen,
        )

    def receive(self, clip: Clip) -> dict:
        """A result of another tab becomes the source; its text, seed and adapter come along."""
        return {self.sound: clip.sound, self.prompt: clip.recipe.prompt, **self.maker.settings.restore(clip.recipe)}

    def restore(self, recipe: Recipe, seconds: float | None) -> dict:
        strength = recipe.settings.get("strength", STRENGTHS[DEFAULT])
        nearest = min(STRENGTHS, key=lambda word: abs(STRENGTHS[word] - strength))
        fields = {self.prompt: recipe.prompt, self.strength: strength, self.word: nearest}
        return fields | self.maker.settings.restore(recipe)
