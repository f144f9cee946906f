"""The result card as gradio components: the card itself, a choice of takes, downloads and Variation."""

from dataclasses import dataclass, field

from space.card import EMPTY, card_html
from space.clips import Clip


@dataclass
class ResultCard:
    """Builds its components where it is made; `show(clips)` is the update of all of them."""

    first: Clip | None = None
    outputs: list = field(init=False)

    def __post_init__(self):
        import gradio as gr

        self.clips = gr.State([] if self.first is None else [self.first])
        self.html = gr.HTML(EMPTY if self.first is None else card_html(self.first), elem_id="result", padding=False)
        self.take = gr.Radio([1], value=1, label="Take", visible=False, elem_id="take")
        files = (None, None, None) if self.first is None else self._files(self.first)
        with gr.Row(elem_id="downloads"):
            names = ("Download sound", "Download picture", "Download recipe")
            self.downloads = [
                gr.DownloadButton(name, value=file, size="sm", min_width=90, interactive=file is not None)
                for name, file in zip(names, files, strict=True)
            ]
            self.vary = gr.Button(
                "Variation", size="sm", min_width=90, interactive=self.first is not None, elem_id="vary"
            )
        self.outputs = [self.clips, self.html, self.take, *self.downloads, self.vary]
        shown = [self.html, *self.downloads]
        self.take.input(self._choose, [self.clips, self.take], shown, api_visibility="private", queue=False)

    def show(self, clips: list[Clip]) -> dict:
        """Update of every component for new clips; the first one is in front."""
        import gradio as gr

        shown = self._show_one(clips[0])
        takes = gr.Radio(choices=list(range(1, len(clips) + 1)), value=1, visible=len(clips) > 1)
        return {self.clips: clips, self.take: takes, self.vary: gr.Button(interactive=True), **shown}

    def chosen(self, clips: list[Clip], take: int | None) -> Clip:
        return clips[min(max(take or 1, 1), len(clips)) - 1]

    def _choose(self, clips: list[Clip], take: int) -> dict:
        return self._show_one(self.chosen(clips, take))

    def _show_one(self, clip: Clip) -> dict:
        import gradio as gr

        files = zip(self.downloads, self._files(clip), strict=True)
        return {self.html: card_html(clip)} | {
            button: gr.DownloadButton(value=file, interactive=True) for button, file in files
        }

    @staticmethod
    def _files(clip: Clip) -> tuple[str, str, str]:
        return clip.sound, clip.picture, clip.recipe_file
