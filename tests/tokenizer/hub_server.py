"""A small server that speaks the hub's file API: model info, tree listing, HEAD and GET."""

import hashlib
import http.server
import json
import re
import threading
import time
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@dataclass
class Hub:
    """What the server holds and how it answers.

    `status` and `error_code` refuse every request about a repository; `stall_seconds` keeps the
    client waiting; `stall_files` keeps it waiting for files only; `token` is demanded where given.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    repository: str = "owner/base"
    revisions: tuple[str, ...] = ("main", COMMIT)
    status: int = 200
    error_code: str = ""
    stall_seconds: float = 0
    stall_files: float = 0
    token: str = ""
    requests: list[tuple[str, str, str]] = field(default_factory=list)


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hub: Hub

    def log_message(self, *args):
        pass

    def do_GET(self):
        self.answer(with_body=True)

    def do_HEAD(self):
        self.answer(with_body=False)

    def answer(self, *, with_body):
        hub, path = self.hub, unquote(urlsplit(self.path).path)
        token = self.headers.get("Authorization") or ""
        hub.requests.append((self.command, path, token))
        time.sleep(hub.stall_seconds)
        if hub.status != 200:
            return self.refuse(hub.status, hub.error_code)
        if hub.token and token != f"Bearer {hub.token}":
            return self.refuse(401, "GatedRepo")
        info = re.fullmatch(rf"/api/models/{hub.repository}(?:/revision/(.+))?", path)
        tree = re.fullmatch(rf"/api/models/{hub.repository}/tree/([^/]+)/?", path)
        file = re.fullmatch(rf"/{hub.repository}/resolve/([^/]+)/(.+)", path)
        if not (info or tree or file):
            return self.refuse(404, "RepoNotFound")
        revision = (info or tree or file)[1] or "main"
        if revision not in hub.revisions:
            return self.refuse(404, "RevisionNotFound")
        if info:
            siblings = [{"rfilename": name} for name in hub.files]
            return self.send(self.as_json({"id": hub.repository, "sha": COMMIT,
                                           "siblings": siblings}), with_body)  # fmt: skip
        if tree:
            entries = [
                {"type": "file", "path": n, "size": len(d), "oid": hashlib.sha1(d).hexdigest()}
                for n, d in hub.files.items()
            ]
            return self.send(self.as_json(entries), with_body)
        if file[2] not in hub.files:
            return self.refuse(404, "EntryNotFound")
        time.sleep(hub.stall_files)
        return self.send(hub.files[file[2]], with_body)

    @staticmethod
    def as_json(value):
        return json.dumps(value).encode()

    def send(self, data, with_body, status=200, **headers):
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("ETag", f'"{hashlib.sha1(data).hexdigest()}"')
        self.send_header("X-Repo-Commit", COMMIT)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if with_body:
            self.wfile.write(data)

    def refuse(self, status, code):
        headers = {"X_Error_Code": code, "X_Error_Message": code} if code else {}
        self.send(b"{}", self.command == "GET", status, **headers)


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        """A client that did not wait for the answer is no error."""


def serve(hub):
    """Start a server for a hub; its address, and how to stop it."""
    handler = type("Handler", (_Handler,), {"hub": hub})
    server = _Server(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_address[1]}", server
