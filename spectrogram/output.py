"""What the pipeline hands back: sounds, their pictures and their recipes; a notebook shows and plays them by itself."""

import base64
import html
import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from diffusers.utils import BaseOutput
from PIL import Image

from spectrogram.files.audio import write_audio
from spectrogram.recipe import Recipe


@dataclass
class SpectrogramAudioOutput(BaseOutput):
    """Clips of one call.

    images: PIL pictures; audios: float32 (batch, channels, samples) in [-1, 1]; sampling_rate: Hz; recipes: one a clip.
    """

    images: list[Image.Image]
    audios: np.ndarray
    sampling_rate: int
    recipes: list[Recipe]

    def save(self, path: str | Path, i: int = 0, sign: Callable | None = None) -> tuple[Path, Path]:
        """Write clip i as sound (suffix .wav, .flac, .ogg or .mp3) and its picture beside it; both carry the recipe.

        The recipe says `ai_generated`. `sign(file, recipe)`, off by default, is called with each finished file: the
        place for a C2PA tool or another signature of one's own.
        """
        path = Path(path)
        recipe, picture = self.recipes[i], path.with_suffix(".png")
        in_place = path.suffix.lower() in (".wav", ".flac")
        write_audio(path, self.audios[i], self.sampling_rate, comment=None if in_place else recipe.to_json())
        if in_place:
            recipe.write_into(path)
        self.images[i].save(picture)
        recipe.write_into(picture)
        for file in (path, picture) if sign is not None else ():
            sign(file, recipe)
        return path, picture

    def _repr_html_(self) -> str:
        return "\n".join(self._figure(i) for i in range(len(self.images)))

    def _figure(self, i: int) -> str:
        recipe = self.recipes[i]
        caption = html.escape(f"{recipe.prompt} · seed {recipe.seed}")
        return (
            f'<figure><img alt="spectrogram: {caption}" src="{_data_address("image/png", self._png(i))}"><br>'
            f'<audio controls src="{_data_address("audio/wav", self._wav(i))}"></audio>'
            f"<figcaption>{caption}</figcaption></figure>"
        )

    def _png(self, i: int) -> bytes:
        buffer = io.BytesIO()
        self.images[i].save(buffer, format="PNG")
        return buffer.getvalue()

    def _wav(self, i: int) -> bytes:
        buffer = io.BytesIO()
        frames = np.clip(self.audios[i], -1.0, 1.0).T
        soundfile.write(buffer, frames, self.sampling_rate, format="WAV", subtype="PCM_16")
        return buffer.getvalue()


def _data_address(kind: str, data: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"
