"""A small Hugging Face hub on the loopback interface: its API, redirects to files on another origin, ranges, and faults."""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

_INFO = re.compile(r"/api/models/(?P<repository>[\w.-]+/[\w.-]+)/revision/(?P<revision>.+)")
_FILE = re.compile(r"/(?P<repository>[\w.-]+/[\w.-]+)/resolve/(?P<commit>[0-9a-f]{40})/(?P<file>.+)")


@dataclass
class Hub:
    """``branches``: (repository, revision) -> commit; ``commits``: commit -> files. Faults are switched on by a test."""

    branches: dict[tuple[str, str], str] = field(default_factory=dict)
    commits: dict[str, dict[str, bytes]] = field(default_factory=dict)
    gated: set[str] = field(default_factory=set)
    drops: list[int] = field(default_factory=list)
    """Bytes after which the next transfers break off, one entry each."""
    lies: dict[str, bytes] = field(default_factory=dict)
    """File -> what is sent in place of it."""
    status: int | None = None
    served: list[tuple[int, int]] = field(default_factory=list)
    """Of every transfer: where it began, and how many bytes were sent."""
    keys: list[tuple[str, str | None]] = field(default_factory=list)
    """Of every request: the host it was sent to, and the Authorization header."""
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def publish(self, repository: str, files: dict[str, bytes], branch: str = "main") -> str:
        """A new commit on ``branch``; returns its name."""
        commit = hashlib.sha1(repr((repository, sorted(files.items()))).encode()).hexdigest()
        self.commits[commit] = files
        self.branches[repository, branch] = self.branches[repository, commit] = commit
        return commit


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hub: Hub

    def do_GET(self) -> None:
        path = unquote(urlsplit(self.path).path)
        self.hub.keys.append((self.headers.get("Host", "").partition(":")[0], self.headers.get("Authorization")))
        if self.hub.status is not None:
            self._fail(self.hub.status)
        elif info := _INFO.fullmatch(path):
            self._info(info["repository"], info["revision"])
        elif file := _FILE.fullmatch(path):
            self._redirect(file["repository"], file["commit"], file["file"])
        elif path.startswith("/store/"):
            self._send(*path.removeprefix("/store/").split("/", 1))
        else:
            self._fail(404)

    def _info(self, repository: str, revision: str) -> None:
        if repository in self.hub.gated and self.headers.get("Authorization") != "Bearer good-key":
            self._fail(403, "GatedRepo")
        elif not any(known == repository for known, _ in self.hub.branches):
            self._fail(401, "RepoNotFound")
        elif (repository, revision) not in self.hub.branches:
            self._fail(404, "RevisionNotFound")
        else:
            self._describe(repository, revision)

    def _describe(self, repository: str, revision: str) -> None:
        commit = self.hub.branches[repository, revision]
        siblings = []
        for name, data in self.hub.commits[commit].items():
            blob = hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
            item = {"rfilename": name, "size": len(data), "blobId": blob}
            if name.endswith((".gguf", ".bin", ".onnx")):
                item["lfs"] = {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data), "pointerSize": 130}
            siblings.append(item)
        body = {"id": repository, "sha": commit, "siblings": siblings, "tags": [], "cardData": {"license": "apache-2.0"}}
        self._answer(200, json.dumps(body).encode(), {"Content-Type": "application/json"})

    def _redirect(self, repository: str, commit: str, file: str) -> None:
        if repository in self.hub.gated and self.headers.get("Authorization") != "Bearer good-key":
            self._fail(403, "GatedRepo")
            return
        # Another host name is another origin: a key for the hub must not go there.
        self._answer(302, b"", {"Location": f"http://localhost:{self.hub.port}/store/{commit}/{file}"})

    def _send(self, commit: str, file: str) -> None:
        data = self.hub.lies.get(file, self.hub.commits[commit][file])
        wanted = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        start = int(wanted[1]) if wanted else 0
        part = data[start:]
        self.send_response(206 if wanted else 200)
        self.send_header("Content-Length", str(len(part)))
        if wanted:
            self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        self.end_headers()
        most = self.hub.drops.pop(0) if self.hub.drops else len(part)
        self.wfile.write(part[:most])
        self.hub.served.append((start, min(most, len(part))))
        if most < len(part):
            self.close_connection = True

    def _fail(self, status: int, code: str | None = None) -> None:
        self._answer(status, b"{}", {"X-Error-Code": code} if code else {})

    def _answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        return


@contextmanager
def running_hub() -> Iterator[Hub]:
    hub = Hub()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"hub": hub}))
    server.daemon_threads = True
    hub.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
