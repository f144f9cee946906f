"""A web server on loopback that honours Range and plays, path by path, the replies that a test wrote down."""

import io
import json
import threading
import time

import soundfile
from loopback import Loopback, QuietHandler
from tones import RATE_HZ, tone


def wav(seconds: float, hz: float = 440.0) -> bytes:
    buffer = io.BytesIO()
    soundfile.write(buffer, tone(seconds, hz), RATE_HZ, format="WAV")
    return buffer.getvalue()


class Server(Loopback):
    """``script[path]`` is a list of replies played in turn, the last one for ever.

    A reply is bytes or a JSON value (200), a number (that status), (number, headers), "slow", "reset", or
    ("half", bytes): the connection ends in the middle of what was announced.
    ``asked`` lists (path, seconds since the start), ``headers`` what came with each.
    """

    def __init__(self, script: dict) -> None:
        self.script, self.asked, self.headers, self.lock = script, [], [], threading.Lock()
        super().__init__(handler_of(self))
        self.begin = time.monotonic()

    def reply(self, path: str, first: bool):
        with self.lock:
            self.asked.append((path, time.monotonic() - self.begin))
            replies = self.script.get(path.split("?")[0], [404])
            return replies.pop(0) if first and len(replies) > 1 else replies[0]


def handler_of(server: Server):
    class Handler(QuietHandler):
        def do_GET(self):
            server.headers.append(self.headers)
            reply = server.reply(self.path, "Range" not in self.headers)
            if reply == "slow":
                time.sleep(2)
            elif reply != "reset":
                self.answer(reply)
            self.close_connection = True

        def answer(self, reply):
            if isinstance(reply, int):
                reply = (reply, {})
            if isinstance(reply, tuple) and isinstance(reply[0], int):
                return self.send(reply[0], b"<html>no</html>", reply[1])
            half = isinstance(reply, tuple)
            data = reply[1] if half else reply
            if not isinstance(data, bytes):
                return self.send(200, json.dumps(data).encode(), {"Content-Type": "application/json"})
            return self.send_range(data, half)

        def send_range(self, data, half):
            asked = self.headers.get("Range")
            start, _, end = (asked or "bytes=0-").removeprefix("bytes=").partition("-")
            part = data[int(start) : int(end) + 1 if end else None]
            headers = {"Content-Type": "audio/wav", "Accept-Ranges": "bytes"}
            if asked:
                headers["Content-Range"] = f"bytes {start}-{int(start) + len(part) - 1}/{len(data)}"
            self.send(206 if asked else 200, part, headers, limit=max(0, len(data) // 2 - int(start)) if half else None)

        def send(self, status, body, headers, limit=None):
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body[:limit])

    return Handler
