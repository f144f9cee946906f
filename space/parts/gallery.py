"""Tiles of a dataset, and one clip of it beside what comes back from its picture."""

import io
import secrets
from pathlib import Path

import soundfile
from PIL import Image

from dataset_builder.card.examples import distance_db
from space.parts.status import status_html
from space.store.clips import ClipStore
from space.store.shelf import Item
from space.store.views import colour_picture, file_address
from spectrogram.codec import SpectrogramCodec
from spectrogram.files.audio import write_audio
from spectrogram.files.templates import fill_html
from spectrogram.params import SpectrogramParams
from spectrogram.problems import Problem

TILES = 24
TILES_TEMPLATE, PAIR_TEMPLATE = (Path(__file__).with_name(name) for name in ("tiles.html", "pair.html"))


def gallery_html(items: list[Item], store: ClipStore, first: int) -> str:
    """A list of tiles: picture, player, caption; each has a button that compares it with its decoded sound."""
    folder = store.new_folder()
    return fill_html(TILES_TEMPLATE, tiles=[_tile(item, folder, first + i) for i, item in enumerate(items)])


def _tile(item: Item, folder: Path, number: int) -> dict:
    view, sound = _write(item, folder, f"{number}")
    told = " · ".join(filter(None, (item.row.split, item.row.label, item.row.licence)))
    files = {"view": file_address(view), "sound": file_address(sound)}
    return files | {"caption": item.row.caption, "told": told, "number": number}


def _write(item: Item, folder: Path, name: str) -> tuple[Path, Path]:
    view, sound = folder / f"{name}.png", folder / f"{name}.flac"
    with Image.open(io.BytesIO(item.png)) as picture:
        colour_picture(picture, picture.width).save(view)
    sound.write_bytes(item.sound)
    return view, sound


def comparison_html(item: Item, store: ClipStore) -> str:
    """Original and decoded sound side by side, with their log-spectral distance in dB."""
    folder = store.new_folder()
    view, sound = _write(item, folder, f"original-{secrets.token_hex(4)}")
    try:
        with Image.open(io.BytesIO(item.png)) as picture:
            picture.load()
        decoded, rate_hz = SpectrogramCodec(SpectrogramParams.from_image(picture)).decode(picture)
        original, _ = soundfile.read(io.BytesIO(item.sound), dtype="float32", always_2d=True)
    except (Problem, soundfile.LibsndfileError):
        return status_html("This clip cannot be decoded: its picture or its sound is damaged.", problem=True)
    heard = write_audio(folder / "decoded.wav", decoded, rate_hz)
    return fill_html(
        PAIR_TEMPLATE,
        view=file_address(view),
        caption=item.row.caption,
        distance=f"{distance_db(original.T, decoded):.1f} dB apart (log-spectral distance)",
        credit=item.row.attribution,
        original=file_address(sound),
        decoded=file_address(heard),
    )
