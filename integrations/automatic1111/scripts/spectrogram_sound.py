"""AUTOMATIC1111 script: each picture that the web UI saves gets the sound of its spectrogram beside it.

README.md says how it is installed (the core, Python 3.10 or newer). The sound keeps the picture's name and carries its
parameters as a recipe.
"""

from pathlib import Path

import gradio as gr
from modules import script_callbacks, scripts

RECOGNISE = "recognise"


class SpectrogramSound(scripts.Script):
    """The panel with a switch, a format and a kind of file."""

    def title(self):
        return "Spectrogram to sound"

    def show(self, is_img2img):
        return scripts.AlwaysVisible

    def ui(self, is_img2img):
        from spectrogram.params import PRESETS

        with gr.Accordion("Spectrogram to sound", open=False):
            enabled = gr.Checkbox(label="Decode each saved picture", value=False)
            preset = gr.Dropdown([RECOGNISE, *PRESETS], value=RECOGNISE, label="Format of the spectrogram")
            suffix = gr.Radio(["wav", "flac"], value="wav", label="Kind of file")
        return [enabled, preset, suffix]

    def process(self, p, enabled, preset, suffix):
        p.spectrogram_sound = (preset, suffix) if enabled else None


def decode_saved(params):
    """The web UI's callback after a picture was saved; returns the sound's path, None when there is nothing to do."""
    wanted = getattr(params.p, "spectrogram_sound", None)
    if wanted is None:
        return None
    from spectrogram.codec import SpectrogramCodec
    from spectrogram.codec.foreign import recognise
    from spectrogram.files.audio import write_audio
    from spectrogram.files.webui import parse_parameters
    from spectrogram.params import SpectrogramParams
    from spectrogram.recipe import Recipe

    preset, suffix = wanted
    picture, text = params.image, (params.pnginfo or {}).get("parameters", "")
    picture.info.setdefault("parameters", text)
    grid = recognise(picture)[0] if preset == RECOGNISE else SpectrogramParams.preset(preset)
    audio, rate_hz = SpectrogramCodec(grid.replace(columns=picture.width)).decode(picture)
    path = write_audio(Path(params.filename).with_suffix(f".{suffix}"), audio, rate_hz)
    if "Steps: " in text:
        Recipe(**parse_parameters(text)).replace(params=grid.to_dict()).write_into(path)
    return path


script_callbacks.on_image_saved(decode_saved)
