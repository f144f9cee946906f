"""A system that cleans its temporary folders under a running page costs no request: the page makes them anew."""

import io
import shutil

import httpx
import numpy as np
import soundfile

from benchmarks.space.__main__ import ask
from benchmarks.space.served import Served


def encode(url: str) -> str:
    """The events of /encode for an uploaded tone."""
    data = io.BytesIO()
    soundfile.write(data, 0.1 * np.sin(np.arange(24_000) / 20), 24_000, format="WAV")
    sent = httpx.post(f"{url}gradio_api/upload", files={"files": ("a.wav", data.getvalue())}, timeout=60)
    assert sent.status_code == 200, sent.text
    given = {"path": sent.json()[0], "meta": {"_type": "gradio.FileData"}}
    asked = httpx.post(f"{url}gradio_api/call/encode", json={"data": [given]}, timeout=60).json()
    return httpx.get(f"{url}gradio_api/call/encode/{asked['event_id']}", timeout=120).text


def test_requests_go_on_when_the_temporary_folder_is_wiped(models, tmp_path):
    folder = tmp_path / "page"
    with Served(str(models / "tiny-sd"), tmp_path, temporary=folder) as page:
        assert "event: complete" in encode(page.url)
        assert ask(page.url, "rain", 1, 1.0) == ""
        shutil.rmtree(folder)
        assert "event: complete" in encode(page.url)
        assert ask(page.url, "rain", 1, 1.0) == ""
        # The example that the page opens with lay there too.
        opened = httpx.get(page.url, timeout=60)
        assert opened.status_code == 200
