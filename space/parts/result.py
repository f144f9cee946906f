"""The result card as gradio components: the card itself, a choice of takes, downloads, and what to do with it next."""

from dataclasses import dataclass

import gradio as gr

from space.parts.card import EMPTY, card_html
from space.parts.work import whole_html
from space.store.clips import Clip

DOWNLOADS = ("Download sound", "Download picture", "Download recipe")
USES = {"transform": "Use in Transform", "edit": "Use in Edit", "morph": "Use in Morph"}


@dataclass
class Front:
    """Which clip a visitor has in front; each session has its own, and a request sees it change while it works."""

    clip: Clip | None = None


class ResultCard:
    """Builds its components where it is made; `show(clips)` is the update of all of them."""

    def __init__(self, tab: str, first: Clip | None = None):
        self.clips, self.front = gr.State([] if first is None else [first]), gr.State(Front(first))
        self.work = gr.HTML("", visible=False, elem_id=f"{tab}-work", elem_classes="bare", padding=False)
        shown = EMPTY if first is None else card_html(first)
        self.html = gr.HTML(shown, elem_id=f"{tab}-result", elem_classes="bare", padding=False)
        name = "Clip" if tab == "morph" else "Variation"
        self.take = gr.Radio([1], value=1, label=name, visible=False, elem_id=f"{tab}-take")
        self.curve = gr.HTML("", visible=False, elem_id=f"{tab}-curve", elem_classes="bare", padding=False)
        self.whole = gr.DownloadButton("Download all as one sound", visible=False, size="sm", elem_id=f"{tab}-whole")
        there = first is not None
        with gr.Row(elem_classes="next", elem_id=f"{tab}-downloads"):
            files = self._files(first) if there else (None, None, None)
            self.downloads = [
                gr.DownloadButton(name, value=file, size="sm", min_width=100, interactive=there)
                for name, file in zip(DOWNLOADS, files, strict=True)
            ]
        with gr.Row(elem_classes="next"):
            self.vary = gr.Button("Vary it", size="sm", min_width=100, interactive=there, elem_id=f"{tab}-vary")
            self.uses = {
                name: gr.Button(label, size="sm", min_width=100, interactive=there, elem_id=f"{tab}-use-in-{name}")
                for name, label in USES.items()
            }
        self.outputs = [
            self.clips,
            self.work,
            self.html,
            self.take,
            self.curve,
            self.whole,
            *self.downloads,
            self.vary,
            *self.uses.values(),
        ]
        changed, chosen = [self.html, *self.downloads], [self.clips, self.take, self.front]
        self.take.input(self._choose, chosen, changed, api_visibility="private", queue=False)

    def show(self, clips: list[Clip], made: bool = True) -> dict:
        """Update of every component for new clips, the first in front; what was `made` just now enters the history."""
        return self._row(clips, 0) | self._show_one(clips[0], made)

    def show_beside(self, clips: list[Clip], front: Front, instead: Clip | None = None) -> dict:
        """The same, but a clip that is in front already stays there and goes on playing.

        `instead` takes its place when it is no longer among the clips.
        """
        if front.clip in clips:
            return self._row(clips, clips.index(front.clip))
        front.clip = instead or clips[0]
        return self._row(clips, clips.index(front.clip)) | self._show_one(front.clip, made=instead is None)

    def tell_work(self, card: str) -> dict:
        """What is being made stands above what was made before, and goes when it is over."""
        return {self.work: gr.HTML(card, visible=bool(card))}

    def tell_way(self, curve: str, whole: str | None = None) -> dict:
        """Below the clips of a row: the curve, a player of all of them in a row and its download; else nothing."""
        told = curve + (whole_html(whole) if whole else "")
        joined = gr.DownloadButton(value=whole, visible=whole is not None)
        return {self.curve: gr.HTML(told, visible=bool(told)), self.whole: joined}

    def chosen(self, clips: list[Clip], take: int | None) -> Clip | None:
        """The clip in front; None before there is one."""
        return clips[min(max(take or 1, 1), len(clips)) - 1] if clips else None

    def _row(self, clips: list[Clip], front: int) -> dict:
        choices = list(range(1, len(clips) + 1))
        takes = gr.Radio(choices=choices, value=front + 1, visible=len(clips) > 1)
        ready = {button: gr.Button(interactive=True) for button in (self.vary, *self.uses.values())}
        return {self.clips: clips, self.take: takes, **self.tell_way(""), **ready}

    def _choose(self, clips: list[Clip], take: int, front: Front) -> dict:
        front.clip = self.chosen(clips, take)
        return self._show_one(front.clip, made=False) if front.clip else {self.html: gr.skip()}

    def _show_one(self, clip: Clip, made: bool) -> dict:
        files = zip(self.downloads, self._files(clip), strict=True)
        return {self.html: card_html(clip, made)} | {
            button: gr.DownloadButton(value=file, interactive=True) for button, file in files
        }

    @staticmethod
    def _files(clip: Clip) -> tuple[str, str, str]:
        return clip.sound, clip.picture, clip.recipe_file
