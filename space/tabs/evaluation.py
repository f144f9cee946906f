"""The Evaluate tab: how near one set of sounds comes to another, in figures that say how far they can be trusted."""

import queue
import threading
import time
from pathlib import Path

import gradio as gr

from metrics.figures.records import metric_of
from space.engine.front_door import FrontDoor, stopped_when
from space.engine.scoring import MOST, Interrupted, score_files, unreadable
from space.parts.status import count_html, status_html
from space.store.shelf import Shelf
from space.store.visitors import departure
from spectrogram.files.templates import fill_html
from spectrogram.problems import Problem, UsageProblem

TEMPLATE = Path(__file__).with_name("figures.html")
FEW_CLIPS, MOST_HEARD = 50, 40
SOURCES = ("uploaded files", "what I made in this session")
UPLOADED, VALIDATION = SOURCES[0], "validation"


class EvaluateTab:
    """Components, their events and what happens on them; `session_clips` are states that hold what was made.

    `folders()` gives the datasets of this server by name: their validation sets can be compared with.
    """

    def __init__(self, door: FrontDoor, session_clips, folders):
        self.door, self.store, self.session_clips, self.folders = door, door.store, session_clips, folders
        with gr.Row(elem_classes="columns"):
            with gr.Column(scale=5, min_width=320, elem_classes="ask"):
                self._build_sets()
            with gr.Column(scale=7, min_width=320):
                self.table = gr.HTML(EMPTY, elem_id="evaluate-result", elem_classes="bare", padding=False)
        self._connect()

    def _build_sets(self):
        self.source = gr.Radio(SOURCES, value=SOURCES[0], label="Judge", elem_id="evaluate-source")
        self.generated = self._files("Generated sounds", "evaluate-generated")
        told = "uploaded, or the validation set of a dataset of this server"
        self.against = gr.Dropdown(
            [UPLOADED, *self.folders()], value=UPLOADED, label="Compare with", info=told, elem_id="evaluate-against"
        )
        self.reference = self._files("Real sounds to compare with", "evaluate-reference")
        with gr.Row():
            self.start = gr.Button("Measure", variant="primary", scale=3, min_width=120, elem_id="evaluate-start")
            self.stop = gr.Button("Stop", scale=1, min_width=80, interactive=False, elem_id="evaluate-stop")
        ready = status_html("At least two sounds on each side; equal file names make pairs.")
        self.status = gr.HTML(ready, elem_id="evaluate-status", elem_classes="bare", padding=False)
        gr.Markdown(
            "Judged by `sd-audio-cnn-v1`, the small network that comes with this project. Other rates are resampled."
        )

    def _files(self, label: str, name: str):
        return gr.File(label=label, file_count="multiple", file_types=["audio"], height=150, elem_id=name)

    def _connect(self):
        silent = {"api_visibility": "private", "queue": False}
        shown = {"api_visibility": "private", "show_progress": "hidden"}
        self.source.change(lambda source: gr.File(visible=source == SOURCES[0]), self.source, self.generated, **silent)
        self.against.change(lambda name: gr.File(visible=name == UPLOADED), self.against, self.reference, **silent)
        self.against.focus(lambda: gr.Dropdown(choices=[UPLOADED, *self.folders()]), None, self.against, **silent)
        both = [self.generated, self.reference]
        given = [event for files in both for event in (files.upload, files.clear, files.delete)]
        gr.on(given, self.answer, both, self.status, concurrency_limit=2, **shown)
        running = {"show_progress": "minimal", "show_progress_on": self.status, "trigger_mode": "once"}
        asked = self.start.click(
            self.measure,
            [self.source, self.generated, self.against, self.reference, *self.session_clips],
            [self.status, self.table, self.start, self.stop],
            api_visibility="private",
            concurrency_id="measure",
            concurrency_limit=1,
            **running,
        )
        asked.failure(self.fail, None, [self.status, self.start, self.stop], **silent)
        self.stop.click(self.ask_to_stop, None, self.status, **silent)

    def answer(self, generated: list[str] | None, reference: list[str] | None) -> str:
        """What arrived, at once; the first files that are no sounds are named."""
        told = f"{len(generated or [])} generated and {len(reference or [])} real sounds."
        return status_html(told, tuple(unreadable([*(generated or []), *(reference or [])][:MOST_HEARD])))

    def measure(self, page: gr.Request, source, generated, against, reference, *session_clips):
        """Progress as "clip 7/40", then the table; Stop ends it within one clip."""
        made = generated or []
        if source == SOURCES[1]:
            made = [clip.sound for clips in session_clips for clip in clips or []]
        stop_file = self.store.stop_file(f"measure {page.session_hash or ''}")
        stop_file.unlink(missing_ok=True)
        yield {self.status: status_html("Reading …"), **self._busy(True)}
        try:
            self.door.admit(page)
            real = (reference or []) if against == UPLOADED else self.validation_set(against)
        except Problem as problem:
            yield {self.status: status_html(str(problem), problem=True), **self._busy(False)}
            return
        with stopped_when(departure(), stop_file):
            yield from self._follow(made, real, stop_file)

    def _follow(self, made: list[str], real: list[str], stop_file: Path):
        """Updates while clips are heard, and the table."""
        begun_s = time.monotonic()
        for told in self._events(made, real, stop_file):
            if isinstance(told, tuple) and told[0] < told[1]:
                yield {self.status: count_html("clip", *told, begun_s)}
            elif isinstance(told, tuple):
                yield {self.status: status_html("all clips heard · counting chances", share=1.0)}
            elif isinstance(told, dict):
                done = status_html(f"Measured {told['n_generated']} against {told['n_reference']} clips.")
                yield {self.table: results_html(told), self.status: done, **self._busy(False)}
            else:
                yield {self.status: status_html(told, problem=True), **self._busy(False)}

    def validation_set(self, name: str) -> list[str]:
        """Sounds that no run has learned from. Raises Problem."""
        folder = self.folders().get(name)
        if folder is None:
            raise UsageProblem("this dataset is gone", "one of this server", "choose another one")
        return Shelf.of_folder(folder).write_sounds(VALIDATION, self.store.new_folder(), MOST)

    def _events(self, made: list[str], real: list[str], stop_file):
        """(done, total) for each clip, then the results as a dict, or a text that says why there are none."""
        events: queue.SimpleQueue = queue.SimpleQueue()

        def advance(done, total):
            if stop_file.exists():
                raise Interrupted
            events.put((done, total))

        def work():
            try:
                events.put(score_files(made, real, advance))
            except Interrupted:
                events.put("Stopped. The files are kept: press Measure to begin again.")
            except Problem as problem:
                events.put(str(problem))
            finally:
                events.put(None)

        threading.Thread(target=work, daemon=True).start()
        yield from iter(events.get, None)

    def _busy(self, busy: bool) -> dict:
        return {self.start: gr.Button(interactive=not busy), self.stop: gr.Button(interactive=busy)}

    def fail(self):
        told = status_html("That did not work: check that all files are sounds, then try again.", problem=True)
        return told, gr.Button(interactive=True), gr.Button(interactive=False)

    def ask_to_stop(self, page: gr.Request) -> str:
        self.store.stop_file(f"measure {page.session_hash or ''}").touch()
        return status_html("Stopping …")


EMPTY = '<div class="card empty"><p>The figures appear here, each with what it means.</p></div>'


def results_html(results: dict) -> str:
    """One row a figure: value, 95 % interval, noise floor, meaning; then what to know about these sets."""
    rows = [_row(name, figure) for name, figure in results["metrics"].items()]
    return fill_html(TEMPLATE, rows=rows, notes=_notes(results))


def _row(name: str, figure: dict) -> dict:
    metric, value = metric_of(name), figure["value"]
    return {
        "title": metric.title,
        "meaning": figure["note"] if value is None else metric.meaning,
        "value": "none" if value is None else f"{value:.3g}",
        "interval": "" if figure.get("low") is None else f"{figure['low']:.3g} to {figure['high']:.3g}",
        "floor": "" if figure.get("noise_floor") is None else f"{figure['noise_floor']:.3g}",
    }


def _notes(results: dict) -> list[str]:
    notes = [f"Embedder {results['embedder']['name']} {results['embedder']['version']}."]
    fewest = min(results["n_generated"], results["n_reference"])
    if fewest < FEW_CLIPS:
        told = "a difference smaller than the noise floor means nothing"
        notes.append(f"Only {fewest} clips on one side: {told}. From {FEW_CLIPS} clips on the figures settle.")
    notes += [f"Left out: {clip['name']} ({clip['reason']})" for clip in results["skipped"][:10]]
    return notes + results["warnings"]
