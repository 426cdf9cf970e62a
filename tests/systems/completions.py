"""A completions server over a checkpoint, as small as one can be: one request, one answer."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import torch
from plain_twin import load_plain


@contextlib.contextmanager
def serve_completions(folder: Path) -> Iterator[tuple[str, list[str]]]:
    """Serve a checkpoint that need not be there yet: it is loaded when it is asked.

    Its address is given, and a list that every prompt is put into as it came.
    """
    lock, prompts = threading.Lock(), []

    @cache
    def loaded():
        return load_plain(folder)

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *args) -> None: ...

        def do_GET(self) -> None:
            self.answer(404, {})

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            with lock:
                prompts.append(asked["prompt"])
                model, tokenizer = loaded()
                torch.manual_seed(asked["seed"])
                ids = tokenizer(asked["prompt"], return_tensors="pt")
                made = model.generate(
                    **ids,
                    do_sample=True,
                    temperature=asked["temperature"],
                    max_new_tokens=asked["max_tokens"],
                    pad_token_id=2,
                )[0, ids["input_ids"].shape[1] :]
            text = tokenizer.decode(made, skip_special_tokens=True)
            choice = {"text": text, "finish_reason": "length"}
            self.answer(200, {"choices": [choice], "usage": {"completion_tokens": len(made)}})

        def answer(self, status: int, fields: object) -> None:
            data = json.dumps(fields).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1", prompts
    finally:
        server.shutdown()
        server.server_close()
