"""The Fine-tune tab: from a visitor's files to a model of their own, in five steps."""

import os
import time
from pathlib import Path

import gradio as gr
from markupsafe import Markup

from model_card.push import push
from model_card.taught import three_lines
from space.engine.engine import Engine
from space.engine.front_door import clean
from space.parts.chart import loss_html
from space.parts.status import count_html, status_html
from space.store.clips import ClipStore
from space.store.places import NAME, Places
from space.store.uploads import collect
from space.store.visitors import current_page
from space.tabs.finetune_fields import FIRST_NAME, FinetuneFields
from space.tabs.finetune_views import log_html, progress_html, samples_html
from space.teaching.checking import check_rows, round_trip_html, summary, verdicts_html
from space.teaching.hub_job import start_job
from space.teaching.methods import METHODS, STANDARD, minutes_told, options_of
from space.teaching.permissions import HERE, JOB, NOWHERE, Permissions, decide, permissions_of
from space.teaching.runs import TrainingRuns
from space.teaching.sample_clips import make_sample
from spectrogram.params import PRESETS, SpectrogramParams
from spectrogram.problems import Problem, UsageProblem

KEPT = "sign in, or start the page with HF_TOKEN; until then it stays here and works in Generate"


class FinetuneTab:
    """Events of the five steps; the components lie in FinetuneFields, the work in modules that know no page."""

    def __init__(self, engine: Engine, store: ClipStore, places: Places, page: gr.Blocks):
        self.engine, self.store, self.places = engine, store, places
        self.runs = TrainingRuns(places)
        self.allowed = decide(os.environ, None, gpu=engine.pipeline.device.type == "cuda")
        self.fields = FinetuneFields(self.allowed)
        self._connect(page)

    def permissions(self, page: gr.Request) -> tuple[Permissions, str | None, str | None]:
        """(what this visitor may do, their name, their token)."""
        return permissions_of(page, self.engine.pipeline.device.type == "cuda")

    def folders(self, name: str, page: gr.Request):
        """(upload, dataset) folders of this visitor's set of that name. Raises UsageProblem where none may be made."""
        allowed, user, _ = self.permissions(page)
        if allowed.train == NOWHERE:
            raise UsageProblem("you cannot train here", "", allowed.reason)
        visitor = user if allowed.train == JOB else None
        return self.places.upload(name, visitor), self.places.dataset(name, visitor)

    def _connect(self, page: gr.Blocks):
        fields, private = self.fields, {"api_visibility": "private"}
        fields.files.upload(
            self.read_files, [fields.files, fields.name], [fields.table, fields.said, fields.check], **private
        )
        # What was said of files that are gone, goes.
        gr.on([fields.files.clear, fields.files.delete], lambda: status_html(""), None, fields.said, **private)
        fields.sample.click(self.read_sample, fields.name, [fields.table, fields.said, fields.check], **private)
        fields.check.click(
            self.check,
            [fields.table, fields.name],
            [fields.checked, fields.verdicts, fields.trips],
            concurrency_id="check",
            concurrency_limit=1,
            show_progress="hidden",
            **private,
        )
        quiet = private | {"queue": False, "show_progress": "hidden"}
        asked, shown = [fields.method, fields.length], [fields.length, fields.trigger, fields.kind, fields.estimate]
        fields.method.change(self.show_method, asked, shown, **quiet)
        fields.length.change(self.tell_minutes, asked, fields.estimate, **quiet)
        watched = [fields.progress, fields.loss, fields.samples, fields.log, *fields.run_buttons, fields.timer]
        options = [fields.name, fields.length, fields.method, fields.trigger, fields.kind, fields.flavor]
        fields.train.click(self.train, options, [fields.run, *watched], **private)
        fields.stop.click(self.stop, fields.run, watched, **private)
        fields.resume.click(self.resume, fields.run, watched, **private)
        fields.timer.tick(self.watch, fields.run, watched, **quiet)
        fields.run.input(self.watch, fields.run, watched, **quiet)
        opened = [fields.name, fields.method, *shown, fields.checked, fields.run, *watched]
        page.load(self.open, [fields.name, *asked], opened, **quiet)
        fields.publish.click(self.publish, [fields.run, fields.repo, fields.private], fields.published, **private)

    def show_method(self, method: str, length: str):
        return *self.fields.for_method(method, length), self.tell_minutes(method, length)

    def tell_minutes(self, method: str, length: str) -> str:
        return status_html(minutes_told(self.places, method, length))

    def read_files(self, paths: list[str] | None, name: str, page: gr.Request):
        """The table of sounds and captions, to be corrected by hand."""
        try:
            collected = collect(paths or [], self.folders(name, page)[0])
        except Problem as problem:
            return gr.skip(), status_html(str(problem), problem=True), gr.Button(interactive=False)
        bare = sum(not caption for _, caption, _ in collected.rows)
        asked = (f"{bare} sounds have no caption: write what is heard in them.",) if bare else ()
        told = f"{len(collected.rows)} sounds. Correct the captions, then check."
        told = status_html(told, (*asked, *collected.notes[:8]))
        return gr.Dataframe(value=collected.rows), told, gr.Button(interactive=True)

    def read_sample(self, name: str, page: gr.Request):
        """Synthesised owls, made here: for a first try without files of one's own."""
        try:
            folder, _ = self.folders(name, page)
            paths = make_sample(folder.with_name(f"{folder.name}-sample"))
        except Problem as problem:
            return gr.skip(), status_html(str(problem), problem=True), gr.Button(interactive=False)
        return self.read_files(paths, name, page)

    def check(self, rows, name: str, page: gr.Request):
        """Verdicts on all rows, and the first clips as they come back from their pictures."""
        try:
            upload, dataset = self.folders(name, page)
            rows, begun_s = (
                [[str(cell or "") for cell in row] for row in rows.values.tolist() if row[0]],
                time.monotonic(),
            )
            for event in check_rows(rows, upload, dataset, self.preset()):
                if isinstance(event, tuple):
                    yield count_html("sound", *event, begun_s), *(gr.skip(),) * 2
        except Problem as problem:
            yield status_html(str(problem), problem=True), "", ""
            return
        told, notes = summary(event)
        trips = round_trip_html(dataset, self.store)
        yield status_html(told, notes), verdicts_html(event, self.store), trips

    def preset(self) -> str:
        """The codec preset whose pictures this base paints. Raises UsageProblem when none fits."""
        for name in PRESETS:
            if SpectrogramParams.preset(name) == self.engine.pipeline.params:
                return name
        raise UsageProblem("this base has a codec of its own", "a preset", "build the dataset on the command line")

    def train(self, name, length, method, trigger, kind, flavor, page: gr.Request):
        """Start training where this visitor may: here, or as a job on their own account."""
        allowed, user, token = self.permissions(page)
        try:
            _, dataset = self.folders(name, page)
            options = options_of(method, length, name.strip(), clean(trigger), clean(kind))
            if self.engine.base is not None:
                options["base"] = self.engine.base
            if not dataset.is_dir():
                raise UsageProblem(
                    f"the set {name} has not been checked", "a checked set of sounds", "press Check first"
                )
            run = METHODS[method].run_name(name.strip())
            if allowed.train == JOB:
                job = start_job(dataset, run, options, user, token, os.environ.get("SPACE_ID", ""), flavor)
                told = status_html(f"The job {job.id} is running: {job.url}. The adapter will be in {user}/{run}.")
                return gr.skip(), told, *(gr.skip(),) * 7
            self.runs.start(run, dataset, options)
        except Problem as problem:
            return gr.skip(), status_html(str(problem), problem=True), *(gr.skip(),) * 7
        return self.offer(run, page), *self.watch(run, page)

    def offer(self, run: str | None, page: gr.Request):
        """An update of the list of runs, that one chosen."""
        names = self.runs.names() if self.may_see(page) else []
        return gr.Dropdown(choices=names, value=run if run in names else None, visible=bool(names))

    def stop(self, run: str | None, page: gr.Request):
        if self.permissions(page)[0].train == HERE:
            self.runs.stop(run or "")
        return self.watch(run, page)

    def resume(self, run: str | None, page: gr.Request):
        try:
            if self.permissions(page)[0].train != HERE:
                raise UsageProblem("only the owner resumes a run", "", "duplicate this Space")
            self.runs.resume(run or "")
        except Problem as problem:
            return status_html(str(problem), problem=True), *(gr.skip(),) * 7
        return self.watch(run, page)

    def may_see(self, page: gr.Request | None) -> bool:
        """Whether what is taught here is this visitor's own affair."""
        return self.permissions(page)[0].train == HERE

    def watch(self, run: str | None, page: gr.Request):
        """Everything that is seen of a run, read from its files: a reload loses nothing."""
        state = self.runs.state(run if self.may_see(page) else None)
        running, over = state.phase == "running", state.phase in ("stopped", "failed")
        samples = samples_html(self.places.run(state.name), self.store) if state.phase != "none" else ""
        buttons = (
            gr.Button(interactive=running),
            gr.Button(interactive=over),
            gr.Button(interactive=state.phase == "done"),
        )
        return progress_html(state), loss_html(state), samples, log_html(state), *buttons, gr.Timer(active=running)

    def open(self, typed: str, method: str, length: str, page: gr.Request):
        """On loading: the run that is at work, else the latest; what was typed meanwhile stays."""
        run = self.runs.latest() if self.may_see(page) else None
        name = typed or FIRST_NAME
        if run and typed in ("", FIRST_NAME):
            name, method = self.runs.taught_by(run)
            length = METHODS[method].length(STANDARD)
        told = gr.skip() if name == typed else name
        ready = self.may_see(page) and NAME.fullmatch(name) and self.places.dataset(name).is_dir()
        checked = status_html(f"{name} is checked: it can be trained at once." if ready else "")
        shown = self.show_method(method, length)
        return told, method, *shown, checked, self.offer(run, page), *self.watch(run, page)

    def publish(self, run: str | None, repo: str, private: bool, page: gr.Request):
        allowed, user, token = self.permissions(page)
        try:
            if allowed.train != HERE:
                raise UsageProblem(
                    "only the owner of this Space publishes from it", "", "train as a job: it publishes by itself"
                )
            if not allowed.publish:
                raise UsageProblem("Publishing needs a token", "to be signed in, or HF_TOKEN at home", KEPT)
            repo = (repo or "").strip() or f"{user}/{run}"
            address = push(self.places.run(run), repo, public=not private, token=token)
        except Problem as problem:
            return status_html(str(problem), problem=True)
        base, settings = self.engine.base, self.runs.settings(run)
        lines = three_lines(
            repo, None if base is None else str(base), settings, self.runs.heard_with(run) or "your prompt"
        )
        return status_html(f"Published: {address}") + Markup('<pre class="log" tabindex="0">{}</pre>').format(lines)

    def asked(self, run: str | None, page: gr.Request):
        """A text to ask Generate for what was taught: one that the run was heard with, so that the sound is in it."""
        return (self.runs.heard_with(run) if self.may_see(page) else None) or gr.skip()

    def datasets(self) -> dict[str, Path]:
        """The datasets that whoever asks may look at: the owner's own, or those that are shown to everybody."""
        return self.places.datasets(own=self.may_see(current_page()))
