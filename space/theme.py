"""The look: quiet paper and ink, one green for what can be pressed, system fonts (nothing is fetched)."""

from pathlib import Path

CSS = (Path(__file__).parent / "page.css").read_text(encoding="utf-8")


def build_theme():
    """A gradio theme whose text reaches a contrast of 4.5 in light and dark."""
    import gradio as gr

    fonts = ("ui-sans-serif", "system-ui", "-apple-system", "Segoe UI", "sans-serif")
    theme = gr.themes.Base(
        primary_hue="teal", neutral_hue="stone", font=fonts, font_mono=("ui-monospace", "monospace"), radius_size="lg"
    )
    return theme.set(
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
        block_border_width="1px",
    )
