"""The Edit tab: repaint a part of a sound, make it longer, let it loop, or lay texts out along a timeline."""

import gradio as gr

from space.clips import Clip
from space.edit_fields import EditFields
from space.jobs import Request
from space.maker import Maker
from space.regions import canvas_of, clamp_region, mark_region, painted_box, region_of_box
from space.settings import LONGEST_PROMPT, clean
from space.sources import LONGEST_S, take_sound
from space.status import picture_html
from spectrogram.problems import Problem, UsageProblem
from spectrogram.recipe import Recipe

REPAINT, EXTEND, LOOP, TIMELINE = ACTIONS = ("Repaint", "Extend", "Loop", "Timeline")
VERB_OF = {REPAINT: "inpaint", EXTEND: "extend", LOOP: "loop", TIMELINE: "timeline"}
NO_SOUND = "Upload a sound, record one, or press Use in Edit under a result."
ASKED = "Write what should be heard there, for example “a dog barking”."


class EditTab:
    """Components, their events and what happens on them."""

    verbs = tuple(VERB_OF.values())

    def __init__(self, maker: Maker):
        self.maker, self.pipeline = maker, maker.engine.pipeline
        with gr.Row(elem_classes="columns"):
            with gr.Column(scale=6, min_width=320, elem_classes="ask"):
                self._build_request()
                with gr.Column(elem_classes="settings"):
                    maker.build_settings()
            with gr.Column(scale=6, min_width=320):
                maker.build_card()
        self._connect()

    def _build_request(self):
        self.action = gr.Radio(ACTIONS, value=REPAINT, label="What to do", elem_id="edit-action")
        self.sound = gr.Audio(
            type="filepath",
            sources=["upload", "microphone"],
            label=f"Your sound (up to {LONGEST_S:g} s are used)",
            elem_id="edit-sound",
        )
        self.fields = EditFields(self.pipeline.params.clip_seconds)
        self.prompt = gr.Textbox(
            label="What should be heard there?",
            placeholder="a dog barking",
            lines=1,
            max_lines=4,
            max_length=LONGEST_PROMPT,
            elem_id="edit-prompt",
        )
        self.maker.build_buttons()

    def _connect(self):
        fields, maker, silent = self.fields, self.maker, {"api_visibility": "private", "queue": False}
        inputs = [self.action, self.sound, self.prompt, *fields.inputs]
        maker.connect([maker.start.click, self.prompt.submit], self.make, inputs, [], self.validate, self.mark)
        shown = [self.sound, self.prompt, *fields.groups]
        self.action.change(self.show_action, self.action, shown, **silent)
        seen = [fields.canvas, fields.start, fields.end, maker.status]
        self.sound.change(self.show_sound, self.sound, seen, api_visibility="private", concurrency_limit=2)
        fields.canvas.input(self.read_mask, [fields.canvas, self.sound], fields.region, api_visibility="private")
        self.received = [self.sound, *maker.settings.inputs]
        self.restored = [self.action, self.prompt, *fields.inputs, maker.status, *maker.settings.inputs]

    def show_action(self, action: str):
        """Only the fields that the chosen action needs."""
        groups = [gr.Column(visible=action == name) for name in ACTIONS]
        return gr.Audio(visible=action != TIMELINE), gr.Textbox(visible=action != TIMELINE), *groups

    def show_sound(self, sound: str | None):
        """The spectrogram to paint on, and the middle third as numbers."""
        if not sound:
            return None, gr.skip(), gr.skip(), gr.skip()
        try:
            path, seconds, notes = take_sound(sound, self.maker.store)
        except Problem as problem:
            return None, gr.skip(), gr.skip(), self.maker.tell(str(problem), problem=True)
        picture = canvas_of(path, self.pipeline, seconds)
        told = self.maker.tell(f"{seconds:.2f} s. Paint on the spectrogram or type seconds and Hz.", notes)
        return picture, round(seconds / 3, 2), round(2 * seconds / 3, 2), told

    def read_mask(self, painted: dict | None, sound: str | None):
        """The numbers of what is painted; they stay as they are while nothing is."""
        box = painted_box(painted["layers"]) if painted and painted.get("layers") else None
        if box is None or not sound:
            return gr.skip(), gr.skip(), gr.skip(), gr.skip()
        _, seconds, _ = take_sound(sound, self.maker.store)
        return region_of_box(box, painted["layers"][0].size, seconds, self.pipeline.params)

    def validate(self, action, sound, prompt, *values):
        count = len(self.fields.inputs)
        fits = 0 < len(clean(prompt)) <= LONGEST_PROMPT
        needs = action != TIMELINE
        return [
            gr.validate(action in ACTIONS, "Choose what to do."),
            gr.validate(bool(sound) or not needs, NO_SOUND),
            gr.validate(fits or not needs, ASKED),
            *(gr.validate(True, "") for _ in range(count)),
            *self.maker.settings.verdicts(values[count:]),
        ]

    def make(self, action, sound, prompt, *values) -> Request:
        count = len(self.fields.inputs)
        given, chosen = self.fields.read(values[:count]), self.maker.settings.read(values[count:])
        if action == TIMELINE:
            events = self.fields.events(given["events"])
            told = "; ".join(text for *_, text in events)
            return Request(told, verb="timeline", options={"events": events}, **chosen)
        path, seconds, notes = take_sound(sound, self.maker.store)
        options, more = self._options(action, given, seconds)
        return Request(
            clean(prompt), verb=VERB_OF[action], sound=path, options=options, notes=(*notes, *more), **chosen
        )

    def _options(self, action: str, given: dict, seconds: float) -> tuple[dict, tuple[str, ...]]:
        if action == EXTEND:
            return {"seconds": given["more_s"], "side": "left" if given["before"] else "right"}, ()
        if action == LOOP:
            longest_s = round(0.8 * seconds, 2)
            if given["seam_s"] > longest_s:
                return {"seam_s": longest_s}, (f"The seam was shortened to {longest_s:g} s to fit the sound.",)
            return {"seam_s": given["seam_s"]}, ()
        region, notes = clamp_region(*given["region"], seconds)
        names = ("start_s", "end_s", "low_hz", "high_hz")
        return dict(zip(names, region, strict=True)) | {"strength": given["strength"]}, notes

    def mark(self, request: Request) -> str:
        """The masked picture, seen before the first step is done; empty for what paints no region."""
        if request.verb != "inpaint":
            return ""
        _, seconds, _ = take_sound(request.sound, self.maker.store)
        region = tuple(request.options[name] for name in ("start_s", "end_s", "low_hz", "high_hz"))
        picture = canvas_of(request.sound, self.pipeline, seconds)
        marked = mark_region(picture, region, seconds, self.pipeline.params)
        return picture_html(marked, "The region that is painted anew")

    def receive(self, clip: Clip) -> dict:
        """A result becomes the source; the text stays, for it says what comes in and not what was there."""
        return {self.sound: clip.sound, **self.maker.settings.restore(clip.recipe)}

    def restore(self, recipe: Recipe, seconds: float | None) -> dict:
        action = next((name for name, verb in VERB_OF.items() if verb == recipe.verb), None)
        if action is None:
            raise UsageProblem(f"{recipe.verb} is no edit", ", ".join(ACTIONS), "choose one")
        fields = {self.action: action, **self.fields.restore(recipe.settings)}
        return fields | {self.prompt: recipe.prompt, **self.maker.settings.restore(recipe)}
