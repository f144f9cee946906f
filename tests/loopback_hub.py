"""The few addresses of the Hub that a commit needs, on loopback, for the real huggingface_hub client."""

import base64
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class LoopbackHub:
    """``files`` holds what was committed (path -> bytes), ``created`` the wishes for new repositories."""

    def __init__(self, status: int = 200) -> None:
        self.files, self.created, self.status = {}, [], status
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), handler_of(self))
        self.address = f"http://127.0.0.1:{self.http.server_port}"

    def __enter__(self):
        threading.Thread(target=self.http.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *error):
        self.http.shutdown()
        self.http.server_close()

    def answer(self, path: str, body: bytes):
        if path.endswith("/api/repos/create"):
            self.created.append(json.loads(body))
            return {"url": f"{self.address}/datasets/u/x", "name": "u/x", "id": "1"}
        if path.endswith("/validate-yaml"):
            return {"warnings": [], "errors": []}
        if "/preupload/" in path:
            paths = [file["path"] for file in json.loads(body)["files"]]
            return {"files": [{"path": name, "uploadMode": "regular", "shouldIgnore": False} for name in paths]}
        if "/commit/" in path:
            self.commit(body)
            return {"commitUrl": f"{self.address}/datasets/u/x/commit/1", "commitOid": "1", "pullRequestUrl": None}
        if "/tree/" in path:
            return [{"type": "file", "path": name, "size": len(data), "oid": "0"} for name, data in self.files.items()]
        return {"id": "u/x", "sha": "1", "siblings": [{"rfilename": name} for name in self.files]}

    def commit(self, body: bytes) -> None:
        for line in body.splitlines():
            step = json.loads(line)
            if step["key"] == "file":
                self.files[step["value"]["path"]] = base64.b64decode(step["value"]["content"])
            elif step["key"] == "deletedFile":
                del self.files[step["value"]["path"]]


def handler_of(hub: LoopbackHub):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_):
            pass

        def reply(self):
            body = self.body()
            data = json.dumps(hub.answer(self.path, body) if hub.status == 200 else {"error": "no"}).encode()
            self.send_response(hub.status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def body(self) -> bytes:
            if self.headers.get("Transfer-Encoding") != "chunked":
                return self.rfile.read(int(self.headers.get("Content-Length", 0)))
            parts = []
            while size := int(self.rfile.readline(), 16):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(parts)

        do_GET = do_POST = reply

    return Handler
