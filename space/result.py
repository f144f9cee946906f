"""The result card as gradio components: the card itself, a choice of takes, downloads, and what to do with it next."""

import gradio as gr

from space.card import EMPTY, card_html
from space.clips import Clip

DOWNLOADS = ("Download sound", "Download picture", "Download recipe")
USES = {"transform": "Use in Transform", "edit": "Use in Edit", "morph": "Use in Morph"}


class ResultCard:
    """Builds its components where it is made; `show(clips)` is the update of all of them."""

    def __init__(self, tab: str, first: Clip | None = None):
        self.clips = gr.State([] if first is None else [first])
        shown = EMPTY if first is None else card_html(first)
        self.html = gr.HTML(shown, elem_id=f"{tab}-result", elem_classes="bare", padding=False)
        self.take = gr.Radio([1], value=1, label="Take", visible=False, elem_id=f"{tab}-take")
        there = first is not None
        with gr.Row(elem_classes="next", elem_id=f"{tab}-downloads"):
            files = self._files(first) if there else (None, None, None)
            self.downloads = [
                gr.DownloadButton(name, value=file, size="sm", min_width=100, interactive=there)
                for name, file in zip(DOWNLOADS, files, strict=True)
            ]
        with gr.Row(elem_classes="next"):
            self.vary = gr.Button("Variation", size="sm", min_width=100, interactive=there, elem_id=f"{tab}-vary")
            self.vary.visible = tab == "generate"
            self.uses = {
                name: gr.Button(label, size="sm", min_width=100, interactive=there, elem_id=f"{tab}-use-in-{name}")
                for name, label in USES.items()
            }
        self.outputs = [self.clips, self.html, self.take, *self.downloads, self.vary, *self.uses.values()]
        changed = [self.html, *self.downloads]
        self.take.input(self._choose, [self.clips, self.take], changed, api_visibility="private", queue=False)

    def show(self, clips: list[Clip], made: bool = True) -> dict:
        """Update of every component for new clips, the first in front; what was `made` just now enters the history."""
        shown = self._show_one(clips[0], made)
        takes = gr.Radio(choices=list(range(1, len(clips) + 1)), value=1, visible=len(clips) > 1)
        ready = {button: gr.Button(interactive=True) for button in (self.vary, *self.uses.values())}
        return {self.clips: clips, self.take: takes, **ready, **shown}

    def chosen(self, clips: list[Clip], take: int | None) -> Clip | None:
        """The clip in front; None before there is one."""
        return clips[min(max(take or 1, 1), len(clips)) - 1] if clips else None

    def _choose(self, clips: list[Clip], take: int) -> dict:
        return self._show_one(self.chosen(clips, take), made=False)

    def _show_one(self, clip: Clip, made: bool) -> dict:
        files = zip(self.downloads, self._files(clip), strict=True)
        return {self.html: card_html(clip, made)} | {
            button: gr.DownloadButton(value=file, interactive=True) for button, file in files
        }

    @staticmethod
    def _files(clip: Clip) -> tuple[str, str, str]:
        return clip.sound, clip.picture, clip.recipe_file
