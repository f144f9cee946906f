"""A web server of this process on a free port of loopback, for as long as a ``with`` lasts."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self


class QuietHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass


class Loopback:
    """Serves with a handler class; ``address`` is where."""

    def __init__(self, handler: type[QuietHandler]) -> None:
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        # Clients that hang up in the middle are part of the tests.
        self.http.handle_error = lambda *_: None
        self.address = f"http://127.0.0.1:{self.http.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self.http.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *error):
        self.http.shutdown()
        self.http.server_close()
