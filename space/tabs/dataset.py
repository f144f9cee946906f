"""The Dataset tab: what a model was or will be taught, to search, see and hear."""

from pathlib import Path

import gradio as gr

from space.parts.gallery import TILES, comparison_html, gallery_html
from space.parts.status import status_html
from space.store.clips import ClipStore
from space.store.shelf import ANY, FACETS, Shelf
from spectrogram.problems import Problem

NOTHING_HERE = "No dataset is here yet. Build one in Fine-tune, or type the name of one on the Hub."
MOST_SHELVES = 8


class DatasetTab:
    """Components, their events and what happens on them; `folders()` gives the datasets of this server by name."""

    def __init__(self, store: ClipStore, folders):
        self.store, self.folders, self.shelves = store, folders, {}
        with gr.Row(elem_classes="columns"):
            with gr.Column(scale=3, min_width=280):
                self._build_search()
            with gr.Column(scale=9, min_width=320):
                told = "" if list(self.folders()) else NOTHING_HERE
                self.status = gr.HTML(status_html(told), elem_id="dataset-status", elem_classes="bare", padding=False)
                self.pair = gr.HTML("", elem_id="dataset-pair", elem_classes="bare", padding=False)
                self.tiles = gr.HTML("", elem_id="dataset-tiles", elem_classes="bare", padding=False)
                with gr.Row():
                    self.back = gr.Button("Back", size="sm", interactive=False, elem_id="dataset-back")
                    self.more = gr.Button("Next", size="sm", interactive=False, elem_id="dataset-next")
        self.first, self.arrived = gr.State(0), gr.State("")
        self.picked = gr.Textbox(visible=False)
        self.pick = gr.Button("Compare", visible="hidden", elem_id="dataset-pick")
        self._connect()

    def _build_search(self):
        names = list(self.folders())
        self.name = gr.Dropdown(
            names,
            value=names[0] if names else None,
            label="Dataset",
            info="one of this server, or USER/NAME on the Hub",
            allow_custom_value=True,
            elem_id="dataset-name",
        )
        self.start = gr.Button("Show", variant="primary", elem_id="dataset-start")
        self.text = gr.Textbox("", label="Search", placeholder="rain roof", max_length=200, elem_id="dataset-search")
        self.facets = [gr.Dropdown([ANY], value=ANY, label=name.capitalize()) for name in FACETS]

    def _connect(self):
        private = {"api_visibility": "private", "concurrency_limit": 2, "show_progress": "minimal"}
        asked = [self.name, self.text, *self.facets]
        shown = [self.tiles, self.status, self.first, self.back, self.more]
        self.asked, self.shown = asked, shown
        opened = gr.on(
            [self.start.click, self.name.input], self.open, self.name, [*self.facets, self.status], **private
        )
        opened.then(self.show, asked, [*shown, self.pair], **private)
        gr.on(
            [self.text.submit, *(facet.input for facet in self.facets)],
            self.show,
            asked,
            [*shown, self.pair],
            **private,
        )
        for button, way in ((self.back, -TILES), (self.more, TILES)):
            button.click(
                lambda first, *given, way=way: self.turn(first + way, *given), [self.first, *asked], shown, **private
            )
        self.pick.click(
            self.compare,
            [self.picked, *asked],
            self.pair,
            js="(...given) => [window.chosenTile, ...given.slice(1)]",
            **private,
        )

    def show_on(self, tab: gr.Tab):
        """When the tab opens for the first time, the newest dataset of this server is shown."""
        private = {"api_visibility": "private", "concurrency_limit": 2, "show_progress": "minimal"}
        arrived = tab.select(self.arrive, [self.name, self.arrived], [self.name, self.arrived, *self.facets], **private)
        arrived.then(self.first_look, [self.arrived, *self.asked], [*self.shown, self.arrived], **private)

    def arrive(self, name: str | None, arrived: str):
        """The datasets that are here now: Fine-tune may have built one. What was looked at stays as it is."""
        names = list(self.folders())
        if arrived == "seen" or not names:
            return gr.Dropdown(choices=names), arrived, *(gr.skip() for _ in FACETS)
        *facets, _ = self.open(name or names[0])
        return gr.Dropdown(choices=names, value=name or names[0]), "new", *facets

    def first_look(self, arrived: str, *asked):
        if arrived != "new":
            return *(gr.skip() for _ in self.shown), arrived
        return *self.turn(0, *asked), "seen"

    def open(self, name: str | None):
        """The facets of a dataset; what cannot be opened is said."""
        try:
            shelf = self.shelf(name)
        except Problem as problem:
            nothing = [gr.Dropdown(choices=[ANY], value=ANY) for _ in FACETS]
            return *nothing, status_html(str(problem), problem=True)
        return *(gr.Dropdown(choices=shelf.choices(facet), value=ANY) for facet in FACETS), gr.skip()

    def shelf(self, name: str | None) -> Shelf:
        """The dataset of that name, read once. Raises Problem."""
        if not name:
            raise Problem("no dataset is chosen", "one of this server or USER/NAME", NOTHING_HERE)
        folders = self.folders()
        if name in folders:
            folder = Path(folders[name])
            key = (name, folder.stat().st_mtime_ns)
            return self._kept(key, lambda: Shelf.of_folder(folder))
        return self._kept((name, 0), lambda: Shelf.of_hub(name))

    def _kept(self, key: tuple, read) -> Shelf:
        if key not in self.shelves:
            while len(self.shelves) >= MOST_SHELVES:
                del self.shelves[next(iter(self.shelves))]
            self.shelves[key] = read()
        return self.shelves[key]

    def show(self, *asked):
        """The first page of what fits; the comparison of an earlier search goes."""
        return *self.turn(0, *asked), ""

    def turn(self, first: int, name, text, split, label, licence):
        try:
            rows = self.shelf(name).find(text, split=split, label=label, licence=licence)
        except Problem as problem:
            told = status_html(str(problem), problem=True)
            return "", told, 0, gr.Button(interactive=False), gr.Button(interactive=False)
        first = max(0, min(first, (len(rows) - 1) // TILES * TILES)) if rows else 0
        items, missing = self.shelf(name).read(rows[first : first + TILES])
        told = f"{len(rows)} clips" + (f", {first + 1} to {first + len(items) + missing} shown" if rows else "")
        notes = (
            (f"{missing} clips of this page have no readable picture or sound and were skipped.",) if missing else ()
        )
        ends = gr.Button(interactive=first > 0), gr.Button(interactive=first + TILES < len(rows))
        return gallery_html(items, self.store, first), status_html(told, notes), first, *ends

    def compare(self, picked, name, text, split, label, licence) -> str:
        """The chosen clip: original and decoded."""
        try:
            rows = self.shelf(name).find(text, split=split, label=label, licence=licence)
            number = int(picked)
            items, _ = self.shelf(name).read(rows[number : number + 1])
        except (Problem, TypeError, ValueError):
            return status_html("This clip is gone: press Show again.", problem=True)
        return comparison_html(items[0], self.store) if items else ""
