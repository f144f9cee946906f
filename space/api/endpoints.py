"""Endpoints for programs and for MCP; their docstrings are what clients read."""

from pathlib import Path
from tempfile import mkdtemp

import gradio as gr

from space.api.inputs import audio, hertz, optional_seconds, sampling_inputs, sound_outputs, text
from space.api.verbs import VerbEndpoints, refusal
from space.engine.engine import Engine
from space.engine.gpu_refusal import events_or_refusal
from space.engine.limits import RateLimit, visitor
from space.jobs import Failed, Finished, Request
from space.parts.settings import LONGEST_PROMPT, NO_ADAPTER, clean
from space.store.clips import ClipStore
from spectrogram.problems import Problem
from spectrogram.sampling.seeds import draw_seed

MOST_SECONDS_IN = 600
NAMES = ("generate", "transform", "repaint", "extend", "loop", "morph", "encode", "decode", "score")


class Endpoints:
    """Typed functions on hidden components, so that files are uploaded, cached and typed by gradio itself."""

    def __init__(self, engine: Engine, store: ClipStore, limit: RateLimit):
        self.engine, self.store, self.limit = engine, store, limit
        natural_s = round(engine.pipeline.params.clip_seconds, 2)
        verbs = VerbEndpoints(self)
        with gr.Column(visible=False):
            sampling = lambda: sampling_inputs(engine.pipeline.defaults)  # noqa: E731 - new components for each use
            length = lambda: gr.Number(natural_s, label="seconds", minimum=0.1, maximum=60)  # noqa: E731
            strength = lambda value: gr.Number(value, label="strength", minimum=0.01, maximum=1)  # noqa: E731
            self._add(verbs.generate, [text("prompt"), length(), *sampling()], sound_outputs())
            self._add(verbs.transform, [audio(), text("prompt"), strength(0.5), *sampling()], sound_outputs())
            region = [optional_seconds("start_s", 0), optional_seconds("end_s", 1), hertz("low_hz"), hertz("high_hz")]
            self._add(verbs.repaint, [audio(), text("prompt"), *region, strength(1), *sampling()], sound_outputs())
            more = [gr.Number(3, label="seconds", minimum=0.1, maximum=30), gr.Checkbox(False, label="before")]
            self._add(verbs.extend, [audio(), text("prompt"), *more, *sampling()], sound_outputs())
            seam = gr.Number(1, label="seam_s", minimum=0.1, maximum=10)
            self._add(verbs.loop, [audio(), text("prompt"), seam, *sampling()], sound_outputs())
            pair = [text("first"), text("last"), gr.Number(5, label="clips", precision=0, minimum=2, maximum=9)]
            found = [gr.File(label="sounds", file_count="multiple"), gr.JSON(label="recipes")]
            even = gr.Checkbox(True, label="even_in_sound")
            self._add(verbs.morph, [*pair, length(), *sampling(), even], found)
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

    def run(self, page: gr.Request, prompt: str, sampling: tuple, **fields) -> list:
        """The finished clips of a request; raises gr.Error with a reason that a program can print."""
        negative, seed, steps, guidance, adapter, strength = sampling
        prompt, negative = clean(prompt), clean(negative)
        self.check_texts(prompt, negative)
        if wait_s := self.limit.wait_s(*visitor(page)):
            raise refusal(f"Many requests came from here: wait {wait_s:.0f} s.")
        request = Request(
            prompt=prompt,
            negative_prompt=negative,
            seed=draw_seed() if seed is None or seed < 0 else int(seed),
            steps=int(steps),
            guidance=guidance,
            adapter=None if adapter in ("", None, NO_ADAPTER) else adapter,
            adapter_scale=strength,
            **fields,
        )
        stop_file = self.store.stop_file(page.session_hash or "api")
        stop_file.unlink(missing_ok=True)
        *_, last = events_or_refusal(self.engine.work(request, stop_file))
        if not isinstance(last, Finished):
            raise refusal(last.reason if isinstance(last, Failed) else "The work was stopped.")
        return self.store.keep(last)

    @staticmethod
    def check_texts(prompt: str | None, *others: str):
        prompt = clean(prompt)
        if not prompt:
            raise refusal("The prompt is empty: send words such as “rain on a tin roof”.")
        if max(map(len, (prompt, *others))) > LONGEST_PROMPT:
            raise refusal(f"The prompt is too long: send {LONGEST_PROMPT} characters at most.")

    def encode(self, sound: str) -> str:
        """Turn a sound into this model's spectrogram picture.

        Args:
            sound: An audio file; what is longer than the picture is cut.

        Returns:
            A PNG that carries its codec parameters.
        """
        from PIL.PngImagePlugin import PngInfo

        from spectrogram.codec import SpectrogramCodec
        from spectrogram.files.audio import read_audio
        from spectrogram.params import KEY

        params = self.engine.pipeline.params
        try:
            image = SpectrogramCodec(params).encode(*read_audio(sound, seconds=params.clip_seconds))
        except Problem as problem:
            raise refusal(str(problem)) from problem
        info = PngInfo()
        info.add_text(KEY, params.to_json())
        path = Path(mkdtemp(dir=self.store.folder)) / "picture.png"
        image.save(path, pnginfo=info)
        return str(path)

    def decode(self, picture: str) -> str:
        """Turn a spectrogram picture of this project back into sound.

        Args:
            picture: A PNG that carries its codec parameters.

        Returns:
            The sound as WAV.
        """
        from PIL import Image, UnidentifiedImageError

        from spectrogram.codec import SpectrogramCodec
        from spectrogram.files.audio import write_audio
        from spectrogram.params import SpectrogramParams

        try:
            with Image.open(picture) as image:
                params = SpectrogramParams.from_image(image)
                widest = MOST_SECONDS_IN * params.columns / params.clip_seconds
                if image.width > widest or image.height != params.height:
                    raise refusal("The picture's size does not fit its parameters.")
                sound, rate_hz = SpectrogramCodec(params).decode(image.convert("RGB"))
        except (Problem, UnidentifiedImageError, OSError, Image.DecompressionBombError) as error:
            raise refusal(f"The picture cannot be read: {error}") from error
        return str(write_audio(Path(mkdtemp(dir=self.store.folder)) / "sound.wav", sound, rate_hz))
