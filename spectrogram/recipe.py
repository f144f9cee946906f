"""How a sound was made. It travels in every WAV, FLAC and PNG that is written, so that a result can be made again."""

import dataclasses
from dataclasses import dataclass, field
from pathlib import Path

import soundfile
from PIL import Image, UnidentifiedImageError
from PIL.PngImagePlugin import PngInfo

from spectrogram import json_text
from spectrogram.files import atomic
from spectrogram.files.audio import write_wav_comment
from spectrogram.files.endings import PICTURES
from spectrogram.files.headers.riff import read_wav_comment
from spectrogram.files.pictures import infotext
from spectrogram.files.webui import format_parameters, parse_parameters
from spectrogram.params import KEY as PARAMS_KEY
from spectrogram.params import SpectrogramParams
from spectrogram.problems import Problem

KEY = "spectrogram_recipe"
WEBUI_KEY = "parameters"
SOFTWARE = "sd-audio-spectrograms 0.1.0"


@dataclass(frozen=True)
class Recipe:
    """All that is needed to make one clip again; `settings` holds what a verb adds (strength, seconds, hertz, …).

    `seed` is None when the noise came from a generator whose beginning is unknown. `model` and `adapter` are a name on
    the Hub or the name of a folder, never a path. `params` is SpectrogramParams.to_dict().
    """

    prompt: str
    negative_prompt: str = ""
    seed: int | None = None
    steps: int | None = None
    guidance: float | None = None
    guidance_rescale: float = 0.0
    width: int | None = None
    height: int | None = None
    scheduler: str | None = None
    model: str | None = None
    adapter: str | None = None
    adapter_scale: float | None = None
    verb: str = "generate"
    settings: dict = field(default_factory=dict)
    params: dict | None = None
    software: str = SOFTWARE
    ai_generated: bool = True

    def __post_init__(self):
        for spec in dataclasses.fields(self):
            value = getattr(self, spec.name)
            whole = type(value) is int and isinstance(0.0, spec.type)
            if not (isinstance(value, spec.type) or whole) or (isinstance(value, bool) and spec.type is not bool):
                raise Problem(f"the recipe's {spec.name} is {value!r}", f"a value of type {spec.type}", "correct it")

    def to_dict(self) -> dict:
        return dataclasses.asdict(self)

    def to_json(self) -> str:
        """ASCII JSON without the fields that are None, so that every container keeps it unharmed."""
        return json_text.dumps({name: value for name, value in self.to_dict().items() if value is not None})

    def replace(self, **changes) -> "Recipe":
        return dataclasses.replace(self, **changes)

    @classmethod
    def from_json(cls, text: str) -> "Recipe":
        """The inverse of `to_json`; fields of newer versions are ignored. Raises Problem on anything else."""
        try:
            values = json_text.parsed(text)
        except ValueError as error:
            raise Problem(f"the recipe is not JSON ({error})", "a recipe of this project", "write it anew") from error
        if not isinstance(values, dict) or "prompt" not in values:
            raise Problem("the recipe has no prompt", "a JSON object with a prompt", "write it anew")
        names = {spec.name for spec in dataclasses.fields(cls)}
        return cls(**{name: value for name, value in values.items() if name in names})

    @classmethod
    def of(cls, output, i: int = 0) -> "Recipe":
        """The recipe of clip i of a SpectrogramAudioOutput."""
        return output.recipes[i]

    @classmethod
    def read(cls, path: str | Path) -> "Recipe":
        """The recipe in a sound, picture or JSON file, ours or AUTOMATIC1111's; raises Problem without one."""
        path = Path(path)
        ours, theirs = _texts(path)
        if ours is not None and ours.lstrip().startswith("{"):
            return cls.from_json(ours)
        if theirs is not None and "Steps: " in theirs:
            return cls(**parse_parameters(theirs))
        raise Problem(
            f"{path.name} carries no recipe",
            "a file made by this project or AUTOMATIC1111",
            "type the settings instead",
        )

    def write_into(self, path: str | Path) -> Path:
        """Put the recipe into an existing WAV, FLAC or PNG; sound and pixels stay exactly as they are.

        OGG and MP3 would have to be encoded a second time: pass `comment=recipe.to_json()` to `write_audio` instead.
        """
        path = Path(path)
        writers = {
            ".wav": lambda: write_wav_comment(path, self.to_json()),
            ".flac": lambda: _write_into_flac(path, self.to_json()),
            ".png": lambda: _write_into_png(path, self),
        }
        if path.suffix.lower() not in writers:
            raise Problem(
                f"a recipe cannot be put into {path.name} without encoding it again",
                f"one of {', '.join(writers)}",
                "choose one of them, or write it with write_audio(…, comment=recipe.to_json())",
            )
        writers[path.suffix.lower()]()
        return path


def _texts(path: Path) -> tuple[str | None, str | None]:
    """(text that may be ours, text that may be AUTOMATIC1111's) in a file."""
    if not path.is_file():
        raise Problem(f"{path} does not exist", "a sound or picture", "check the path")
    suffix = path.suffix.lower()
    if suffix == ".json":
        return path.read_text(encoding="utf-8", errors="replace"), None
    if suffix in PICTURES:
        return _picture_texts(path)
    comment = read_wav_comment(path) if suffix == ".wav" else _tag(path)
    return comment, comment


def _picture_texts(path: Path) -> tuple[str | None, str | None]:
    try:
        with Image.open(path) as image:
            texts = {**getattr(image, "text", {})}
            texts.setdefault(WEBUI_KEY, infotext(image) or None)
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise Problem(
            f"{path.name} cannot be read as a picture ({error})", "a whole picture", "fetch it again"
        ) from error
    return texts.get(KEY), texts.get(WEBUI_KEY)


def _tag(path: Path) -> str | None:
    try:
        with soundfile.SoundFile(path) as file:
            return file.comment
    except soundfile.LibsndfileError as error:
        raise Problem(f"{path.name} cannot be read ({error})", "wav, flac, ogg or png", "check the file") from error


def _write_into_flac(path: Path, comment: str):
    with atomic.replacing(path) as unfinished, soundfile.SoundFile(path) as source:
        kept = (source.samplerate, source.channels, source.subtype)
        with soundfile.SoundFile(unfinished, "w", *kept, format="FLAC") as target:
            target.comment = comment
            for block in source.blocks(blocksize=1 << 16, dtype="int32", always_2d=True):
                target.write(block)


def _write_into_png(path: Path, recipe: Recipe):
    with Image.open(path) as image:
        texts = dict(getattr(image, "text", {}))
        image.load()
    texts |= {KEY: recipe.to_json(), WEBUI_KEY: format_parameters(recipe)}
    if recipe.params is not None:
        texts[PARAMS_KEY] = SpectrogramParams.from_dict(recipe.params).to_json()
    info = PngInfo()
    for name, text in texts.items():
        info.add_itxt(name, text)
    with atomic.replacing(path) as unfinished:
        image.save(unfinished, format="PNG", pnginfo=info)
