"""What every tab that makes sound shares: Start and Stop, the status line, the settings, the card, and the way between.

A tab builds the parts where it wants them and hands over `make(*values) -> Request`; everything else happens here.
"""

from collections.abc import Callable, Iterator

import gradio as gr

from space.engine.front_door import FrontDoor
from space.jobs import Failed, Finished, Painted, Request, Step, Stopped
from space.parts.chart import curve_html
from space.parts.result import Front, ResultCard
from space.parts.row import Row, text_at
from space.parts.settings import Settings
from space.parts.status import READY, preview_html, status_html, step_html
from space.parts.titles import LONGEST_NAME, VARIED, title_of
from space.parts.work import work_html
from space.store.clips import Clip
from space.store.joining import join
from spectrogram import json_text
from spectrogram.problems import Problem
from spectrogram.sampling.seeds import draw_seed

# Said by the browser itself, at once, when all that must be there is there: the queue may take its time.
ACKNOWLEDGE = (
    "(...given) => { const status = given.pop();"
    " return given.every((one) => typeof one === 'string' ? one.trim() : one) ? "
    + json_text.dumps(status_html("Waiting for the model …"))
    + " : status }"
)
# Said by the browser too: an answer of the server could come after "Stopped" and stay.
STOPPING = f"() => {json_text.dumps(status_html('Stopping …'))}"
# A problem that was told goes as soon as something is changed: it may be gone.
FORGET = "(told) => told.includes('status problem') ? " + json_text.dumps(status_html("")) + " : told"
UNFORESEEN = "That did not work. Try again; fewer steps or a shorter length help."


class Maker:
    """Parts of one tab: `start`, `stop`, `status`, `settings`, `card`, and `connect` to make them work."""

    def __init__(self, tab: str, verb: str, door: FrontDoor):
        self.tab, self.verb, self.door, self.engine, self.store = tab, verb, door, door.engine, door.store

    def build_buttons(self):
        with gr.Row():
            self.start = gr.Button(self.verb, variant="primary", scale=3, min_width=120, elem_id=f"{self.tab}-start")
            self.stop = gr.Button("Stop", scale=1, min_width=80, interactive=False, elem_id=f"{self.tab}-stop")
        ready = status_html(READY.format(verb=self.verb))
        self.status = gr.HTML(ready, elem_id=f"{self.tab}-status", elem_classes="bare", padding=False)

    def build_settings(self, seed: int | None = None):
        self.settings = Settings(self.engine, self.tab, seed)

    def build_card(self, example: Clip | None = None):
        self.card = ResultCard(self.tab, example)

    def connect(
        self,
        triggers: list,
        make: Callable,
        inputs: list,
        needed: list,
        validate: Callable,
        opening: Callable[[Request], str] = lambda request: "",
        vary: Callable | None = None,
    ):
        """Run `make(*inputs, *settings)` on each trigger; `needed` are the fields that must not be empty.

        `opening(request)` is an image element that is seen before the first preview. `vary(clip, *settings)` is what
        "Vary it" makes of the clip in front; left out, the sound itself is painted over lightly.
        """

        def run(page: gr.Request, front, *values):
            yield from self._follow(lambda: make(*values), values[-1], front, page, opening)

        def checked(front, *values):
            return [gr.validate(True, ""), *validate(*values)]

        given = [*inputs, *self.settings.inputs]
        self._connect(triggers, run, [self.card.front, *given], needed, validator=checked)
        changes = [field.input for field in given if hasattr(field, "input")]
        gr.on(changes, None, self.status, self.status, js=FORGET, api_visibility="private", queue=False)
        self._connect_variation(vary or self.paint_over)
        self.stop.click(None, None, self.status, js=STOPPING, api_visibility="private")
        self.stop.click(self._ask_to_stop, None, None, api_visibility="private", queue=False)

    def paint_over(self, clip: Clip, *settings) -> Request:
        """A relative of any sound: painted over with its own text, as lightly as `pipeline.variations` does."""
        chosen = self.settings.read(settings) | {"seed": draw_seed()}
        options = {"strength": Request.variation_amount}
        title = text_at(clip.recipe) if "prompts" in clip.recipe.settings else title_of(clip.recipe)
        return Request(
            text_at(clip.recipe),
            verb="transform",
            sound=clip.sound,
            source=title.removesuffix(VARIED)[:LONGEST_NAME],
            varied=True,
            options=options,
            **chosen,
        )

    def _connect_variation(self, vary: Callable):
        def run(page: gr.Request, front, clips, take, *values):
            yield from self._follow(lambda: vary(self.card.chosen(clips, take), *values), values[-1], front, page)

        inputs = [self.card.front, self.card.clips, self.card.take, *self.settings.inputs]
        self._connect([self.card.vary.click], run, inputs, [])

    def _connect(self, triggers: list, run: Callable, inputs: list, needed: list, **others):
        # Events of one press run in the order of their making: this one must come first.
        for press in triggers:
            press(None, [*needed, self.status], self.status, js=ACKNOWLEDGE, api_visibility="private")
        asked = gr.on(
            triggers,
            run,
            inputs,
            [self.status, self.settings.seed, self.start, self.stop, *self.card.outputs],
            show_progress="minimal",
            show_progress_on=self.status,
            api_visibility="private",
            concurrency_id="gpu",
            concurrency_limit=1,
            trigger_mode="once",
            **others,
        )
        asked.failure(
            self._fail,
            None,
            [self.status, self.start, self.stop, self.card.work],
            api_visibility="private",
            queue=False,
        )

    def _follow(
        self,
        make: Callable[[], Request],
        suffix: str,
        front: Front,
        page: gr.Request,
        opening: Callable = lambda request: "",
    ) -> Iterator[dict]:
        """Updates while a request is worked on. Whatever goes wrong, nothing typed is lost and it is said."""
        try:
            request = make()
            preview = opening(request)
        except Problem as problem:
            yield {self.status: self.tell(str(problem), problem=True)}
            return
        row = Row(self.store, suffix)
        for event in self.door.submit(request, page):
            if isinstance(event, Step):
                preview = preview_html(event.preview) if event.preview else preview
                yield {
                    self.status: step_html(event),
                    **self.card.tell_work(work_html(request, preview)),
                    **self._busy(True),
                }
            elif isinstance(event, Painted):
                yield self.card.show_beside(row.add(event), front)
            else:
                over = self._end(event, row, front) | self.card.tell_work("") | self._busy(False)
                yield {self.settings.seed: request.seed, **over}

    def _end(self, event: Finished | Stopped | Failed, row: Row, front: Front) -> dict:
        if isinstance(event, Finished):
            told = status_html(f"Done in {event.seconds_taken:.1f} s.", event.notes)
            clips = row.finish(event)
            shown = self.card.show_beside(clips, front, row.neighbour(front.clip, clips))
            return {self.status: told, **shown, **self.card.tell_way(curve_html(event.recipes), self._whole(clips))}
        if isinstance(event, Stopped):
            kept = f"Your settings and the clips so far ({len(row.painted)}) are kept."
            made = kept if row.painted else "Your settings are kept."
            return {self.status: self.tell(f"Stopped at step {event.done}/{event.total}. {made}")}
        return {self.status: self.tell(event.reason, problem=True)}

    def _whole(self, clips: list[Clip]) -> str | None:
        """The clips of a row as one file; None for clips that do not follow one another."""
        return str(join(clips, self.store)) if clips[0].recipe.verb == "morph" and len(clips) > 1 else None

    def tell(self, text: str, notes: tuple[str, ...] = (), problem: bool = False) -> str:
        return status_html(text, notes, problem)

    def _busy(self, busy: bool) -> dict:
        return {self.start: gr.Button(interactive=not busy), self.stop: gr.Button(interactive=busy)}

    def _fail(self):
        """The page is usable again after an error that nobody foresaw."""
        told = status_html(UNFORESEEN, problem=True)
        return told, gr.Button(interactive=True), gr.Button(interactive=False), gr.HTML("", visible=False)

    def _ask_to_stop(self, page: gr.Request):
        self.door.stop_file(page).touch()
