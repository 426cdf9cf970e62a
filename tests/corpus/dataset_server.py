"""A small server that speaks as much of the hub's data set API as streaming needs."""

import hashlib
import http.server
import json
import re
import threading
from urllib.parse import parse_qsl, unquote, urlsplit

COMMIT = "89abcdef0123456789abcdef0123456789abcdef"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    files: dict[str, bytes]
    fetched: list[str]

    def log_message(self, *args):
        pass

    def entries(self, names):
        return [
            {"type": "file", "path": n, "size": len(self.files[n]),
             "oid": hashlib.sha1(self.files[n]).hexdigest()}
            for n in names if n in self.files
        ]  # fmt: skip

    def do_GET(self):
        path = unquote(urlsplit(self.path).path)
        if re.fullmatch(r"/api/datasets/o/d(/revision/.+)?", path):
            siblings = [{"rfilename": name} for name in self.files]
            return self.say({"id": "o/d", "sha": COMMIT, "siblings": siblings})
        if re.fullmatch(r"/api/datasets/o/d/tree/[^/]+/?", path):
            return self.say(self.entries(self.files))
        found = re.fullmatch(r"/datasets/o/d/resolve/([^/]+)/(.+)", path)
        if found and found[2] in self.files:
            return self.send_file(found[2])
        return self.say({}, 404, {"X-Error-Code": "EntryNotFound"})

    def do_HEAD(self):
        self.do_GET()

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        is_json = "json" in self.headers.get("Content-Type", "")
        given = json.loads(body)["paths"] if is_json else [v for k, v in parse_qsl(body)]
        return self.say(self.entries([given] if isinstance(given, str) else given))

    def send_file(self, name):
        data, status, headers = self.files[name], 200, {}
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range") or "")
        if asked:
            start, end = int(asked[1]), min(int(asked[2] or len(data) - 1), len(data) - 1)
            headers = {"Content-Range": f"bytes {start}-{end}/{len(data)}"}
            data, status = data[start : end + 1], 206
        if self.command == "GET":
            self.fetched.append(name)
        self.send(data, status, headers | {"X-Repo-Commit": COMMIT, "Accept-Ranges": "bytes"})

    def say(self, value, status=200, headers=None):
        self.send(json.dumps(value).encode(), status, headers or {})

    def send(self, data, status, headers):
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("ETag", f'"{hashlib.sha1(data).hexdigest()}"')
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)


def serve(files):
    """Start a server; its address, the names fetched from it so far, and the server."""
    fetched = []
    handler = type("OneHub", (Handler,), {"files": files, "fetched": fetched})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_address[1]}", fetched, server
