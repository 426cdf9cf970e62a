"""A real OpenAI-compatible server on loopback that fails as it is told to."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Loopback:
    """What the server was told, and what it saw.

    `faults` says by prompt what goes wrong at the first, second, ... request; then all goes well.
    """

    faults: Mapping[str, Sequence[str]] = field(default_factory=dict)
    always: str = ""
    seconds: float = 0.0
    chunk_seconds: float = 0.0
    url: str = ""
    redirect: str = ""
    seen: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    at: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    most_at_once: int = 0
    n_at_once: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)
    over: threading.Event = field(default_factory=threading.Event)


def answer_to(prompt: str) -> str:
    return f"「{prompt}」への答え"


#: What a streamed answer comes in.
CHUNKS = ("これは", "流れる", "答えである。")


class Handler(BaseHTTPRequestHandler):
    """Answers, or fails as the state of its server says."""

    @property
    def state(self) -> Loopback:
        return self.server.state

    def log_message(self, *args: Any) -> None: ...

    def do_GET(self) -> None:
        self.state.headers.append(dict(self.headers))
        self.send(404, b"{}")

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        prompt = body.get("prompt") or body["messages"][-1]["content"]
        with self.state.lock:
            self.state.seen.append({"path": self.path, **body})
            self.state.headers.append(dict(self.headers))
            number = len(self.state.at[prompt])
            self.state.at[prompt].append(time.monotonic())
            self.state.n_at_once += 1
            self.state.most_at_once = max(self.state.most_at_once, self.state.n_at_once)
        time.sleep(self.state.seconds)
        # Before the answer leaves: the client may ask again before this thread goes on.
        with self.state.lock:
            self.state.n_at_once -= 1
        told = self.state.faults.get(prompt, ())
        fault = self.state.always or (told[number] if number < len(told) else "")
        if body.get("stream"):
            self.stream(fault)
        else:
            self.respond(fault, prompt)

    def stream(self, fault: str) -> None:
        """Chunks as events; the end is said by a reason, and by [DONE] where text is asked."""
        kind = fault.partition(":")[0]
        if kind.isdigit() or kind in ("stall", "drop", "redirect", "echo-cut"):
            self.respond(fault, "")
            return
        chat = self.path.endswith("/chat/completions")
        events = [self.chunk(chat, text) for text in ("" if kind == "null" else CHUNKS)]
        events.append(self.chunk(chat, "", "stop"))
        if not chat:
            events += [{"choices": [], "usage": {"completion_tokens": 7}}, "[DONE]"]
        changed = {
            "silent": ["[DONE]"],
            "echo-error": [events[0], self.echoed().decode(), "[DONE]"],
            "echo-other": [{"hello": self.headers.get("Authorization")}, "[DONE]"],
            "cut": events[:2],
            "stop": events[:2],
            "broken": [events[0], '{"choices": [{"te'],
            "other": [{"hello": "world"}, "[DONE]"],
            "error": [events[0], {"error": "so it is"}, "[DONE]"],
        }
        self.send_events(changed.get(kind, events))
        if kind == "stop":
            self.state.over.wait(10)

    def chunk(self, chat: bool, text: str, reason: str | None = None) -> dict[str, Any]:
        given = {"delta": {"content": text}} if chat else {"text": text}
        return {"choices": [given | {"finish_reason": reason}]}

    def echoed(self) -> bytes:
        said = f"Incorrect API key provided: {self.headers.get('Authorization', '')[7:]}"
        return json.dumps({"error": {"message": said}}).encode()

    def send_events(self, events: Sequence[Any]) -> None:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.end_headers()
            for event in events:
                told = event if isinstance(event, str) else json.dumps(event)
                self.wfile.write(f"data: {told}\n\n".encode())
                self.wfile.flush()
                time.sleep(self.state.chunk_seconds)

    def respond(self, fault: str, prompt: str) -> None:
        chat = self.path.endswith("/chat/completions")
        text: str | None = None if fault == "null" else answer_to(prompt)
        choice = {"message": {"content": text}} if chat else {"text": text}
        whole = {
            "choices": [choice | {"finish_reason": "stop"}],
            "usage": {"completion_tokens": 7},
        }
        data = json.dumps(whole).encode()
        kind, _, after = fault.partition(":")
        if kind == "stall":
            self.state.over.wait(10)
            self.close_connection = True
        elif kind == "drop":
            self.close_connection = True
        elif kind == "cut":
            self.send(200, data[: len(data) // 2], claimed=len(data))
        elif kind == "broken":
            self.send(200, data[: len(data) // 2])
        elif kind == "trickle":
            self.send(200, b"", claimed=len(data))
            for byte in data:
                if self.state.over.wait(0.1):
                    return
                self.wfile.write(bytes([byte]))
        elif kind == "other":
            self.send(200, b'{"hello": "world"}')
        elif kind == "redirect":
            self.send(302, b"", extra={"Location": self.state.redirect})
        elif kind == "echo200":
            self.send(200, self.echoed())
        elif kind == "echo-cut":
            # The key lies across the places where excerpts end.
            self.send(400, b"x" * int(after) + self.echoed())
        elif kind == "echo-broken":
            self.send(200, b"<html>" + b"y" * int(after) + self.echoed())
        elif kind == "echo":
            self.send(400, json.dumps(dict(self.headers)).encode())
        elif kind.isdigit():
            self.send(int(kind), b'{"error": "so it is"}', extra={"Retry-After": after})
        else:
            self.send(200, data)

    def send(
        self,
        status: int,
        data: bytes,
        claimed: int | None = None,
        extra: Mapping[str, str] | None = None,
    ) -> None:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.send_response(status)
            self.send_header("Content-Length", str(len(data) if claimed is None else claimed))
            for name, value in (extra or {}).items():
                if value:
                    self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)
            self.close_connection = claimed is not None


@contextlib.contextmanager
def serve(**options: Any) -> Iterator[Loopback]:
    state = Loopback(**options)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.state = state
    server.daemon_threads = True
    state.url = f"http://127.0.0.1:{server.server_port}/v1"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield state
    finally:
        state.over.set()
        server.shutdown()
        thread.join()
        server.server_close()
