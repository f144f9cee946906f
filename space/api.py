"""Endpoints for programs and for MCP: /generate, /encode, /decode. Their docstrings are what clients read."""

from pathlib import Path
from tempfile import mkdtemp

import gradio as gr

from space.clips import ClipStore
from space.engine import Engine
from space.generate_tab import LONGEST_PROMPT, NO_ADAPTER
from space.jobs import Failed, Finished, Request
from spectrogram.problems import Problem
from spectrogram.seeds import LARGEST_SEED, draw_seed

MOST_SECONDS_IN = 600


class Endpoints:
    """Typed functions on hidden components, so that files are uploaded, cached and typed by gradio itself."""

    def __init__(self, engine: Engine, store: ClipStore):
        self.engine, self.store = engine, store
        with gr.Column(visible=False):
            self._add_generate()
            self._add_codec()

    def _add_generate(self):
        defaults = self.engine.pipeline.defaults
        inputs = [
            gr.Textbox(label="prompt", max_length=LONGEST_PROMPT),
            gr.Textbox("", label="negative_prompt", max_length=LONGEST_PROMPT),
            gr.Number(round(self.engine.pipeline.params.clip_seconds, 2), label="seconds", minimum=0.1, maximum=60),
            gr.Number(-1, label="seed", precision=0, minimum=-1, maximum=LARGEST_SEED),
            gr.Number(defaults.steps, label="steps", precision=0, minimum=1, maximum=100),
            gr.Number(defaults.guidance, label="guidance", minimum=0, maximum=30),
            gr.Textbox(NO_ADAPTER, label="adapter"),
            gr.Number(1.0, label="adapter_strength", minimum=0, maximum=2),
        ]
        outputs = [
            gr.Audio(type="filepath", label="sound"),
            gr.Image(format="png", label="picture"),
            gr.JSON(label="recipe"),
        ]
        gr.Button("generate").click(
            self.generate, inputs, outputs, api_name="generate", concurrency_id="gpu", concurrency_limit=1
        )

    def _add_codec(self):
        sound, picture = gr.Audio(type="filepath", label="sound"), gr.File(label="picture", file_types=[".png"])
        gr.Button("encode").click(self.encode, sound, picture, api_name="encode")
        gr.Button("decode").click(self.decode, picture, sound, api_name="decode")

    def generate(
        self,
        prompt: str,
        negative_prompt: str,
        seconds: float,
        seed: int,
        steps: int,
        guidance: float,
        adapter: str,
        adapter_strength: float,
        page: gr.Request,
    ) -> tuple[str, str, dict]:
        """Make a sound from a text.

        Args:
            prompt: What to hear, for example "rain on a tin roof".
            negative_prompt: What not to hear.
            seconds: Length of the sound in seconds.
            seed: The same seed makes the same sound; -1 draws one, the recipe tells which.
            steps: Denoising steps; more is slower and finer.
            guidance: How closely to follow the text.
            adapter: Name of an adapter of this Space, or "none".
            adapter_strength: Strength of the adapter, 0 to 2.

        Returns:
            The sound (WAV), its spectrogram picture (PNG) and the recipe it was made with.
        """
        if not (prompt or "").strip():
            raise gr.Error("The prompt is empty: send words such as “rain on a tin roof”.", print_exception=False)
        if max(len(prompt), len(negative_prompt or "")) > LONGEST_PROMPT:
            raise gr.Error(f"The prompt is too long: send {LONGEST_PROMPT} characters at most.", print_exception=False)
        request = Request(
            prompt=prompt.strip(),
            negative_prompt=negative_prompt or "",
            seconds=seconds,
            seed=draw_seed() if seed < 0 else int(seed),
            steps=int(steps),
            guidance=guidance,
            adapter=None if adapter in ("", NO_ADAPTER) else adapter,
            adapter_scale=adapter_strength,
        )
        stop_file = self.store.stop_file(page.session_hash or "api")
        stop_file.unlink(missing_ok=True)
        *_, last = self.engine.generate(request, stop_file)
        if not isinstance(last, Finished):
            raise gr.Error(last.reason if isinstance(last, Failed) else "The work was stopped.", print_exception=False)
        clip = self.store.keep(last)[0]
        return clip.sound, clip.picture, clip.recipe.to_dict()

    def encode(self, sound: str) -> str:
        """Turn a sound into this model's spectrogram picture.

        Args:
            sound: An audio file; what is longer than the picture is cut.

        Returns:
            A PNG that carries its codec parameters.
        """
        from PIL.PngImagePlugin import PngInfo

        from spectrogram.audio_io import read_audio
        from spectrogram.codec import SpectrogramCodec
        from spectrogram.params import KEY

        params = self.engine.pipeline.params
        try:
            image = SpectrogramCodec(params).encode(*read_audio(sound, seconds=params.clip_seconds))
        except Problem as problem:
            raise gr.Error(str(problem), print_exception=False) from problem
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

        from spectrogram.audio_io import write_audio
        from spectrogram.codec import SpectrogramCodec
        from spectrogram.params import SpectrogramParams

        try:
            with Image.open(picture) as image:
                params = SpectrogramParams.from_image(image)
                if (
                    image.width > MOST_SECONDS_IN * params.columns / params.clip_seconds
                    or image.height != params.height
                ):
                    raise gr.Error("The picture's size does not fit its parameters.", print_exception=False)
                audio, rate_hz = SpectrogramCodec(params).decode(image.convert("RGB"))
        except (Problem, UnidentifiedImageError, OSError, Image.DecompressionBombError) as error:
            raise gr.Error(f"The picture cannot be read: {error}", print_exception=False) from error
        return str(write_audio(Path(mkdtemp(dir=self.store.folder)) / "sound.wav", audio, rate_hz))
