"""The page: a title, the tabs, and how it is served."""

import os
from pathlib import Path

import gradio as gr

from space.api import Endpoints
from space.card import SCRIPT
from space.clips import Clip, ClipStore, describe_files
from space.engine import Engine
from space.generate_tab import GenerateTab
from space.theme import CSS, build_theme

TITLE = "Sound from Stable Diffusion"
LEAD = "Write what you want to hear. A diffusion model paints its spectrogram, and the picture becomes sound."
EXAMPLE = Path(__file__).parent / "examples" / "example.flac"


def build_interface(engine: Engine, store: ClipStore) -> gr.Blocks:
    """The page as gradio Blocks; nothing is computed to show it."""
    with gr.Blocks(title=TITLE, analytics_enabled=False, delete_cache=(3600, 7200)) as page:
        gr.Markdown(f"# {TITLE}\n\n{LEAD}", elem_id="title")
        with gr.Tabs(), gr.Tab("Generate", id="generate"):
            GenerateTab(engine, store, load_example(store))
        Endpoints(engine, store)
    return page.queue(max_size=40, default_concurrency_limit=4)


def load_example(store: ClipStore) -> Clip | None:
    """The finished clip that is there when the page opens; None where the checkout has none."""
    if not EXAMPLE.is_file():
        return None
    folder = store.folder.parent / f"{store.folder.name}-example"
    folder.mkdir(exist_ok=True)
    return describe_files(EXAMPLE, EXAMPLE.with_suffix(".png"), folder)


def launch_settings(store: ClipStore, port: int | None = None) -> dict:
    """Keywords of `launch`: limits are set here and not left to defaults."""
    example_folder = store.folder.parent / f"{store.folder.name}-example"
    return {
        "server_name": None if "SPACE_ID" in os.environ else "127.0.0.1",
        "server_port": port,
        "theme": build_theme(),
        "css": CSS,
        "head": SCRIPT,
        "max_file_size": "25mb",
        "allowed_paths": [str(store.folder), str(example_folder), str(EXAMPLE.parent)],
        "mcp_server": True,
        "footer_links": ["api", "settings"],
        "ssr_mode": False,
    }
