"""The page: a title, the tabs, what leads from one to another, and how it is served."""

import os
from pathlib import Path

import gradio as gr
from starlette.middleware import Middleware

from space.api.body_limit import MOST_UPLOADED_BYTES, BodyLimit
from space.api.endpoints import Endpoints
from space.api.values import CheckedBlocks
from space.engine.engine import Engine
from space.engine.front_door import FrontDoor
from space.engine.limits import RateLimit
from space.parts.card import SCRIPT
from space.parts.history import Past
from space.parts.maker import Maker
from space.parts.theme import CSS, build_theme
from space.store.clips import ClipStore
from space.store.example_clips import FOLDER, load_examples
from space.store.places import Places
from space.tabs.dataset import DatasetTab
from space.tabs.edit import MODES, REPAINT, EditTab
from space.tabs.evaluation import EvaluateTab
from space.tabs.finetune import FinetuneTab
from space.tabs.generate import GenerateTab
from space.tabs.morph import MorphTab
from space.tabs.transform import TransformTab

TITLE = "Sound from Stable Diffusion"
LEAD = "Write what you want to hear. A diffusion model paints its spectrogram, and the picture becomes sound."
MARK = Path(__file__).parent / "mark.svg"
# Requests of one session in five minutes on a public Space; at home nothing is limited.
PUBLIC_LIMIT = 30


def build_interface(
    engine: Engine,
    store: ClipStore,
    places: Places,
    limit: RateLimit | None = None,
    examples: Path = FOLDER,
) -> gr.Blocks:
    """The page as gradio Blocks; nothing is computed to show it. `examples` is a folder with recipes.json."""
    if limit is None:
        limit = RateLimit(PUBLIC_LIMIT if "SPACE_ID" in os.environ else None)
    door = FrontDoor(engine, store, limit)
    with CheckedBlocks(title=TITLE, analytics_enabled=False, delete_cache=(3600, 7200)) as page:
        gr.HTML(f"<header>{MARK.read_text()}<h1>{TITLE}</h1><p>{LEAD}</p></header>", elem_id="title", padding=False)
        with gr.Tabs(elem_id="tabs") as tabs:
            with gr.Tab("Generate", id="generate"):
                generate = GenerateTab(
                    Maker("generate", "Generate", door), lambda: load_examples(served_examples(store), examples)
                )
            with gr.Tab("Transform", id="transform"):
                transform = TransformTab(Maker("transform", "Transform", door))
            with gr.Tab("Edit", id="edit"):
                edit = EditTab(Maker("edit", MODES[REPAINT].button, door))
            with gr.Tab("Morph", id="morph"):
                morph = MorphTab(Maker("morph", "Morph", door))
            makers = {"generate": generate, "transform": transform, "edit": edit, "morph": morph}
            with gr.Tab("Fine-tune", id="finetune"):
                finetune = FinetuneTab(engine, store, places, page)
            with gr.Tab("Evaluate", id="evaluate"):
                EvaluateTab(door, [tab.maker.card.clips for tab in makers.values()], finetune.datasets)
            with gr.Tab("Dataset", id="dataset") as shown:
                dataset = DatasetTab(store, finetune.datasets)
                dataset.show_on(shown)
        connect_adapter(tabs, generate, finetune)
        connect_uses(tabs, makers)
        Past(page, tabs, makers)
        Endpoints(door)
    return page.queue(max_size=40, default_concurrency_limit=4)


def connect_uses(tabs: gr.Tabs, makers: dict):
    """Use in Transform, Edit and Morph: the clip in front, its seed and adapter go to that tab, which opens."""
    for tab in makers.values():
        card = tab.maker.card
        for name, button in card.uses.items():
            target = makers[name]

            def use(clips, take, card=card, target=target, name=name):
                clip = card.chosen(clips, take)
                return {tabs: gr.Tabs(selected=name)} | ({} if clip is None else target.receive(clip))

            outputs = [tabs, *target.received]
            button.click(use, [card.clips, card.take], outputs, api_visibility="private", queue=False)


def connect_adapter(tabs: gr.Tabs, generate: GenerateTab, finetune: FinetuneTab):
    """Use in Generate: what was just taught is chosen and named, a caption that taught it is the text."""
    maker = generate.maker

    def use(run: str, page: gr.Request):
        told = maker.tell(f"{run} is chosen as the adapter, under More. Press Generate to hear it.")
        text, adapter = finetune.asked(run, page), maker.settings.offer(run)
        return adapter, text, gr.Accordion(open=True), told, gr.Tabs(selected="generate")

    outputs = [maker.settings.adapter, generate.prompt, maker.settings.more, maker.status, tabs]
    finetune.fields.use.click(use, finetune.fields.run, outputs, api_visibility="private", queue=False)


def served_examples(store: ClipStore) -> Path:
    """The folder that the examples are served from; the store's own folder forgets what is old."""
    return store.folder.parent / f"{store.folder.name}-examples"


def launch_settings(store: ClipStore, port: int | None = None) -> dict:
    """Keywords of `launch`: limits are set here and not left to defaults."""
    uploads = MOST_UPLOADED_BYTES if "SPACE_ID" in os.environ else None
    return {
        "server_name": None if "SPACE_ID" in os.environ else "127.0.0.1",
        "server_port": port,
        "theme": build_theme(),
        "css": CSS,
        "head": SCRIPT,
        "favicon_path": MARK,
        "max_file_size": "25mb",
        # gradio keeps about 0.7 MB of this page for each session that ever asked, 10,000 of them unless told otherwise.
        "state_session_capacity": 200,
        "app_kwargs": {"middleware": [Middleware(BodyLimit, most_uploaded_bytes=uploads)]},
        "allowed_paths": [str(store.folder), str(served_examples(store))],
        "mcp_server": True,
        "footer_links": ["api", "settings"],
        "ssr_mode": False,
    }
