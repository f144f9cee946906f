"""Whatever the Hub, or what stands before it, answers: one sentence, exit code 5, nothing lost, nothing waits."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.loopback import Loopback, QuietHandler

ROOT = Path(__file__).resolve().parents[3]
# What is answered, and a word of the advice that must stand in the sentence.
ANSWERS = {
    "html": "HF_ENDPOINT",
    "wrong json": "HF_ENDPOINT",
    "no json": "HF_ENDPOINT",
    "redirects": "HF_ENDPOINT",
    "401": "hf auth login",
    "403": "hf auth login",
    "404": "Check its name",
    "409": "Run the same command again",
    "429": "Wait some minutes",
    "500": "again later",
    "503": "again later",
    "nothing": "again later",
    "cut short": "again later",
    "hangs up": "again later",
}
BODIES = {"html": b"<html>Please log in to this hotel</html>", "wrong json": b'{"a": 1}', "no json": b"{oh no"}
# Runs every answer in one process, because importing takes long; the time-out is made short.
CHILD = """
import contextlib, io, json, sys, urllib.request
from dataset_builder.__main__ import main
from space.store.shelf import Shelf
from spectrogram.exits import ended
from spectrogram.files import hub
hub.READ_S = 1.0
address, dataset, *names = sys.argv[1:]
for name in names:
    urllib.request.urlopen(address + "/mode/" + name.replace(" ", "+")).read()
    for verb, act in (("push", lambda: main(["push", dataset, "u/x"])), ("look", lambda: ended(look))):
        def look():
            Shelf.of_hub("u/x")
        if verb == "look" and name not in ("html", "wrong json", "no json", "redirects", "401", "404", "409"):
            continue
        told = io.StringIO()
        with contextlib.redirect_stderr(told), contextlib.redirect_stdout(io.StringIO()):
            code = act()
        print(json.dumps([name, verb, code, told.getvalue()]), flush=True)
"""


class Answers(Loopback):
    """A Hub in a bad mood; `GET /mode/NAME` says in which."""

    def __init__(self):
        self.mode = ""
        answers = self

        class Handler(QuietHandler):
            def reply(self):
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                if self.path.startswith("/mode/"):
                    answers.mode = self.path.split("/")[-1].replace("+", " ")
                    return self.send(200, b"")
                mode = answers.mode
                if mode == "nothing":
                    time.sleep(4)
                    self.close_connection = True
                    return None
                if mode == "hangs up":
                    self.close_connection = True
                    return self.connection.close()
                if mode == "redirects":
                    return self.send(302, b"", {"Location": self.path})
                if mode == "cut short":
                    self.send(200, b'{"url": ', {"Content-Length": "500"})
                    self.close_connection = True
                    return self.connection.close()
                if mode in BODIES:
                    return self.send(200, BODIES[mode], {"Content-Type": "text/html"})
                # Of a repository that is there the Hub tells the address with its 409.
                return self.send(int(mode), b'{"error": "no", "url": "http://127.0.0.1/datasets/u/x", "id": "1"}')

            def send(self, status, data, headers=()):
                self.send_response(status)
                for name, text in {"Content-Length": str(len(data)), **dict(headers)}.items():
                    self.send_header(name, text)
                self.end_headers()
                self.wfile.write(data)
                self.wfile.flush()

            do_GET = do_POST = do_PUT = do_HEAD = reply

        super().__init__(Handler)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hub") / "set"
    (folder / "data" / "mini").mkdir(parents=True)
    (folder / "data" / "mini" / "train-00000-of-00001.parquet").write_bytes(b"PAR1")
    (folder / "README.md").write_text("---\n---\n")
    return folder


@pytest.fixture(scope="module")
def told(dataset, tmp_path_factory):
    """(exit code, what was said) by answer and verb."""
    with Answers() as hub:
        settings = {
            "HF_ENDPOINT": hub.address,
            "HF_HUB_OFFLINE": "0",
            "HF_TOKEN": "hf_secret",
            "HF_HUB_DISABLE_XET": "1",
        }
        settings["HF_HOME"] = str(tmp_path_factory.mktemp("home"))
        words = [sys.executable, "-c", CHILD, hub.address, str(dataset), *ANSWERS]
        done = subprocess.run(
            words, cwd=ROOT, env=os.environ | settings, capture_output=True, text=True, timeout=580, check=False
        )
    assert done.returncode == 0, done.stderr[-3000:]
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return {(name, verb): (code, text) for name, verb, code, text in lines}


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_of_the_hub_is_one_sentence_with_the_right_advice(told, name, dataset):
    code, text = told[name, "push"]
    assert code == 5, text
    assert "Traceback" not in text
    errors = [line for line in text.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1, text
    assert ANSWERS[name] in errors[0]
    assert "hf_secret" not in text
    assert len(list(dataset.rglob("*.parquet"))) == 1


def test_what_is_looked_at_on_the_page_gets_the_same_sentences(told):
    looked = {name: outcome for (name, verb), outcome in told.items() if verb == "look"}
    assert len(looked) == 7
    for name, (code, text) in looked.items():
        assert code in (4, 5), (name, text)
        assert len(text.strip().splitlines()) == 1, (name, text)
