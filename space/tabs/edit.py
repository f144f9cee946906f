"""The Edit tab: repaint a part of a sound, make it longer, let it loop, or lay texts out along a timeline."""

from dataclasses import dataclass, replace

import gradio as gr

from space.engine.front_door import clean
from space.jobs import Request
from space.parts.fields import prompt_field, sound_field
from space.parts.maker import Maker
from space.parts.painting import Painting, layer_of, mark, mask_of_layers
from space.parts.regions import canvas_of, clamp_region, cover_of_region, with_axes
from space.parts.settings import text_verdict
from space.parts.sources import take_sound
from space.parts.status import READY, picture_html
from space.parts.titles import name_of_sound
from space.store.clips import Clip
from space.tabs.edit_fields import EditFields
from spectrogram.problems import Problem, UsageProblem
from spectrogram.recipe import Recipe

REPAINT, EXTEND, LOOP, TIMELINE = ACTIONS = ("Repaint", "Extend", "Loop", "Timeline")
NO_SOUND = "Upload a sound, record one, or press Use in Edit under a result."


@dataclass(frozen=True)
class Mode:
    """The words of one of the four edits: the pipeline's `verb`, its `button`, what its text `asks`, an `example`."""

    verb: str
    button: str
    asks: str
    example: str


MODES = {
    REPAINT: Mode("inpaint", "Paint", "What should be heard in the painted part?", "a dog barking"),
    EXTEND: Mode("extend", "Extend", "How should it go on?", "rain falling"),
    LOOP: Mode("loop", "Make it loop", "What is heard where the ends meet?", "rain falling"),
    TIMELINE: Mode("timeline", "Make the timeline", "", ""),
}
EDGES = ("start_s", "end_s", "low_hz", "high_hz")
NOTHING_PAINTED = "Nothing is painted: paint what shall change, or type From and To."
BOX_ONLY = "Settings restored, but not the painted shape: only the box around it. Give it the sound, then paint again."


class EditTab:
    """Components, their events and what happens on them."""

    verbs = tuple(mode.verb for mode in MODES.values())

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
        self.sound = sound_field("edit")
        self.fields = EditFields(self.pipeline.params)
        self.prompt = prompt_field("edit", MODES[REPAINT].asks, MODES[REPAINT].example)
        self.maker.build_buttons()

    def _connect(self):
        fields, maker, silent = self.fields, self.maker, {"api_visibility": "private", "queue": False}
        inputs = [self.action, self.sound, self.prompt, *fields.inputs]
        maker.connect([maker.start.click, self.prompt.submit], self.make, inputs, [], self.validate, self.mark)
        shown = [self.sound, self.prompt, maker.start, *fields.groups]
        self.action.change(self.show_action, self.action, shown, **silent)
        # Only when a person chooses: what is told of restored settings stays.
        self.action.input(self.tell_ready, self.action, maker.status, **silent)
        seen = [fields.canvas, fields.painting, fields.start, fields.end, maker.status]
        given = [self.sound, fields.painting]
        self.sound.change(
            self.show_sound, [*given, *fields.region], seen, api_visibility="private", concurrency_limit=2
        )
        painted = [fields.canvas, fields.painting, *fields.region, maker.status]
        fields.canvas.input(
            self.read_canvas,
            [fields.canvas, *given],
            painted,
            api_visibility="private",
            show_progress="minimal",
            show_progress_on=maker.status,
        )
        gr.on(
            [number.input for number in fields.region],
            self.show_typed,
            [*given, *fields.region],
            [fields.canvas, fields.painting],
            show_progress="hidden",
            trigger_mode="always_last",
            **silent,
        )
        fields.painting.change(self.show_restored, given, fields.canvas, show_progress="hidden", **silent)
        self.received = [self.sound, *maker.settings.inputs]
        self.restored = [self.action, self.prompt, *fields.inputs, maker.status, *maker.settings.inputs]

    def show_action(self, action: str):
        """Only the fields that the chosen action needs, and its own words."""
        mode, groups = MODES[action], [gr.Column(visible=action == name) for name in ACTIONS]
        text = gr.Textbox(visible=action != TIMELINE, label=mode.asks, placeholder=mode.example)
        return gr.Audio(visible=action != TIMELINE), text, gr.Button(mode.button), *groups

    def tell_ready(self, action: str) -> str:
        """What was said of another action goes."""
        return self.maker.tell(READY.format(verb=MODES[action].button))

    def show_sound(self, sound: str | None, painting: Painting, *region):
        """The spectrogram to paint on, and the middle third as numbers; a restored region stays as it is."""
        if not sound and painting.restored:
            return None, painting, *(gr.skip(),) * 3
        if not sound:
            return None, Painting(), gr.skip(), gr.skip(), self.maker.tell(NO_SOUND)
        try:
            path, seconds, notes = take_sound(sound, self.maker.store)
        except Problem as problem:
            return None, gr.skip(), gr.skip(), gr.skip(), self.maker.tell(str(problem), problem=True)
        asked = "Paint on the spectrogram, or type seconds and Hz (0 Hz: no limit)."
        told = self.maker.tell(f"{seconds:.2f} s. {asked}", notes)
        if painting.restored:
            canvas = self._canvas(path, seconds, painting, region)
            return canvas, replace(painting, restored=False), gr.skip(), gr.skip(), told
        third = round(seconds / 3, 2), round(2 * seconds / 3, 2)
        return self._canvas(path, seconds, Painting(), (*third, *region[2:])), Painting(), *third, told

    def _canvas(self, path: str, seconds: float, painting: Painting, region: tuple = ()) -> dict:
        """The editor's value: the spectrogram with its axes, and the strokes above it; else the region as a box."""
        picture, params = canvas_of(path, self.pipeline, seconds), self.pipeline.params
        layers = [layer_of(painting.array(), picture.size)] if painting.mask else []
        if region and not layers:
            try:
                box, _ = clamp_region(*region, seconds)
                picture = mark(picture, cover_of_region(box, picture.size, seconds, params))
            except UsageProblem:  # half-typed numbers; what is wrong with them is said when the button is pressed
                pass
        return {"background": with_axes(picture, seconds, params), "layers": layers, "composite": None}

    def show_restored(self, sound: str | None, painting: Painting):
        """Strokes that a recipe brought, over the sound that is there already."""
        if not (sound and painting.restored and painting.mask):
            return gr.skip()
        path, seconds, _ = take_sound(sound, self.maker.store)
        return self._canvas(path, seconds, painting)

    def read_canvas(self, painted: dict | None, sound: str | None, painting: Painting):
        """The strokes and their numbers; without any left there is no region, and that is said.

        With the first stroke the box that stood for the numbers goes.
        """
        nothing = (*(gr.skip(),) * 7,)
        if not sound:
            return nothing
        path, seconds, _ = take_sound(sound, self.maker.store)
        params, layers = self.pipeline.params_for(seconds=seconds), (painted or {}).get("layers") or []
        mask = mask_of_layers(layers, seconds, params)
        if mask is not None:
            new = Painting.of(mask, params)
            if new.mask in (painting.mask, painting.forgotten):  # the canvas tells of what it was given
                return nothing
            told = f"Painted within {new.region[0]:g} to {new.region[1]:g} s. Numbers that you type take its place."
            canvas = gr.skip() if painting.mask else self._canvas(path, seconds, Painting()) | {"layers": layers}
            return canvas, new, *new.region, self.maker.tell(told)
        if not painting.mask:
            return nothing
        return gr.skip(), Painting(), None, None, None, None, self.maker.tell(NOTHING_PAINTED)

    def show_typed(self, sound: str | None, painting: Painting, *region):
        """Numbers that are typed are seen as a box on the spectrogram and take the place of the strokes, which go."""
        if painting.holds(region):
            return gr.skip(), gr.skip()
        if not sound:
            return None, Painting()
        try:
            path, seconds, _ = take_sound(sound, self.maker.store)
        except Problem:
            return gr.skip(), gr.skip()
        gone = Painting(forgotten=painting.mask or painting.forgotten)
        return self._canvas(path, seconds, Painting(), region), gone

    def validate(self, action, sound, prompt, *values):
        count = len(self.fields.inputs)
        needs = action != TIMELINE
        asked = f"Write it, for example “{MODES.get(action, MODES[REPAINT]).example}”."
        return [
            gr.validate(action in ACTIONS, "Choose what to do."),
            gr.validate(bool(sound) or not needs, NO_SOUND),
            text_verdict(prompt, asked) if needs else gr.validate(True, ""),
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
            clean(prompt),
            verb=MODES[action].verb,
            sound=path,
            source=name_of_sound(sound),
            options=options,
            notes=(*notes, *more),
            **chosen,
        )

    def _options(self, action: str, given: dict, seconds: float) -> tuple[dict, tuple[str, ...]]:
        if action == EXTEND:
            return {"seconds": given["more_s"], "side": "left" if given["before"] else "right"}, ()
        if action == LOOP:
            longest_s = round(0.8 * seconds, 2)
            if given["seam_s"] > longest_s:
                return {"seam_s": longest_s}, (f"The seam was shortened to {longest_s:g} s to fit the sound.",)
            return {"seam_s": given["seam_s"]}, ()
        if given["painting"].holds(given["region"]):
            return {"mask": given["painting"].array(), "strength": given["strength"]}, ()
        region, notes = clamp_region(*given["region"], seconds)
        return dict(zip(EDGES, region, strict=True)) | {"strength": given["strength"]}, notes

    def mark(self, request: Request) -> str:
        """The masked picture, seen before the first step is done; empty for what paints no region."""
        if request.verb != "inpaint":
            return ""
        _, seconds, _ = take_sound(request.sound, self.maker.store)
        picture, mask = canvas_of(request.sound, self.pipeline, seconds), request.options.get("mask")
        if mask is None:
            region = tuple(request.options[name] for name in EDGES)
            cover = cover_of_region(region, picture.size, seconds, self.pipeline.params)
        else:
            cover = layer_of(mask, picture.size).getchannel("A")
        return picture_html(mark(picture, cover), "The region that is painted anew")

    def receive(self, clip: Clip) -> dict:
        """A result becomes the source; the text stays, for it says what comes in and not what was there."""
        return {self.sound: clip.sound, **self.maker.settings.restore(clip.recipe)}

    def restore(self, recipe: Recipe, seconds: float | None) -> dict:
        action = next((name for name, mode in MODES.items() if mode.verb == recipe.verb), None)
        if action is None:
            raise UsageProblem(f"{recipe.verb} is no edit", ", ".join(ACTIONS), "choose one")
        fields = {self.action: action, **self.fields.restore(recipe.settings)}
        if recipe.settings.get("mask") is True:
            fields[self.maker.status] = self.maker.tell(BOX_ONLY)
        return fields | {self.prompt: recipe.prompt, **self.maker.settings.restore(recipe)}
