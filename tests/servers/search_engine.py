"""Speaks as much of Elasticsearch's and OpenSearch's HTTP as their clients need to keep a document. It is no search
engine: one of them would have to run in Docker, and takes a minute to start."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@contextmanager
def running_search_engine() -> Iterator[int]:
    """Its port on 127.0.0.1 while the block runs."""
    server = _Server(("127.0.0.1", 0), _Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that go away are part of the tests."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    documents: dict[str, Any] = {}

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        status, answer = self.done(self.path.partition("?")[0], body)
        data = json.dumps(answer).encode()
        self.send_response(status)
        kind = "application/vnd.elasticsearch+json; compatible-with=8"
        self.send_header(
            "Content-Type", kind if "vnd.elastic" in self.headers.get("Accept", "") else "application/json"
        )
        self.send_header("X-Elastic-Product", "Elasticsearch")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = answer

    def done(self, path: str, body: bytes) -> tuple[int, Any]:
        if path == "/slow/_search":
            threading.Event().wait(10)
        if path.endswith("/_search") and b"broken" in body:
            reason = {"type": "parsing_exception", "reason": f"cannot read {body.decode()}"}
            return 400, {"error": {"root_cause": [reason], **reason}, "status": 400}
        if "/_doc/" in path:
            return self.document(path, body)
        return 200, {"hits": {"hits": []}, "took": 1, "errors": False, "items": [], "version": {"number": "8.0.0"}}

    def document(self, path: str, body: bytes) -> tuple[int, Any]:
        if self.command in ("PUT", "POST"):
            self.documents[path] = json.loads(body)
            return 200, {"result": "updated"}
        found = self.documents.get(path)
        return (404, {"found": False}) if found is None else (200, {"found": True, "_source": found})

    def log_message(self, *args: Any) -> None:
        """Nothing."""
