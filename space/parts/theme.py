"""The look: quiet paper and ink, one green for what can be pressed, system fonts (nothing is fetched)."""

from pathlib import Path

import gradio as gr

CSS = (Path(__file__).parent / "page.css").read_text(encoding="utf-8")


def build_theme():
    """A gradio theme whose text reaches a contrast of 4.5 in light and dark."""
    fonts = ("ui-sans-serif", "system-ui", "-apple-system", "Segoe UI", "sans-serif")
    theme = gr.themes.Base(
        primary_hue="teal", neutral_hue="stone", font=fonts, font_mono=("ui-monospace", "monospace"), radius_size="lg"
    )
    return theme.set(
        body_background_fill="#faf9f7",
        body_background_fill_dark="#131211",
        body_text_size="15px",
        block_background_fill="transparent",
        block_background_fill_dark="transparent",
        block_border_width="0px",
        block_shadow="none",
        block_label_text_weight="500",
        block_title_text_weight="500",
        block_title_text_color="#292524",
        block_title_text_color_dark="#e7e5e4",
        border_color_primary="#dedad6",
        border_color_primary_dark="#3a3735",
        input_background_fill="#ffffff",
        input_background_fill_dark="#1d1b1a",
        input_border_color="#8f8983",
        input_border_color_dark="#77716c",
        input_border_width="1px",
        button_secondary_background_fill="#ffffff",
        button_secondary_background_fill_hover="#f0eeeb",
        button_secondary_background_fill_dark="#1d1b1a",
        button_secondary_background_fill_hover_dark="#2a2725",
        button_secondary_border_color="#c9c4be",
        button_secondary_border_color_dark="#4a4643",
        button_border_width="1px",
        button_large_text_size="15px",
        button_small_text_size="13px",
        button_small_text_weight="500",
        button_primary_border_color="#0f766e",
        button_primary_border_color_dark="#0f766e",
        button_primary_background_fill="#0f766e",
        button_primary_background_fill_hover="#115e59",
        button_primary_background_fill_dark="#0f766e",
        button_primary_background_fill_hover_dark="#115e59",
        button_primary_text_color="#ffffff",
        button_primary_text_color_dark="#ffffff",
        body_text_color_subdued="#57534e",
        body_text_color_subdued_dark="#b8b2ad",
        block_info_text_color="#57534e",
        block_info_text_color_dark="#b8b2ad",
        block_label_text_color="#292524",
        block_label_text_color_dark="#e7e5e4",
        slider_color="#0f766e",
        slider_color_dark="#2dd4bf",
    )
