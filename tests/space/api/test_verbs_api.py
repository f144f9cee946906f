"""Every endpoint called by programs: gradio_client and a real MCP client, on the same served page."""

import asyncio
import base64
import json
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import soundfile
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError

from space.api.endpoints import NAMES


@pytest.fixture(scope="module")
def client(served, tmp_path_factory):
    return Client(served.url, verbose=False, download_files=str(tmp_path_factory.mktemp("downloads")))


@pytest.fixture(scope="module")
def tone(tmp_path_factory):
    path = tmp_path_factory.mktemp("tones") / "tone.wav"
    soundfile.write(path, 0.3 * np.sin(2 * np.pi * 700 * np.arange(2 * 24000) / 24000), 24000)
    return path


def zip_of(sound, count):
    path = sound.with_name(f"{count}.zip")
    with zipfile.ZipFile(path, "w") as archive:
        for i in range(count):
            archive.write(sound, f"set/{i}.wav")
    return path


QUICK = {"seed": 3, "steps": 2}


@pytest.mark.parametrize(
    ("endpoint", "settings", "verb", "seconds"),
    [
        ("/transform", {"strength": 0.5}, "transform", 2.0),
        ("/repaint", {"start_s": 0.5, "end_s": 1.5, "low_hz": 200, "high_hz": 0}, "inpaint", 2.0),
        ("/extend", {"seconds": 1.0, "before": True}, "extend", 3.0),
        ("/loop", {"seam_s": 0.5}, "loop", 2.0),
    ],
)
def test_a_program_edits_a_sound(client, tone, endpoint, settings, verb, seconds):
    sound, _, recipe = client.predict(handle_file(tone), "rain", **settings, **QUICK, api_name=endpoint)
    assert soundfile.info(sound).duration == pytest.approx(seconds, abs=0.001)
    assert (recipe["verb"], recipe["seed"], recipe["prompt"]) == (verb, 3, "rain")


def test_a_program_morphs(client):
    given = {"clips": 3, "seconds": 1.0, **QUICK, "even_in_sound": False}
    sounds, recipes = client.predict("rain", "bell", **given, api_name="/morph")
    assert [soundfile.info(sound).duration for sound in sounds] == [1.0] * 3
    assert [recipe["settings"]["share"] for recipe in recipes] == [0, 0.5, 1]


def test_a_program_scores_two_sets(client, tone):
    two, one = zip_of(tone, 2), zip_of(tone, 1)
    figures = client.predict(handle_file(two), handle_file(two), api_name="/score")
    assert (figures["n_generated"], figures["n_reference"]) == (2, 2)
    with pytest.raises(AppError, match="The reference set has 1 clips"):
        client.predict(handle_file(two), handle_file(one), api_name="/score")


@pytest.mark.parametrize(
    ("endpoint", "settings", "reason"),
    [
        ("/repaint", {"start_s": 1.5, "end_s": 0.5}, "The region is 1.5 to 0.5 s"),
        ("/repaint", {"start_s": 0.5, "end_s": 1.0, "low_hz": 900, "high_hz": 100}, "low below high"),
        ("/loop", {"seam_s": 9}, "The seam is 9 s"),
    ],
)
def test_what_cannot_be_edited_is_refused_with_a_reason(client, tone, endpoint, settings, reason):
    with pytest.raises(AppError, match=reason):
        client.predict(handle_file(tone), "rain", **settings, **QUICK, api_name=endpoint)


def mcp_calls(url: str, calls: dict[str, dict]) -> tuple[list[str], dict]:
    """(names of all tools, results by tool) of one MCP session over streamable HTTP."""
    from mcp import ClientSession
    from mcp.client.streamable_http import streamablehttp_client

    async def talk():
        async with streamablehttp_client(url) as (read, write, _), ClientSession(read, write) as session:
            await session.initialize()
            tools = {tool.name.split("_")[-1]: tool for tool in (await session.list_tools()).tools}
            results = {name: await session.call_tool(tools[name].name, given) for name, given in calls.items()}
            return {name: tool.description for name, tool in tools.items()}, results

    # The browser tests hold an event loop of their own in this thread.
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(lambda: asyncio.run(talk())).result()


def test_an_mcp_client_calls_every_tool(served, tone, client):
    sound = "data:audio/wav;base64," + base64.b64encode(tone.read_bytes()).decode()
    picture = client.predict(handle_file(tone), api_name="/encode")
    png = "data:image/png;base64," + base64.b64encode(Path(picture).read_bytes()).decode()
    archive = "data:application/zip;base64," + base64.b64encode(zip_of(tone, 2).read_bytes()).decode()
    edit = {"sound": sound, "prompt": "rain", **QUICK}
    calls = {
        "generate": {"prompt": "rain", "seconds": 1.0, **QUICK},
        "transform": edit,
        "repaint": edit | {"start_s": 0.5, "end_s": 1.5},
        "extend": edit | {"seconds": 1.0},
        "loop": edit | {"seam_s": 0.5},
        "morph": {"first": "rain", "last": "bell", "clips": 2, "seconds": 1.0, **QUICK},
        "encode": {"sound": sound},
        "decode": {"picture": png},
        "score": {"generated": archive, "reference": archive},
    }
    descriptions, results = mcp_calls(f"{served.url}gradio_api/mcp/", calls)
    assert set(descriptions) == set(NAMES) == set(calls)
    assert all(len(text) > 40 for text in descriptions.values())
    failed = {name: result.content[0].text for name, result in results.items() if result.isError}
    assert failed == {}
    told = {name: " ".join(getattr(part, "text", "") for part in result.content) for name, result in results.items()}
    assert '"seed": 3' in told["generate"] or "'seed': 3" in told["generate"]
    assert "gradio_api/file=" in told["decode"]
    assert "n_generated" in told["score"]
    assert json.dumps(told)
