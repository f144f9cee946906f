"""Spectrogram pictures in files: PNG with the parameters in its text, and a careful way in for anybody's picture."""

from pathlib import Path

from PIL import Image, UnidentifiedImageError
from PIL.PngImagePlugin import PngInfo

from spectrogram.files import atomic
from spectrogram.params import KEY
from spectrogram.problems import PictureProblem

START_KEY = "spectrogram_start_s"
MOST_PIXELS = 100_000_000


def write_picture(path, image: Image.Image, texts: dict[str, str] | None = None) -> Path:
    """Write a PNG atomically, with the picture's own parameters and further texts as iTXt chunks."""
    path = Path(path)
    if path.suffix.lower() != ".png":
        raise PictureProblem(f"{path.name} is not a PNG", "a name ending in .png", "other formats lose what they hold")
    info = PngInfo()
    own = {KEY: image.info[KEY]} if KEY in image.info else {}
    for name, text in {**own, **(texts or {})}.items():
        info.add_itxt(name, text)
    with atomic.replacing(path) as unfinished:
        image.save(unfinished, format="PNG", pnginfo=info)
    return path


def read_picture(path) -> Image.Image:
    """The decoded picture with its texts in `.info`; its size is checked before any pixel is. Raises PictureProblem."""
    path = Path(path)
    if not path.is_file():
        raise PictureProblem(f"{path} does not exist", "a spectrogram picture", "check the path")
    try:
        with Image.open(path) as image:
            check_size(image, path.name)
            image.load()
            return image
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError) as error:
        if isinstance(error, PictureProblem):
            raise
        raise PictureProblem(
            f"{path.name} cannot be read ({error})", "a whole picture", "fetch or make it again"
        ) from error
    except Image.DecompressionBombError as error:
        raise PictureProblem(
            f"{path.name} is too large ({error})", f"{MOST_PIXELS:,} pixels", "cut it in pieces"
        ) from error


def check_size(image: Image.Image, name: str):
    """Refuse a picture that is too large, or too small to be a spectrogram."""
    width, height = image.size
    if width * height > MOST_PIXELS:
        raise PictureProblem(f"{name} has {width} x {height} pixels", f"{MOST_PIXELS:,} at most", "cut it in pieces")
    if width < 2 or height < 8:
        raise PictureProblem(f"{name} has {width} x {height} pixels", "2 x 8 at least", "choose a spectrogram")
