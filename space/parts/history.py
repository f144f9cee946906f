"""Getting a recipe back: from this browser's history, from a link, or from a file that is dropped anywhere."""

from collections.abc import Callable

import gradio as gr

from space.parts.links import from_file, from_link
from space.parts.status import status_html
from spectrogram.problems import Problem
from spectrogram.recipe import Recipe

HISTORY = """
<details id="history"><summary>History of this browser</summary>
<p class="none">Nothing yet: what you make is listed here, the last 20, and stays in this browser.</p>
<ol></ol><button type="button" class="forget">Forget all</button></details>
"""
RESTORED = "Settings restored. Press the button to make it again."
NEEDS_SOUND = "Settings restored. Give it the sound again, then press the button."
OUR_FILES = [".wav", ".flac", ".ogg", ".png", ".json"]


class Past:
    """The history list, the restoring button, and the events that lead to them; `page.js` does the browser's part."""

    def __init__(self, page: gr.Blocks, tabs: gr.Tabs, makers: dict):
        self.tabs, self.makers = tabs, makers
        with gr.Row(elem_id="past"):
            gr.HTML(HISTORY, padding=False, elem_classes="bare")
            self.file = gr.UploadButton(
                "Restore from a file", file_types=OUR_FILES, size="sm", scale=0, min_width=180, elem_id="restore-file"
            )
        # Pressed by page.js; the browser's own function then hands over the link of the chosen entry.
        self.link = gr.Textbox(visible=False, max_length=10_000)
        self.choose = gr.Button("Restore from history", visible="hidden", elem_id="restore-link")
        outputs = [tabs, *{field for tab in makers.values() for field in tab.restored}]
        silent = {"api_visibility": "private", "queue": False, "show_progress": "hidden"}
        self.file.upload(lambda path: self.restore(lambda: from_file(path)), self.file, outputs, **silent)
        chosen = "() => [window.chosenRecipe]"
        self.choose.click(
            lambda text: self.restore(lambda: from_link(text or "")), self.link, outputs, js=chosen, **silent
        )
        page.load(self.open, None, outputs, **silent)

    def open(self, request: gr.Request) -> dict:
        """What the address asks for; nothing changes without a recipe in it."""
        text = request.query_params.get("recipe")
        return self.restore(lambda: from_link(text)) if text else {self.tabs: gr.Tabs()}

    def restore(self, read: Callable[[], tuple[Recipe, float | None]]) -> dict:
        """Updates that fill the tab which made the recipe and open it; a strange file is named where one looks."""
        try:
            recipe, seconds = read()
            name = next((name for name, tab in self.makers.items() if recipe.verb in tab.verbs), "generate")
            tab = self.makers[name]
            fields = tab.restore(recipe, seconds)
        except (Problem, TypeError, ValueError) as problem:
            # A recipe of a stranger may hold anything; only our own Problems have words for people.
            told = str(problem) if isinstance(problem, Problem) else "The recipe is damaged: make it anew."
            return {tab.maker.status: status_html(told, problem=True) for tab in self.makers.values()}
        told = RESTORED if recipe.verb in ("generate", "morph", "timeline") else NEEDS_SOUND
        return {self.tabs: gr.Tabs(selected=name), tab.maker.status: status_html(told), **fields}
