"""The endpoints as programs call them, what they refuse, and what a stranger cannot do (raw HTTP)."""

import json
import shutil
from pathlib import Path

import httpx
import numpy as np
import pytest
import soundfile
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError, ValidationError
from PIL import Image

from space.api.endpoints import NAMES
from spectrogram.params import SpectrogramParams
from spectrogram.recipe import Recipe

MINI = SpectrogramParams.preset("mini")


@pytest.fixture(scope="module")
def client(served, tmp_path_factory):
    return Client(served.url, verbose=False, download_files=str(tmp_path_factory.mktemp("downloads")))


def test_generate_returns_sound_picture_and_recipe(client):
    sound, picture, recipe = client.predict("rain", seconds=2.0, seed=4, steps=2, api_name="/generate")
    assert soundfile.info(sound).duration == 2.0
    assert recipe["seed"] == 4
    assert Recipe.read(sound) == Recipe(**recipe)
    assert Image.open(picture).size == (recipe["width"], recipe["height"])


def test_generate_draws_a_seed_and_tells_it(client):
    recipes = [client.predict("rain", seconds=1.0, steps=1, api_name="/generate")[2] for _ in range(2)]
    assert recipes[0]["seed"] != recipes[1]["seed"]


def test_an_adapter_is_chosen_by_name_and_gone_for_the_next_visitor(client):
    settings = {"seconds": 1.0, "seed": 1, "steps": 2, "api_name": "/generate"}
    adapted = client.predict("rain", adapter="rain", adapter_strength=0.5, **settings)[2]
    plain = client.predict("rain", **settings)[2]
    assert (adapted["adapter"], adapted["adapter_scale"], plain.get("adapter")) == ("rain", 0.5, None)


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"prompt": "  "}, "prompt is empty"),
        ({"prompt": "rain", "adapter": "../../etc"}, "is gone"),
        ({"prompt": "rain", "seconds": 10_000}, "10000"),
        ({"prompt": "rain", "steps": 10**9}, "1000000000"),
        ({"prompt": "x" * 1_000_000}, "1000"),
    ],
)
def test_what_cannot_be_made_is_refused_with_a_reason(client, settings, reason):
    with pytest.raises((AppError, ValidationError, ValueError)) as error:
        client.predict(**settings, api_name="/generate")
    assert reason in str(error.value)


def test_a_sound_becomes_a_picture_and_sound_again(client, tmp_path):
    tone = 0.3 * np.sin(2 * np.pi * 1000 * np.arange(2 * 24000) / 24000)
    soundfile.write(tmp_path / "tone.wav", tone, 24000)
    picture = client.predict(handle_file(tmp_path / "tone.wav"), api_name="/encode")
    assert SpectrogramParams.from_image(Image.open(picture)) == MINI
    heard, rate_hz = soundfile.read(client.predict(handle_file(picture), api_name="/decode"))
    loudest_hz = np.argmax(np.abs(np.fft.rfft(heard[:24000]))) * rate_hz / 24000
    assert loudest_hz == pytest.approx(1000, abs=20)


def test_pictures_without_parameters_and_broken_sounds_are_refused(client, tmp_path):
    Image.new("RGB", (256, 128)).save(tmp_path / "a.png")
    (tmp_path / "a.wav").write_bytes(b"RIFF nothing")
    with pytest.raises(AppError, match="carries no spectrogram_params"):
        client.predict(handle_file(tmp_path / "a.png"), api_name="/decode")
    with pytest.raises(AppError, match="cannot be decoded"):
        client.predict(handle_file(tmp_path / "a.wav"), api_name="/encode")


def test_only_the_documented_endpoints_are_public_and_each_is_described(served):
    described = httpx.get(f"{served.url}gradio_api/info").json()["named_endpoints"]
    assert {name.removeprefix("/") for name in described} == set(NAMES)
    assert "Make a sound from a text" in json.dumps(described["/generate"])


def test_the_endpoints_are_mcp_tools(served):
    tools = httpx.get(f"{served.url}gradio_api/mcp/schema").json()
    names = {tool["name"].split("_")[-1] for tool in tools}
    assert names == set(NAMES)
    assert "rain on a tin roof" in json.dumps(tools)


def test_an_upload_of_fifty_megabytes_is_refused(served):
    answer = httpx.post(f"{served.url}gradio_api/upload", files={"files": ("a.wav", b"0" * 50_000_000)}, timeout=60)
    assert answer.status_code == 413


@pytest.mark.parametrize(
    "path", ["/etc/passwd", "../../etc/passwd", "%2Fetc%2Fpasswd", "app.py", "space/engine/engine.py"]
)
def test_nothing_outside_the_store_can_be_read(served, path):
    assert httpx.get(f"{served.url}gradio_api/file={path}").status_code in (403, 404)


def test_a_link_as_input_makes_no_request_to_the_inside(served, client):
    with pytest.raises(AppError):
        client.predict(
            {"path": "http://169.254.169.254/latest", "meta": {"_type": "gradio.FileData"}}, api_name="/encode"
        )


def test_old_results_are_forgotten(tmp_path):
    import os
    import time

    from space.store.clips import KEPT_FOLDERS, ClipStore

    store = ClipStore(tmp_path / "clips")
    for i in range(KEPT_FOLDERS + 5):
        (store.folder / f"result-{i}").mkdir()
    os.utime(store.folder / "result-7", (0, time.time() - 3 * 3600))
    store.forget_old()
    left = {entry.name for entry in store.folder.iterdir()}
    assert len(left) == KEPT_FOLDERS
    assert "result-7" not in left
    shutil.rmtree(store.folder)


@pytest.mark.parametrize("session", ["../../x", "", "a/b", "\x00"])
def test_a_session_name_never_leads_out_of_the_store(tmp_path, session):
    from space.store.clips import ClipStore

    store = ClipStore(tmp_path / "clips")
    assert store.stop_file(session).parent == Path(store.folder)
