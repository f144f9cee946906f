"""Hostile requests to the page, which is a program of its own here: endpoints and buttons."""

import json
import random
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import httpx
import psutil

from benchmarks.hostile.answer import Answer
from benchmarks.hostile.figures import Counts
from benchmarks.hostile.mutations import ESCAPED, LONG, NAMES, NUMBERS, dumped, hostile, value
from benchmarks.space.served import ROOT, Served

SOUNDS = ("sounds/a.wav", "sounds/a.flac", "sounds/a.mp3", "sounds/a.m4a", "pictures/told.wav")
PICTURES = ("pictures/a.png", "pictures/told.png")
# What an endpoint takes, its files first; numbers and texts behind them are drawn.
FILES = {
    "encode": (SOUNDS,), "decode": (PICTURES,), "score": (("set.zip",), ("set.zip",)), "transform": (SOUNDS,),
    "repaint": (SOUNDS,), "extend": (SOUNDS,), "loop": (SOUNDS,), "generate": (), "morph": (),
}  # fmt: skip
SHARES = {
    "encode": 30,
    "decode": 30,
    "score": 6,
    "transform": 3,
    "repaint": 2,
    "extend": 2,
    "loop": 2,
    "generate": 6,
    "morph": 2,
}
# What a request may take until its answer: the page works on one after the other.
PATIENCE_S, MOST_CPU_S = 120.0, 10.0
WATCHED_EVERY_S, REMEMBERED_EVERY = 0.05, 100


class Watch:
    """The page's memory, looked at all the time, and what it says on stderr; `peak_mb` is of the request at hand."""

    def __init__(self, process: subprocess.Popen, said: Path):
        self.process, self.peak_mb, self.over = psutil.Process(process.pid), 0.0, False
        self.said = said.open(encoding="utf-8", errors="replace")
        threading.Thread(target=self._look, daemon=True).start()

    def _look(self) -> None:
        with suppress(psutil.Error):
            while not self.over:
                self.peak_mb = max(self.peak_mb, self.memory_mb())
                time.sleep(WATCHED_EVERY_S)

    def memory_mb(self) -> float:
        return self.process.memory_info().rss / 2**20

    def cpu_s(self) -> float:
        with suppress(psutil.Error):
            times = self.process.cpu_times()
            return times.user + times.system
        return 0.0


class Visitor:
    """Sends one hostile request after the other; the same seed and number give the same request."""

    def __init__(self, url: str, material: Path, seed: int):
        self.url, self.material, self.seed = url, material, seed
        self.client = httpx.Client(base_url=url, timeout=PATIENCE_S)
        self.functions = [one for one in self.client.get("config").json()["dependencies"] if one["backend_fn"]]
        self.parameters = self.client.get("gradio_api/info").json()["named_endpoints"]

    def send(self, number: int) -> tuple[str, str]:
        """(where it went, what was answered)."""
        draw = random.Random(f"page-{self.seed}-{number}")
        kind = draw.random()
        if kind < 0.45:
            name = draw.choices(list(SHARES), list(SHARES.values()))[0]
            return f"page /{name}", self._call(draw, name)
        if kind < 0.75:
            return "page buttons", self._press(draw)
        if kind < 0.9:
            return "page raw bodies", self._raw(draw)
        return "page addresses", self._address(draw)

    def _upload(self, draw: random.Random, choices: tuple[str, ...]) -> dict | None:
        """A hostile file on the server, as gradio hands it to functions; now and then a path that is none of ours."""
        if draw.random() < 0.1:
            path = draw.choice(
                ("/etc/passwd", "../../etc/passwd", f"/tmp/{ESCAPED}", "/dev/zero", "http://127.0.0.1:9/a")
            )
            return {"path": path, "meta": {"_type": "gradio.FileData"}}
        name = draw.choice(choices)
        data = hostile(draw, name, (self.material / name).read_bytes())
        given = draw.choice((name.rsplit("/", 1)[-1], f"{str(draw.choice(NAMES))[:200]}.{name.rsplit('.', 1)[-1]}"))
        given = given.encode("utf-8", "replace").decode().replace("\r", "").replace("\n", "")
        answer = self.client.post("gradio_api/upload", files={"files": (given or "a", data)})
        if answer.status_code != 200:
            return None
        return {"path": answer.json()[0], "meta": {"_type": "gradio.FileData"}}

    def _call(self, draw: random.Random, name: str) -> str:
        """One endpoint of the API, its files hostile, and some of its numbers and texts."""
        files = [self._upload(draw, choices) for choices in FILES[name]]
        asked = [one.get("parameter_default") for one in self.parameters[f"/{name}"]["parameters"]]
        data = [*files, *asked[len(files) :]]
        labels = [one["parameter_name"] for one in self.parameters[f"/{name}"]["parameters"]]
        for at, label in enumerate(labels):
            # One step of half a second: what is tried is what comes in, not the model.
            data[at] = {"steps": 1, "seconds": 0.5, "prompt": "rain", "first": "rain", "last": "wind", "clips": 2,
                        "even_in_sound": False}.get(label, data[at])  # fmt: skip
        for _ in range(draw.choice((0, 1, 1, 3)) if len(data) > len(files) else 0):
            data[draw.randrange(len(files), len(data))] = value(draw)
        if draw.random() < 0.05:
            data = data[: draw.randrange(len(data) + 1)]
        answer = self._post(f"gradio_api/call/{name}", {"data": data})
        if answer.status_code != 200:
            return f"{answer.status_code} {answer.text[:200]}"
        return self.client.get(f"gradio_api/call/{name}/{answer.json()['event_id']}").text

    def _press(self, draw: random.Random) -> str:
        """Any function behind a button, a field or a timer, with hostile values in its fields."""
        one = draw.choice([one for one in self.functions if not one["api_name"] or one["api_name"] not in SHARES])
        data = [value(draw) if draw.random() < 0.7 else self._plain(draw) for _ in one["inputs"]]
        session = f"s{draw.randrange(50)}"
        body = {"data": data, "fn_index": one["id"], "session_hash": session, "event_data": None}
        if not one["queue"]:
            answer = self._post("gradio_api/run/predict", body)
            return f"{answer.status_code} {answer.text[:300]}"
        answer = self._post("gradio_api/queue/join", body)
        if answer.status_code != 200:
            return f"{answer.status_code} {answer.text[:200]}"
        wanted, told = answer.json()["event_id"], ""
        with self.client.stream("GET", "gradio_api/queue/data", params={"session_hash": session}) as stream:
            for line in stream.iter_lines():
                told = line or told
                if ("process_completed" in line and wanted in line) or "close_stream" in line:
                    break
        return told[:400]

    def _plain(self, draw: random.Random):
        return draw.choice(
            ("rain", "lora", "Standard", 1, 0.5, None, "none", [["a.wav", "x", "y"]], draw.choice(NAMES[:6]))
        )

    def _raw(self, draw: random.Random) -> str:
        """Bodies that are no request at all."""
        bodies = (
            b"", b"null", b"[]", b"{", b'{"data": null}', b'{"data": 5}', b"[" * 100_000, dumped({"data": [LONG] * 5}),
            b'{"data": [NaN, Infinity, 1e999]}', dumped({"data": value(draw)}), dumped(value(draw)),
            draw.randbytes(300),
            b'{"data":["' + b"x" * 4_500_000 + b'"]}', dumped({"data": [], "session_hash": str(draw.choice(NAMES))}),
            dumped({"data": [], "fn_index": draw.choice((-1, 10**6, 0, None, "x"))}),
        )  # fmt: skip
        place = draw.choice(
            ("call/generate", "call/decode", "call/nothing", "queue/join", "run/predict", "upload", "mcp/")
        )
        kind = draw.choice(("application/json", "multipart/form-data; boundary=x", "text/plain", ""))
        answer = self.client.post(
            f"gradio_api/{place}", content=draw.choice(bodies), headers={"content-type": kind, "accept": "*/*"}
        )
        return f"{answer.status_code} {answer.text[:200]}"

    def _address(self, draw: random.Random) -> str:
        """Addresses that lead nowhere, or should not lead there; links with settings that no field holds."""
        import base64

        link = base64.urlsafe_b64encode(dumped({"prompt": value(draw), "seed": draw.choice(NUMBERS)})).decode()
        paths = (
            "gradio_api/file=/etc/passwd", "gradio_api/file=../../../etc/passwd", "gradio_api/file=app.py",
            f"gradio_api/file={self.material}/set/metadata.csv", "gradio_api/file=%00", "gradio_api/file=", "theme.css",
            f"?clip={link[:20_000]}", f"?{link[:500]}", "gradio_api/call/generate/nothing", "gradio_api/heartbeat/x",
            "gradio_api/stream/x/y/z/playlist.m3u8", "static/../../app.py", "svelte/..%2f..%2fapp.py", "config", "%ff",
        )  # fmt: skip
        path = draw.choice(paths)
        if "heartbeat" in path:
            return "200"
        answer = self.client.get(path)
        if "root:" in answer.text or "file_name,caption" in answer.text:
            return "LEAK " + path
        return f"{answer.status_code}"

    def _post(self, place: str, body: dict) -> httpx.Response:
        return self.client.post(place, content=dumped(body), headers={"content-type": "application/json"})


def through_page(options, good: Path, temporary: Path, counts: Counts, seconds: float) -> None:
    """Hostile requests to a page of its own until the time is over."""
    begun_s = time.monotonic()
    before = set(Path("/tmp").iterdir())
    said = temporary / "page.txt"
    # A file and no pipe: nobody empties one while the page starts.
    with (
        said.open("wb") as stderr,
        Served(None, temporary, stderr=stderr, temporary=temporary / "page-tmp") as served,
    ):
        watch = Watch(served.process, said)
        visitor = Visitor(served.url, good, options.seed)
        for number in range(options.first, options.first + options.inputs):
            if time.monotonic() - begun_s > seconds:
                break
            target, answer = one(visitor, watch, number)
            counts.add(target, number, options.seed, "", answer)
            if served.process.poll() is not None:
                break
            if (number - options.first) % REMEMBERED_EVERY == 0:
                counts.page_memory_mb.append(round(watch.memory_mb()))
                told_s = time.monotonic() - begun_s
                print(f"{number - options.first} requests in {told_s:.0f} s", file=sys.stderr, flush=True)
        watch.over = True
    left = [path for path in Path("/tmp").iterdir() if path not in before and ESCAPED in path.name]
    if left:
        counts.add("page", -1, options.seed, "", Answer(code=0, outside=[str(path) for path in left]))
    counts.seconds += time.monotonic() - begun_s


def of_ours(told: str) -> str:
    """The end of a traceback from the last line of our own code that it runs through; empty where it does not."""
    lines = told.splitlines()
    at = [n for n, line in enumerate(lines) if line.lstrip().startswith(f'File "{ROOT}/') and "/.venv/" not in line]
    return "\n".join(lines[at[-1] :])[:700] if at else ""


def one(visitor: Visitor, watch: Watch, number: int) -> tuple[str, Answer]:
    """One request, and what the page did meanwhile."""
    watch.said.read()
    watch.peak_mb = 0.0
    cpu_s = watch.cpu_s()
    target, told, hangs = "page", "", False
    try:
        target, told = visitor.send(number)
    except httpx.TimeoutException:
        hangs = True
    except (httpx.HTTPError, UnicodeError, json.JSONDecodeError) as error:
        told = f"no answer: {error!r}"
    taken_s = watch.cpu_s() - cpu_s
    text = watch.said.read()
    # gradio logs a traceback of its own wherever it refuses a value itself; what counts is one that runs through us.
    broke = next(filter(None, map(of_ours, text.split("Traceback (most recent call last)")[1:])), "")
    if watch.process.status() == psutil.STATUS_ZOMBIE or not watch.process.is_running():
        broke = "the page died"
    answer = Answer(peak_mb=watch.peak_mb, cpu_seconds=taken_s, broke=broke, hangs=hangs or taken_s > MOST_CPU_S)
    refused = told.startswith(("4", "5", "no answer")) or "event: error" in told or '"success":false' in told
    answer.code, answer.said = (4 if refused else 0), told[-500:]
    if told.startswith("LEAK"):
        answer.outside = [told]
    return target, answer
