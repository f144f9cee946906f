"""Tiles of a dataset, and one clip of it beside what comes back from its picture."""

import html
import io
import secrets
from pathlib import Path

from PIL import Image

from space.parts.status import status_html
from space.store.clips import ClipStore
from space.store.shelf import Item
from space.store.views import colour_picture, file_address
from spectrogram.problems import Problem

TILES = 24


def gallery_html(items: list[Item], store: ClipStore, first: int) -> str:
    """A list of tiles: picture, player, caption; each has a button that compares it with its decoded sound."""
    folder = store.new_folder()
    tiles = [_tile(item, folder, first + i) for i, item in enumerate(items)]
    return f'<ul class="tiles">{"".join(tiles)}</ul>'


def _tile(item: Item, folder: Path, number: int) -> str:
    view, sound = _write(item, folder, f"{number}")
    caption = html.escape(item.row.caption)
    told = html.escape(" · ".join(filter(None, (item.row.split, item.row.label, item.row.licence))))
    return f"""<li class="tile"><img src="{file_address(view)}" alt="Spectrogram of: {caption}" loading="lazy">
<audio controls preload="none" src="{file_address(sound)}" aria-label="Player: {caption}"></audio>
<strong>{caption}</strong><span class="facts">{told}</span>
<button type="button" class="plain" data-pick="{number}" aria-label="Original and decoded: {caption}">
Original ↔ decoded</button></li>"""


def _write(item: Item, folder: Path, name: str) -> tuple[Path, Path]:
    view, sound = folder / f"{name}.png", folder / f"{name}.flac"
    with Image.open(io.BytesIO(item.png)) as picture:
        colour_picture(picture, picture.width).save(view)
    sound.write_bytes(item.sound)
    return view, sound


def comparison_html(item: Item, store: ClipStore) -> str:
    """Original and decoded sound side by side, with their log-spectral distance in dB."""
    import soundfile

    from dataset_builder.card.examples import distance_db
    from spectrogram.codec import SpectrogramCodec
    from spectrogram.files.audio import write_audio
    from spectrogram.params import SpectrogramParams

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
    caption = html.escape(item.row.caption)
    credit = html.escape(item.row.attribution)
    distance = f"{distance_db(original.T, decoded):.1f} dB apart (log-spectral distance)"
    return f"""<figure class="pair"><img src="{file_address(view)}" alt="Spectrogram of: {caption}">
<figcaption><strong>{caption}</strong><span class="facts">{distance}. {credit}</span></figcaption>
<label>Original <audio controls src="{file_address(sound)}" aria-label="Original: {caption}"></audio></label>
<label>Decoded <audio controls src="{file_address(heard)}" aria-label="Decoded: {caption}"></audio></label></figure>"""
