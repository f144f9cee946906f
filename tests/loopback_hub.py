"""The few addresses of the Hub that commits, listings and downloads need, on loopback, for the real clients."""

import base64
import hashlib
import json
from pathlib import PurePosixPath
from urllib.parse import parse_qs, unquote, urlsplit

from loopback import Loopback, QuietHandler

COMMIT = "1" * 40


class LoopbackHub(Loopback):
    """``files`` holds what was committed (path -> bytes), ``created`` the wishes for new repositories, ``jobs`` those
    for jobs, ``repos`` the files of each repository ("models/u/x") apart.

    Every repository is the same one.  Parquet files go the way of large ones: uploaded first, then committed by hash.
    """

    def __init__(self, status: int = 200) -> None:
        self.files, self.large, self.created, self.asked, self.status = {}, {}, [], [], status
        self.jobs, self.repos, self.variables = [], {}, {}
        super().__init__(handler_of(self))

    def answer(self, path: str, body: bytes):
        if path.endswith("/api/repos/create"):
            self.created.append(json.loads(body))
            return {"url": f"{self.address}/datasets/u/x", "name": "u/x", "id": "1"}
        if path.endswith("/variables"):
            told = json.loads(body)
            self.variables[told["key"]] = told["value"]
            return {name: {"key": name, "value": value} for name, value in self.variables.items()}
        if "/api/jobs/" in path:
            self.jobs.append(json.loads(body))
            return job_info(path.rsplit("/", 1)[1], self.jobs)
        if path.endswith("/validate-yaml"):
            return {"warnings": [], "errors": []}
        if "/preupload/" in path:
            paths = [file["path"] for file in json.loads(body)["files"]]
            modes = {name: "lfs" if name.endswith(".parquet") else "regular" for name in paths}
            return {"files": [{"path": n, "uploadMode": mode, "shouldIgnore": False} for n, mode in modes.items()]}
        if path.endswith("/objects/batch"):
            href = f"{self.address}/upload/"
            objects = [
                {"oid": one["oid"], "size": one["size"], "actions": {"upload": {"href": href + one["oid"]}}}
                for one in json.loads(body)["objects"]
            ]
            return {"transfer": "basic", "objects": objects}
        if path.startswith("/upload/"):
            self.large[path.rsplit("/", 1)[1]] = body
            return {}
        if "/commit/" in path:
            self.commit(body)
            repo = self.repos.setdefault(path.split("/api/")[1].split("/commit/")[0], {})
            steps = [json.loads(line) for line in body.splitlines()]
            names = [step["value"]["path"] for step in steps if step["key"] in ("file", "lfsFile")]
            repo.update({name: self.files[name] for name in names})
            return {"commitUrl": f"{self.address}/datasets/u/x/commit/1", "commitOid": "1", "pullRequestUrl": None}
        if "/tree/" in path:
            return self.tree(path)
        if "/paths-info/" in path:
            fields = parse_qs(body.decode()) if b"=" in body else json.loads(body)
            return [self.entry(name) for name in fields["paths"] if self.entry(name)]
        siblings = [{"rfilename": name} for name in self.files]
        return {"id": "u/x", "sha": COMMIT, "siblings": siblings, "private": False, "tags": [], "downloads": 0}

    def tree(self, path: str) -> list[dict] | None:
        """Files and folders below a folder of the repository, all of them when the query says recursive."""
        address = urlsplit(path)
        folder = unquote(address.path.split("/tree/", 1)[1]).partition("/")[2]
        below = [name for name in self.files if name.startswith(f"{folder}/" if folder else "")]
        parents = {str(parent) for name in below for parent in PurePosixPath(name).parents if str(parent) != "."}
        names = [*below, *(name for name in parents if name != folder and name.startswith(folder))]
        if parse_qs(address.query).get("recursive", ["false"])[0].lower() != "true":
            names = [name for name in names if str(PurePosixPath(name).parent) in (folder or ".", folder)]
        # As on the Hub, a folder that is not there is an error and not an empty list.
        return [self.entry(name) for name in sorted(names)] if names or not folder else None

    def entry(self, name: str) -> dict | None:
        if name in self.files:
            oid = hashlib.sha1(self.files[name]).hexdigest()
            return {"type": "file", "path": name, "size": len(self.files[name]), "oid": oid}
        inside = any(file.startswith(f"{name}/") for file in self.files)
        return {"type": "directory", "path": name, "size": 0, "oid": "0" * 40} if inside else None

    def commit(self, body: bytes) -> None:
        for line in body.splitlines():
            step = json.loads(line)
            if step["key"] == "file":
                self.files[step["value"]["path"]] = base64.b64decode(step["value"]["content"])
            elif step["key"] == "lfsFile":
                self.files[step["value"]["path"]] = self.large[step["value"]["oid"]]
            elif step["key"] == "deletedFile":
                del self.files[step["value"]["path"]]


def job_info(owner: str, jobs: list[dict]) -> dict:
    """What the Hub answers to a new job."""
    asked = jobs[-1]
    return {
        "id": f"job-{len(jobs)}",
        "createdAt": "2026-01-01T00:00:00.000Z",
        "dockerImage": asked.get("dockerImage"),
        "command": asked["command"],
        "flavor": asked["flavor"],
        "status": {"stage": "RUNNING", "message": None},
        "owner": {"id": "1", "name": owner, "type": "user"},
    }


def handler_of(hub: LoopbackHub):
    class Handler(QuietHandler):
        def reply(self):
            body = self.body()
            hub.asked.append(f"{self.command} {self.path}")
            if "/resolve/" in self.path and hub.status == 200:
                return self.file(unquote(urlsplit(self.path).path).split("/resolve/", 1)[1].partition("/")[2])
            answer = hub.answer(self.path, body) if hub.status == 200 else {"error": "no"}
            absent = answer is None
            data = json.dumps({"error": "no"} if absent else answer).encode()
            self.send_response(404 if absent else hub.status)
            if absent:
                self.send_header("X-Error-Code", "EntryNotFound")
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def file(self, name: str):
            data = hub.files.get(name)
            start, _, end = self.headers.get("Range", "bytes=0-").removeprefix("bytes=").partition("-")
            part = (data or b"")[int(start) : int(end) + 1 if end else None]
            self.send_response(404 if data is None else 206 if "Range" in self.headers else 200)
            if data is None:
                self.send_header("X-Error-Code", "EntryNotFound")
            elif "Range" in self.headers:
                self.send_header("Content-Range", f"bytes {start}-{int(start) + len(part) - 1}/{len(data)}")
            for header, value in (("ETag", f'"{hash(data)}"'), ("X-Repo-Commit", COMMIT), ("Accept-Ranges", "bytes")):
                self.send_header(header, value)
            self.send_header("Content-Length", str(len(part)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(part)

        def body(self) -> bytes:
            if self.headers.get("Transfer-Encoding") != "chunked":
                return self.rfile.read(int(self.headers.get("Content-Length", 0)))
            parts = []
            while size := int(self.rfile.readline(), 16):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(parts)

        do_GET = do_POST = do_PUT = do_HEAD = reply

    return Handler
