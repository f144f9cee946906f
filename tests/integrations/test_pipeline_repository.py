"""The pipeline out of a repository on the Hub: the real client, a loopback server, and no installed package of ours."""

import hashlib
import json
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from integrations.hub.__main__ import write_repository
from tests.tiny_sd import build_tiny_sd

COMMIT = "a" * 40
PROGRAM = """
import importlib.util, sys
assert importlib.util.find_spec("spectrogram") is None
from diffusers import DiffusionPipeline
pipe = DiffusionPipeline.from_pretrained(sys.argv[1], custom_pipeline="user/sound", trust_remote_code=True)
pipe.set_progress_bar_config(disable=True)
latents = pipe("rain", seed=5, num_inference_steps=1, output_type="latent").images
print(type(pipe).__name__, *latents.shape, sys.modules["spectrogram"].__file__)
"""


def handler_of(folder: Path):
    """The two questions that a download asks: what a repository holds, and a file of it."""
    files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_):
            pass

        def do_GET(self):
            path = self.path.split("?")[0]
            if path.startswith("/api/models/user/sound"):
                found = [{"rfilename": name} for name in files]
                tree = [{"type": "file", "path": name, "size": len(data), "oid": "0"} for name, data in files.items()]
                about = {"id": "user/sound", "modelId": "user/sound", "sha": COMMIT, "siblings": found}
                self.answer(200, json.dumps(tree if "/tree/" in path else about).encode(), "application/json")
                return
            name = path.partition("/resolve/")[2].partition("/")[2]
            self.answer(200 if name in files else 404, files.get(name, b""), "application/octet-stream")

        do_HEAD = do_GET

        def answer(self, status: int, data: bytes, kind: str):
            etag = hashlib.sha1(data).hexdigest()
            self.send_response(status)
            headers = {"Content-Type": kind, "Content-Length": len(data), "ETag": f'"{etag}"', "X-Repo-Commit": COMMIT}
            for name, value in (headers if status == 200 else {**headers, "X-Error-Code": "EntryNotFound"}).items():
                self.send_header(name, str(value))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(data)

    return Handler


def test_diffusers_fetches_the_pipeline_and_its_package_and_paints(tmp_path):
    base = build_tiny_sd(tmp_path / "tiny-sd")
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler_of(write_repository(tmp_path / "repository")))
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    inherited = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "HF_HUB_OFFLINE")}
    environment = {**inherited, "HF_ENDPOINT": address, "HF_HOME": str(tmp_path / "hub"), "NO_PROXY": "127.0.0.1"}
    try:
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, str(base)],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=240,
        )
    finally:
        server.shutdown()
        server.server_close()
    assert done.returncode == 0, done.stderr[-2000:]
    name, *shape, package = done.stdout.split()
    assert (name, shape) == ("SpectrogramAudioPipeline", ["1", "4", "16", "32"])
    assert Path(package).is_relative_to(tmp_path / "hub")


def test_a_folder_on_this_machine_names_the_package_that_is_missing(tmp_path):
    base, folder = build_tiny_sd(tmp_path / "tiny-sd"), write_repository(tmp_path / "repository")
    program = PROGRAM.replace("user/sound", str(folder))
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    environment = {**inherited, "HF_HOME": str(tmp_path / "hub"), "HF_HUB_OFFLINE": "1"}
    line = [sys.executable, "-c", program, str(base)]
    done = subprocess.run(line, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=240)
    assert "ImportError: The package spectrogram is not installed" in done.stderr
    assert "pip install" in done.stderr
