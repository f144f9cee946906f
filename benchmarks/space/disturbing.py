"""Requests that nobody honest sends, for a soak: bombs, playlists, zips that swell, bodies that are none."""

import io
import json
import zipfile

import httpx
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from spectrogram.params import KEY, SpectrogramParams

SWELLS = 50_000_000


def bomb() -> bytes:
    """A small picture whose parameters ask for an enormous transform."""
    params, data, info = SpectrogramParams.preset("mini").replace(window_ms=40_000.0), io.BytesIO(), PngInfo()
    info.add_text(KEY, params.to_json())
    Image.new("L", (256, params.height)).save(data, "PNG", pnginfo=info)
    return data.getvalue()


def swelling() -> bytes:
    """A zip of silence by name and zeros by content."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.wav", bytes(SWELLS))
    return data.getvalue()


PLAYLIST = b"#EXTM3U\n#EXTINF:5.0,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n"
KINDS = (
    ("decode", "a.png", bomb, 1), ("encode", "a.m4a", lambda: PLAYLIST, 1), ("score", "a.zip", swelling, 2),
    ("score", None, None, 2), ("generate", None, None, 0), ("decode", "a.png", lambda: b"", 1),
)  # fmt: skip


def disturb(url: str, number: int) -> str:
    """Send hostile request of that number; "refused" where it came to nothing, else what came."""
    endpoint, name, content, count = KINDS[number % len(KINDS)]
    try:
        data: list = [None] * count
        if name is not None:
            upload = httpx.post(f"{url}gradio_api/upload", files={"files": (name, content())}, timeout=120)
            if upload.status_code != 200:
                return "refused"
            data = [{"path": upload.json()[0], "meta": {"_type": "gradio.FileData"}}] * count
        taken = httpx.post(
            f"{url}gradio_api/call/{endpoint}", content=json.dumps({"data": data}, allow_nan=False), timeout=120
        )
        if taken.status_code != 200:
            return "refused"
        told = httpx.get(f"{url}gradio_api/call/{endpoint}/{taken.json()['event_id']}", timeout=600).text
    except httpx.HTTPError as error:
        return repr(error)
    return "refused" if "event: error" in told else told[-200:]
