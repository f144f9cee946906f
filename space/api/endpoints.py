"""Endpoints for programs and for MCP; their docstrings are what clients read."""

import gradio as gr
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from space.api.inputs import audio, hertz, optional_seconds, sampling_inputs, sound_outputs, text
from space.api.verbs import VerbEndpoints, refusal
from space.engine.front_door import FrontDoor, clean, sampling
from space.jobs import Failed, Finished, Request
from spectrogram.codec import SpectrogramCodec, budget
from spectrogram.files.audio import read_audio, write_audio
from spectrogram.files.pictures import read_picture
from spectrogram.params import KEY, SpectrogramParams
from spectrogram.problems import PictureProblem, Problem

# Spectral values that a picture may ask for: each costs about 100 bytes of memory while it is decoded.
MOST_CELLS = 8_000_000
NAMES = ("generate", "transform", "repaint", "extend", "loop", "morph", "encode", "decode", "score")


class Endpoints:
    """Typed functions on hidden components, so that files are uploaded, cached and typed by gradio itself."""

    def __init__(self, door: FrontDoor):
        self.door, self.engine, self.store = door, door.engine, door.store
        natural_s = round(self.engine.pipeline.params.clip_seconds, 2)
        verbs = VerbEndpoints(self)
        with gr.Column(visible=False):
            taken = lambda: sampling_inputs(self.engine.pipeline.defaults)  # noqa: E731 - new components for each use
            length = lambda: gr.Number(natural_s, label="seconds", minimum=0.1, maximum=60)  # noqa: E731
            strength = lambda value: gr.Number(value, label="strength", minimum=0.01, maximum=1)  # noqa: E731
            self._add(verbs.generate, [text("prompt"), length(), *taken()], sound_outputs())
            self._add(verbs.transform, [audio(), text("prompt"), strength(0.5), *taken()], sound_outputs())
            region = [optional_seconds("start_s", 0), optional_seconds("end_s", 1), hertz("low_hz"), hertz("high_hz")]
            self._add(verbs.repaint, [audio(), text("prompt"), *region, strength(1), *taken()], sound_outputs())
            more = [gr.Number(3, label="seconds", minimum=0.1, maximum=30), gr.Checkbox(False, label="before")]
            self._add(verbs.extend, [audio(), text("prompt"), *more, *taken()], sound_outputs())
            seam = gr.Number(1, label="seam_s", minimum=0.1, maximum=10)
            self._add(verbs.loop, [audio(), text("prompt"), seam, *taken()], sound_outputs())
            pair = [text("first"), text("last"), gr.Number(5, label="clips", precision=0, minimum=2, maximum=9)]
            found = [gr.File(label="sounds", file_count="multiple"), gr.JSON(label="recipes")]
            even = gr.Checkbox(True, label="even_in_sound")
            self._add(verbs.morph, [*pair, length(), *taken(), even], found)
            self._add_codec()
            # MCP knows no lists of files, so a set is a zip.
            sets = [gr.File(label=name, file_types=[".zip"]) for name in ("generated", "reference")]
            gr.Button("score").click(verbs.score, sets, gr.JSON(label="figures"), api_name="score", concurrency_limit=1)

    def _add(self, function, inputs: list, outputs: list):
        name = function.__name__
        gr.Button(name).click(function, inputs, outputs, api_name=name, concurrency_id="gpu", concurrency_limit=1)

    def _add_codec(self):
        sound, picture = audio(), gr.File(label="picture", file_types=[".png"])
        gr.Button("encode").click(self.encode, sound, picture, api_name="encode")
        gr.Button("decode").click(self.decode, picture, sound, api_name="decode")

    def run(self, page: gr.Request, prompt: str, taken: tuple, **fields) -> list:
        """The finished clips of a request; raises gr.Error with a reason that a program can print."""
        negative, seed, *others = taken
        request = Request(prompt=clean(prompt), **sampling(seed, negative, *others), **fields)
        *_, last = self.door.submit(request, page)
        if not isinstance(last, Finished):
            raise refusal(last.reason if isinstance(last, Failed) else "The work was stopped.")
        return self.store.keep(last)

    def encode(self, sound: str, page: gr.Request) -> str:
        """Turn a sound into this model's spectrogram picture.

        Args:
            sound: An audio file; what is longer than the picture is cut.

        Returns:
            A PNG that carries its codec parameters.
        """
        params = self.engine.pipeline.params
        try:
            self.door.admit(page)
            image = SpectrogramCodec(params).encode(*read_audio(sound, seconds=params.clip_seconds))
        except Problem as problem:
            raise refusal(str(problem)) from problem
        info = PngInfo()
        info.add_text(KEY, params.to_json())
        path = self.store.new_folder() / "picture.png"
        image.save(path, pnginfo=info)
        return str(path)

    def decode(self, picture: str, page: gr.Request) -> str:
        """Turn a spectrogram picture of this project back into sound.

        Args:
            picture: A PNG that carries its codec parameters.

        Returns:
            The sound as WAV.
        """
        try:
            self.door.admit(page)
            image = read_picture(picture)
            params = SpectrogramParams.from_image(image)
            check_work(image, params)
            sound, rate_hz = SpectrogramCodec(params).decode(image.convert("RGB"))
        except Problem as problem:
            raise refusal(str(problem)) from problem
        return str(write_audio(self.store.new_folder() / "sound.wav", sound, rate_hz))


def check_work(image: Image.Image, params: SpectrogramParams) -> None:
    """Raises PictureProblem for a picture whose own parameters ask for more work than one request may cost."""
    if image.height != params.height:
        raise PictureProblem("its size does not fit its parameters", f"{params.height} rows", "send the whole picture")
    budget.check(params)
    values = budget.spectrum_values(params, image.width)
    if values > MOST_CELLS:
        raise PictureProblem(
            f"its parameters ask for {values / 1e6:.0f} million spectral values",
            f"at most {MOST_CELLS / 1e6:.0f} million, about two minutes of sound",
            "send a shorter picture, or decode it on the command line",
        )
