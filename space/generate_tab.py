"""The Generate tab: a text becomes sound, with everything that people look for one fold away."""

import json
from collections.abc import Iterator

import gradio as gr

from space.clips import FORMATS, Clip, ClipStore
from space.engine import Engine
from space.jobs import Failed, Finished, Request, Step, Stopped
from space.result import ResultCard
from space.status import READY, status_html, step_html
from spectrogram.problems import Problem
from spectrogram.recipe import Recipe
from spectrogram.seeds import LARGEST_SEED, draw_seed

LONGEST_PROMPT = 1000
NO_ADAPTER = "none"
IDEAS = ("heavy rain on a roof", "a dog barking", "church bells ringing", "a bird singing")
DRAW_AGAIN = "drawn anew each time; lock it to keep it"

# Said by the browser itself, at once: the queue may take its time.
ACKNOWLEDGE = f"(prompt, status) => prompt.trim() ? {json.dumps(status_html('Waiting for the model …'))} : status"


class GenerateTab:
    """Components, their events and what happens on them; `engine` makes the sound, `store` keeps the files."""

    def __init__(self, engine: Engine, store: ClipStore, example: Clip | None = None):
        self.engine, self.store = engine, store
        with gr.Row(elem_classes="columns"):
            with gr.Column(scale=5, min_width=320, elem_classes="ask"):
                self._build_request(example)
                with gr.Column(elem_classes="settings"):
                    self._build_settings(example)
            with gr.Column(scale=7, min_width=320):
                self.card = ResultCard(example)
        self._connect()

    def _build_request(self, example: Clip | None):
        prompt = "" if example is None else example.recipe.prompt
        self.prompt = gr.Textbox(
            prompt,
            label="What do you want to hear?",
            placeholder=IDEAS[0],
            lines=1,
            max_lines=4,
            max_length=LONGEST_PROMPT,
            autofocus=True,
            elem_id="prompt",
        )
        with gr.Row():
            self.start = gr.Button("Generate", variant="primary", scale=3, min_width=120, elem_id="generate")
            self.stop = gr.Button("Stop", scale=1, min_width=80, interactive=False, elem_id="stop")
        self.status = gr.HTML(status_html(READY), elem_id="status", padding=False)
        gr.Examples(
            [[idea] for idea in IDEAS], [self.prompt], label="Ideas", cache_examples=False, api_visibility="private"
        )

    def _build_settings(self, example: Clip | None):
        natural_s = round(self.engine.pipeline.params.clip_seconds, 2)
        with gr.Row():
            self.seconds = gr.Slider(1, 2 * natural_s, natural_s, step=0.01, label="Seconds", min_width=150)
            self.count = gr.Slider(1, 4, 1, step=1, label="Variations", min_width=150)
        with gr.Row():
            self.seed = gr.Number(
                None if example is None else example.recipe.seed,
                label="Seed",
                info=DRAW_AGAIN,
                precision=0,
                minimum=0,
                maximum=LARGEST_SEED,
                min_width=150,
                elem_id="seed",
            )
            self.lock = gr.Checkbox(
                False, label="Lock the seed", info="the same seed makes the same sound", min_width=150
            )
        self._build_more()

    def _build_more(self):
        defaults = self.engine.pipeline.defaults
        with gr.Accordion("More", open=False, elem_id="more"):
            self.negative = gr.Textbox(
                "", label="Without", info="what you do not want to hear (negative prompt)", max_lines=3
            )
            with gr.Row():
                self.steps = gr.Slider(
                    1, 50, defaults.steps, step=1, label="Steps", info="more is slower and finer", min_width=160
                )
                self.guidance = gr.Slider(
                    1,
                    15,
                    defaults.guidance,
                    step=0.5,
                    label="Follow the text",
                    info="guidance scale (CFG)",
                    min_width=160,
                )
            with gr.Row():
                self.adapter = gr.Dropdown(
                    [NO_ADAPTER, *self.engine.adapters()],
                    value=NO_ADAPTER,
                    label="Adapter",
                    info="a LoRA trained on other sounds",
                    min_width=160,
                )
                self.strength = gr.Slider(
                    0, 1.5, 1.0, step=0.05, label="Adapter strength", info="0 leaves the base model", min_width=160
                )
            self.format = gr.Radio(FORMATS, value="wav", label="File format", info="each carries its recipe")
            self.restore = gr.UploadButton(
                "Restore settings from a file", file_types=[".wav", ".flac", ".ogg", ".png", ".json"], size="sm"
            )

    def _connect(self):
        settings = [self.prompt, self.seconds, self.count, self.seed, self.lock, self.negative, self.steps]
        settings += [self.guidance, self.adapter, self.strength, self.format]
        running = {
            "outputs": [self.status, self.seed, self.start, self.stop, *self.card.outputs],
            "show_progress": "minimal",
            "show_progress_on": self.status,
            "api_visibility": "private",
            "concurrency_id": "gpu",
            "concurrency_limit": 1,
            "trigger_mode": "once",
        }
        # Events of one press run in the order of their making: this one must come first.
        for press in (self.start.click, self.prompt.submit, self.card.vary.click):
            press(None, [self.prompt, self.status], self.status, js=ACKNOWLEDGE, api_visibility="private")
        asked = gr.on([self.start.click, self.prompt.submit], self.run, settings, validator=self.validate, **running)
        kept = [self.card.clips, self.card.take, self.seconds, self.steps, self.adapter, self.strength, self.format]
        varied = self.card.vary.click(self.vary, kept, **running)
        for event in (asked, varied):
            event.failure(self.fail, None, [self.status, self.start, self.stop], api_visibility="private", queue=False)
        self.stop.click(self.ask_to_stop, None, self.status, api_visibility="private", queue=False)
        fields = [self.prompt, self.negative, self.seed, self.lock, self.steps, self.guidance, self.status]
        self.restore.upload(self.restore_settings, self.restore, fields, api_visibility="private")

    @staticmethod
    def validate(prompt, seconds, count, seed, lock, negative, *others):
        """One verdict for each field, before the request takes a place in the queue."""
        text = (prompt or "").strip()
        asked = f"Write what you want to hear, for example “{IDEAS[0]}”."
        short = f"Shorten the text to {LONGEST_PROMPT} characters."
        return [
            gr.validate(0 < len(text) <= LONGEST_PROMPT, short if text else asked),
            gr.validate(seconds is not None and 0 < seconds <= 60, "Choose a length."),
            gr.validate(count in (1, 2, 3, 4), "Choose 1 to 4 variations."),
            gr.validate(seed is not None or not lock, "Write a seed, or unlock it to have one drawn."),
            gr.validate(True, ""),
            gr.validate(len(negative or "") <= LONGEST_PROMPT, short),
            *(gr.validate(True, "") for _ in others),
        ]

    def run(
        self, prompt, seconds, count, seed, lock, negative, steps, guidance, adapter, strength, suffix, page: gr.Request
    ):
        """Make `count` clips; the seed field tells the seed that was used, locked or drawn."""
        request = Request(
            prompt=prompt.strip(),
            negative_prompt=negative or "",
            seconds=seconds,
            count=int(count),
            seed=int(seed) if lock else draw_seed(),
            steps=int(steps),
            guidance=guidance,
            adapter=None if adapter == NO_ADAPTER else adapter,
            adapter_scale=strength,
        )
        yield from self._follow(request, suffix, page)

    def vary(self, clips, take, seconds, steps, adapter, strength, suffix, page: gr.Request):
        """A relative of the clip in front: its text and seed, its noise turned a little."""
        recipe = self.card.chosen(clips, take).recipe
        request = Request(
            prompt=recipe.prompt,
            negative_prompt=recipe.negative_prompt,
            seconds=seconds,
            seed=recipe.seed,
            steps=int(steps),
            guidance=recipe.guidance,
            adapter=None if adapter == NO_ADAPTER else adapter,
            adapter_scale=strength,
            variation_seed=draw_seed(),
        )
        yield from self._follow(request, suffix, page)

    def _follow(self, request: Request, suffix: str, page: gr.Request) -> Iterator[dict]:
        stop_file = self.store.stop_file(page.session_hash or "")
        stop_file.unlink(missing_ok=True)
        for event in self.engine.generate(request, stop_file):
            if isinstance(event, Step):
                yield {self.status: step_html(event), **self._busy(True)}
            else:
                yield {self.seed: request.seed, **self._end(event, suffix), **self._busy(False)}

    def _end(self, event: Finished | Stopped | Failed, suffix: str) -> dict:
        if isinstance(event, Finished):
            told = status_html(f"Done in {event.seconds_taken:.1f} s.", event.notes)
            return {self.status: told, **self.card.show(self.store.keep(event, suffix))}
        if isinstance(event, Stopped):
            return {self.status: status_html(f"Stopped at step {event.done}/{event.total}. Your settings are kept.")}
        return {self.status: status_html(event.reason, problem=True)}

    def _busy(self, busy: bool) -> dict:
        label = "Generating …" if busy else "Generate"
        return {self.start: gr.Button(label, interactive=not busy), self.stop: gr.Button(interactive=busy)}

    def fail(self):
        """The page is usable again after an error that nobody foresaw."""
        told = status_html("That did not work. Try again; fewer steps or a shorter length help.", problem=True)
        return told, gr.Button("Generate", interactive=True), gr.Button(interactive=False)

    def ask_to_stop(self, page: gr.Request) -> str:
        self.store.stop_file(page.session_hash or "").touch()
        return status_html("Stopping …")

    def restore_settings(self, file: str) -> dict:
        """Fill the fields from the recipe in one of our files, and lock its seed."""
        try:
            recipe = Recipe.read(file)
        except Problem as problem:
            return {self.status: status_html(str(problem), problem=True)}
        fields = {self.prompt: recipe.prompt, self.negative: recipe.negative_prompt, self.lock: recipe.seed is not None}
        numbers = {self.seed: recipe.seed, self.steps: recipe.steps, self.guidance: recipe.guidance}
        fields |= {field: value for field, value in numbers.items() if value is not None}
        return {**fields, self.status: status_html("Settings restored. Press Generate to make it again.")}
