"""Spectrogram pictures in files: PNG with the parameters in its text, and a careful way in for anybody's picture."""

import struct
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError
from PIL.ExifTags import IFD
from PIL.PngImagePlugin import PngInfo

from spectrogram.files import atomic
from spectrogram.params import KEY
from spectrogram.problems import PictureProblem

START_KEY = "spectrogram_start_s"
USER_COMMENT, ORIENTATION = 0x9286, 0x0112  # EXIF tags
MOST_PIXELS = 100_000_000
# What Pillow raises, besides its own errors, where a header promises what does not follow.
DAMAGED = (KeyError, TypeError, AttributeError, IndexError, struct.error, OverflowError, AssertionError)

# Formats that hold several pictures, and what is noted in `.info` of the first of them.
SEVERAL = ("GIF", "TIFF", "WEBP", "PNG", "MPO")
FIRST_KEY = "first_of_several"


def write_picture(path, image: Image.Image, texts: dict[str, str] | None = None) -> Path:
    """Write a PNG atomically, with the picture's own parameters and further texts as iTXt chunks."""
    path = Path(path)
    if path.suffix.lower() != ".png":
        raise PictureProblem(
            f"{path.name} is not a PNG", "a name ending in .png", "save it as PNG: other formats lose what they hold"
        )
    info = PngInfo()
    own = {KEY: image.info[KEY]} if KEY in image.info else {}
    for name, text in {**own, **(texts or {})}.items():
        info.add_itxt(name, text)
    with atomic.replacing(path) as unfinished:
        image.save(unfinished, format="PNG", pnginfo=info)
    return path


def read_picture(source) -> Image.Image:
    """The decoded picture with its texts in `.info`; its size is checked before any pixel is.

    Args:
        source: A path, or a file object with the bytes.

    Raises:
        PictureProblem: It is missing, damaged, too large or too small.
    """
    path = None if hasattr(source, "read") else Path(source)
    name = "the picture" if path is None else path.name
    if path is not None and not path.is_file():
        raise PictureProblem(f"{path} does not exist", "a spectrogram picture", "check the path")
    try:
        with Image.open(source) as image:
            check_size(image, name)
            more = _has_more(image)
            image.load()
            upright = _upright(image)
            return _with_note(upright) if more else upright
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError, *DAMAGED) as error:
        if isinstance(error, PictureProblem):
            raise
        raise PictureProblem(f"{name} cannot be read ({error})", "a whole picture", "fetch or make it again") from error
    except Image.DecompressionBombError as error:
        raise PictureProblem(f"{name} is too large ({error})", f"{MOST_PIXELS:,} pixels", "cut it in pieces") from error


def infotext(image: Image.Image) -> str:
    """What an interface wrote into a picture about how it was made, "" for nothing.

    Web UIs keep it in a PNG's text `parameters`, and in the EXIF comment of JPEG and WebP; ComfyUI in a PNG's `prompt`
    and `workflow`.
    """
    texts = [str(image.info[key]) for key in ("parameters", "prompt", "workflow") if key in image.info]
    comment = exif_of(image, IFD.Exif).get(USER_COMMENT)
    if isinstance(comment, bytes | bytearray):
        comment = _decoded_comment(bytes(comment))
    return " ".join([*texts, *([comment] if isinstance(comment, str) else [])]).strip()


def exif_of(image: Image.Image, part: int | None = None) -> dict:
    """EXIF tags of a picture, or of one part of them; none where they are damaged."""
    try:
        exif = image.getexif()
        return dict(exif if part is None else exif.get_ifd(part))
    except (OSError, ValueError, SyntaxError, EOFError, KeyError, TypeError, AttributeError, IndexError, struct.error):
        return {}


def _decoded_comment(comment: bytes) -> str:
    """An EXIF UserComment: eight bytes that name its letters, then the text (Exif 2.3, section 4.6.5)."""
    kind, text = comment[:8], comment[8:]
    if not kind.startswith(b"UNICODE"):
        return (text if kind.startswith((b"ASCII", bytes(8))) else comment).decode("utf-8", "replace").strip("\0")
    # The byte order is that of the file or not: in Latin text the zeros tell.
    order = "utf-16-be" if text[::2].count(0) >= text[1::2].count(0) else "utf-16-le"
    return text.decode(order, "replace").strip("\0")


def on_ground(image: Image.Image, ground: str | None = None) -> Image.Image:
    """A picture with transparent parts laid on "white" or "black"; others stay. None: on that which the rest is not."""
    if image.mode not in ("RGBA", "LA", "PA", "RGBa", "La") and "transparency" not in image.info:
        return image
    image = image.convert("RGBA")
    if ground is None:
        small = image.resize((min(image.width, 512), min(image.height, 512)), Image.Resampling.NEAREST).convert("LA")
        grey, alpha = (np.asarray(small, np.float32)[..., i] for i in (0, 1))
        # What was taken out keeps its colour in most programs; where it did not, what is left is its opposite.
        taken_out = np.sum(grey * (255 - alpha)) / max(np.sum(255 - alpha), 1)
        left = grey[alpha >= np.percentile(alpha, 90)].mean()
        ground = "white" if taken_out > 128 or left < 128 else "black"
    laid = Image.alpha_composite(Image.new("RGBA", image.size, ground), image).convert("RGB")
    laid.info = {key: value for key, value in image.info.items() if key != "transparency"}
    return laid


def _has_more(image: Image.Image) -> bool:
    """True for an animation or a file of several pages; no more than the second is looked for."""
    if image.format not in SEVERAL:
        return False
    try:
        image.seek(1)
        return True
    except EOFError:
        return False
    finally:
        image.seek(0)


def _with_note(image: Image.Image) -> Image.Image:
    image.info[FIRST_KEY] = True
    return image


def _upright(image: Image.Image) -> Image.Image:
    """The picture turned as its EXIF wants, still of its own format."""
    if exif_of(image).get(ORIENTATION, 1) == 1:
        return image
    turned = ImageOps.exif_transpose(image)
    turned.format = image.format
    return turned


def check_size(image: Image.Image, name: str):
    """Refuse a picture that is too large, or too small to be a spectrogram."""
    width, height = image.size
    if width * height > MOST_PIXELS:
        raise PictureProblem(f"{name} has {width} x {height} pixels", f"{MOST_PIXELS:,} at most", "cut it in pieces")
    if width < 2 or height < 8:
        raise PictureProblem(f"{name} has {width} x {height} pixels", "2 x 8 at least", "choose a spectrogram")
