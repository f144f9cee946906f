"""The look: quiet paper and ink, one green for what can be pressed, system fonts (nothing is fetched)."""

CSS = """
.gradio-container { max-width: 1180px !important; margin: 0 auto !important; }
#title h1 { font-size: 1.5rem; letter-spacing: -0.01em; margin: 0.6rem 0 0; }
#title p { color: var(--body-text-color-subdued); margin: 0.2rem 0 0.4rem; }
.card { margin: 0; border: 1px solid var(--border-color-primary); border-radius: 12px; overflow: hidden;
        background: var(--block-background-fill); --played: 0%; }
.card.empty p { color: var(--body-text-color-subdued); }
.card.empty { min-height: 22rem; display: grid; place-items: center; color: var(--body-text-color-subdued); }
.card .axes { display: grid; grid-template: 1fr 1.5rem / 3.4rem 1fr; padding: 0.9rem 0.9rem 0 0; }
.card .plot { position: relative; height: clamp(170px, 30vw, 300px); background: #060814; cursor: pointer; }
.card .plot img { width: 100%; height: 100%; display: block; object-fit: fill; margin: 0; }
.card .line { position: absolute; top: 0; bottom: 0; left: var(--played); width: 2px; margin-left: -1px;
              opacity: 0; background: #fff; box-shadow: 0 0 0 1px rgb(0 0 0 / 55%); pointer-events: none; }
.card.heard .line { opacity: 1; }
.card .hertz, .card .seconds { position: relative; font-size: 0.72rem; color: var(--body-text-color-subdued); }
.card .hertz span { position: absolute; right: 0.45rem; transform: translateY(50%); white-space: nowrap; }
.card .seconds { grid-column: 2; }
.card .seconds span { position: absolute; top: 0.25rem; transform: translateX(-50%); white-space: nowrap; }
.card .seconds span:first-child { transform: none; }
.card audio { display: block; width: calc(100% - 1.6rem); margin: 0.7rem 0.8rem 0; height: 42px; color-scheme: light; }
.dark .card audio { color-scheme: dark; }
.card figcaption { padding: 0.7rem 1rem 0.9rem; display: grid; grid-template-columns: 1fr auto; gap: 0.15rem 1rem; }
.card figcaption strong { font-weight: 600; overflow-wrap: anywhere; }
.card .facts { grid-column: 1; font-size: 0.82rem; color: var(--body-text-color-subdued); overflow-wrap: anywhere; }
.card .loop { grid-column: 2; grid-row: 1; font-size: 0.85rem; display: flex; gap: 0.35rem; align-items: center; }
#status, #result { padding: 0 !important; }
#status > div, #result > div { padding: 0 !important; opacity: 1 !important; }
.status { min-height: 1.6rem; font-size: 0.92rem; padding: 0 0.15rem; }
.status progress { width: 100%; height: 6px; display: block; margin-bottom: 0.35rem; accent-color: #0f766e; }
.status.problem { color: #b42318; } .dark .status.problem { color: #fda29b; }
.status .note { color: var(--body-text-color-subdued); display: block; }
button:focus-visible, input:focus-visible, textarea:focus-visible, summary:focus-visible, .card audio:focus-visible {
  outline: 2px solid #14b8a6 !important; outline-offset: 2px; }
button[role="tab"].selected { color: #0f766e !important; }
.dark button[role="tab"].selected { color: #2dd4bf !important; }
@media (max-width: 700px) {
  .columns { flex-direction: column !important; flex-wrap: nowrap !important; }
  .columns > * { min-width: 0 !important; width: 100% !important; }
  .columns > .ask { display: contents; } .columns .settings { order: 2; }
  .card .axes { grid-template-columns: 3.4rem 1fr; padding-left: 0.4rem; }
  .card figcaption { grid-template-columns: 1fr; } .card .loop { grid-column: 1; grid-row: auto; }
}
"""


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
