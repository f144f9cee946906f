"""The page as a program of its own, started for a measurement."""

import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[2]


class Served:
    """The page as a program of its own, so that its memory is its own; a context that gives the address."""

    def __init__(self, base: str | None, folder: Path, stderr=None, temporary: Path | None = None):
        words = [sys.executable, "app.py", "--port", str(free_port())]
        words += ["--adapters", str(folder / "runs"), "--datasets", str(folder / "datasets")]
        self.stderr, self.temporary = stderr, temporary
        self.words = words + (["--base", base] if base else [])
        self.url = f"http://127.0.0.1:{words[3]}/"

    def __enter__(self):
        settings = {"HF_HUB_OFFLINE": "1", "GRADIO_ANALYTICS_ENABLED": "False", "PYTHONUNBUFFERED": "1"}
        if self.temporary is not None:
            self.temporary.mkdir(parents=True, exist_ok=True)
            settings["TMPDIR"] = str(self.temporary)
        self.process = subprocess.Popen(
            self.words, cwd=ROOT, env=os.environ | settings, stdout=subprocess.PIPE, stderr=self.stderr, text=True
        )
        # gradio asks its own address before it says that it runs; a request of ours in between would delay that.
        for line in self.process.stdout:
            if "Running on local URL" in line:
                threading.Thread(target=self.process.stdout.read, daemon=True).start()
                return self
        raise SystemExit("the page did not start: its last words are above")

    def __exit__(self, *error):
        self.process.terminate()
        self.process.wait(30)

    def memory_mb(self) -> float:
        return psutil.Process(self.process.pid).memory_info().rss / 2**20

    def disk_mb(self) -> float:
        """What the page has in its temporary folder; 0 where it was given none."""
        files = self.temporary.rglob("*") if self.temporary else ()
        return sum(path.stat().st_size for path in files if path.is_file()) / 2**20


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]
