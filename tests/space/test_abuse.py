"""What a stranger may try with raw HTTP: nothing of it is stored, read, fetched or waited for without end."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

import httpx
import pytest

from space.engine.limits import RateLimit

API = "gradio_api/call/generate"


def ask(served, prompt, steps=1, endpoint=API, **more):
    """POST one request to /generate as a program does; the answer of the queue."""
    data = [prompt, 1.0, "", 1, steps, 3.0, "none", 1.0]
    return httpx.post(f"{served.url}{endpoint}", json={"data": data, **more}, timeout=60)


def outcome(served, answer) -> str:
    """The events of a request that was taken."""
    if answer.status_code != 200:
        return answer.text
    return httpx.get(f"{served.url}{API}/{answer.json()['event_id']}", timeout=120).text


def test_an_upload_of_fifty_megabytes_is_refused_and_leaves_nothing(served):
    answer = httpx.post(f"{served.url}gradio_api/upload", files={"files": ("a.wav", b"0" * 50_000_000)}, timeout=60)
    assert answer.status_code == 413


@pytest.mark.parametrize(
    "name", ["x" * 5000 + ".wav", "../../../../tmp/evil.wav", "a\x00b.wav", "..\\..\\evil.wav", "<b>.wav"]
)
def test_a_strange_file_name_stays_inside_the_cache(served, name):
    answer = httpx.post(f"{served.url}gradio_api/upload", files={"files": (name, b"RIFF")}, timeout=60)
    assert answer.status_code in (200, 400, 413, 422)
    for path in answer.json() if answer.status_code == 200 else []:
        assert ".." not in path.split("/")
        assert len(path.rsplit("/", 1)[1]) <= 255
        assert "gradio" in path


@pytest.mark.parametrize("prompt", ["x" * 1_000_000, "\x00", "", None, " \n\t "])
def test_prompts_that_are_none_are_refused(served, prompt):
    answer = ask(served, prompt)
    told = outcome(served, answer)
    assert "error" in told or answer.status_code in (400, 413, 422)
    assert "event: complete" not in told


def test_markup_and_control_characters_are_only_text(served):
    told = outcome(served, ask(served, "<script>alert(1)</script>\x07\x00rain"))
    assert "event: complete" in told
    recipe = json.loads(told.split("data: ")[-1])[2]
    assert recipe["prompt"] == "<script>alert(1)</script>  rain"


@pytest.mark.parametrize("session", ["../../etc", "x" * 100_000, "\x00", "<b>"])
def test_a_session_may_be_called_anything(served, session):
    told = outcome(served, ask(served, "rain", session_hash=session))
    assert "Traceback" not in told
    assert len(list(served.store.folder.iterdir())) < 400


class Inside(BaseHTTPRequestHandler):
    """A server that only this machine should reach; it counts who asks."""

    asked = 0

    def do_GET(self):
        type(self).asked += 1
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "0.0.0.0"])
def test_an_address_as_input_is_never_fetched(served, host):
    inside = HTTPServer(("127.0.0.1", 0), Inside)
    threading.Thread(target=inside.serve_forever, daemon=True).start()
    try:
        link = {"path": f"http://{host}:{inside.server_port}/secret.wav", "meta": {"_type": "gradio.FileData"}}
        answer = httpx.post(f"{served.url}gradio_api/call/encode", json={"data": [link]}, timeout=60)
        if answer.status_code == 200:
            told = httpx.get(f"{served.url}gradio_api/call/encode/{answer.json()['event_id']}", timeout=60).text
            assert "event: error" in told
        assert Inside.asked == 0
    finally:
        inside.shutdown()
        inside.server_close()


@pytest.mark.parametrize(
    "path",
    [
        "/etc/passwd",
        "../../etc/passwd",
        "%2Fetc%2Fpasswd",
        "..%2f..%2fetc%2fpasswd",
        "app.py",
        "space/engine/engine.py",
    ],
)
def test_nothing_outside_the_store_can_be_read(served, path):
    assert httpx.get(f"{served.url}gradio_api/file={path}").status_code in (403, 404)


def test_datasets_adapters_and_uploads_cannot_be_fetched_by_their_paths(served):
    for folder in (served.places.runs, served.places.datasets_folder):
        for file in [path for path in folder.rglob("*") if path.is_file()][:20]:
            assert httpx.get(f"{served.url}gradio_api/file={file}").status_code in (403, 404)


def test_two_hundred_jobs_at_once_fill_the_queue_and_are_refused(served, slow_steps, monkeypatch):
    assert served.page._queue.max_size == 40
    # A shorter queue is worked off sooner once the flood is over.
    monkeypatch.setattr(served.page._queue, "max_size", 8)
    answers, number = [], number_of(served, "generate")
    with httpx.Client(timeout=60) as client:
        for i in range(200):
            data = ["rain", 1.0, "", 1, 3, 3.0, "none", 1.0]
            body = {"data": data, "fn_index": number, "session_hash": f"flood{i}"}
            answers.append(client.post(f"{served.url}gradio_api/queue/join", json=body))
    refused = [answer for answer in answers if answer.status_code != 200]
    assert len(refused) >= 100
    assert "queue" in refused[0].text.lower()
    wait_until_idle(served)


def number_of(served, name: str) -> int:
    functions = httpx.get(f"{served.url}config").json()["dependencies"]
    return next(function["id"] for function in functions if function["api_name"] == name)


def wait_until_idle(served):
    """The flood ends before other tests begin: queued jobs of nobody are dropped by the queue."""
    queue = served.page._queue
    for _ in range(1200):
        if len(queue) == 0 and not any(queue.active_jobs):
            return
        time.sleep(0.1)
    pytest.fail("the queue is not empty after two minutes")


def test_a_session_that_asks_too_often_is_told_how_long_to_wait(served, engine, monkeypatch):
    page_limit = next(cell for cell in limits_of(served))
    strict = RateLimit(1, window_s=100, clock=lambda: 0.0)
    monkeypatch.setattr(page_limit, "most", strict.most)
    monkeypatch.setattr(page_limit, "seen", {})
    first, second = (outcome(served, ask(served, "rain", session_hash="busy")) for _ in range(2))
    assert "event: complete" in first
    assert "Many requests came from here" in second


def limits_of(served):
    """The limit object that the page was built with."""
    for function in served.page.fns.values():
        owner = getattr(getattr(function.fn, "__self__", None), "endpoints", None)
        if owner is not None:
            yield owner.door.limit
