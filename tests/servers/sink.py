"""A loopback OTLP server that parses what it gets, counts unique IDs, and answers as its script says.

A script entry is one answer; the last one goes on for ever:

    "ok", "ok, close"                 takes the request; then closes the connection without having said so
    503, (503, {"Retry-After": "1"})  a status, with headers
    ("partial", 7)                    takes the request and says that 7 records were rejected
    "drop"                            takes the request, then closes without an answer: a lost acknowledgement
    "hang", "reset"                   no answer; the connection is reset
    "garbage"                         bytes that are no HTTP
    ("trickle", 0.5)                  an answer, one byte each half a second
    ("bomb", N), ("gzip bomb", N)     takes the request, and answers with N bytes, or with what inflates to N bytes

"Refuse" is no answer: `down()` closes the door and every connection, `up()` opens it again at the same port.
"""

from __future__ import annotations

import gzip
import json
import socket
import struct
import threading
import time
import zlib
from base64 import b64encode
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from google.protobuf.json_format import ParseDict
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest, ExportLogsServiceResponse
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

_REQUESTS = {
    "/v1/traces": ExportTraceServiceRequest,
    "/v1/metrics": ExportMetricsServiceRequest,
    "/v1/logs": ExportLogsServiceRequest,
}
_IDS = ("traceId", "spanId", "parentSpanId")


class Sink:
    """Use as a context manager. `spans`, `logs` and `metrics` hold (resource attributes, scope name, record)."""

    def __init__(self, *script: Any, limit: int = 0, port: int = 0, **by_signal: Any) -> None:
        self.script = list(script) or ["ok"]
        self.scripts = {f"/v1/{signal}": list(answers) for signal, answers in by_signal.items()}
        self.limit = limit  # bytes of a request's body beyond which the answer is 413
        self.requests: list[tuple[str, dict[str, str], int]] = []
        self.times: list[float] = []  # when each of them came, by the monotonic clock
        self.bodies: list[bytes] | None = None  # a list, for who wants to look for something in the bytes
        self.spans: list[tuple[dict[str, Any], str, Any]] = []
        self.logs: list[tuple[dict[str, Any], str, Any]] = []
        self.metrics: list[tuple[dict[str, Any], str, Any]] = []
        self.own_metrics: list[tuple[dict[str, Any], str, Any]] = []  # what clew-sdk tells of itself
        self.resources: list[dict[str, Any]] = []
        self.changed = threading.Condition()
        self.released = threading.Event()
        self._server: _Server | None = self._bound(port)
        self._running = False
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Sink:
        self.up()
        return self

    def __exit__(self, *error: object) -> None:
        self.released.set()
        self.down()

    def down(self) -> None:
        """From now on connections are refused, and those that there are have ended."""
        server, self._server = self._server, None
        if server is not None:
            if self._running:
                server.shutdown()
            server.server_close()
            server.hang_up()
        self._running = False

    def up(self) -> None:
        """Takes connections, again at the same port."""
        if self._server is None:
            self._server = self._bound(self.port)
        self._running = True
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def _bound(self, port: int) -> _Server:
        server = _Server(("127.0.0.1", port), _Handler)
        server.sink = self
        return server

    @property
    def span_ids(self) -> Counter[bytes]:
        return Counter(span.span_id for _, _, span in self.spans)

    def wait_for(self, condition: Any, seconds: float = 30.0) -> bool:
        """Waits until condition(self) holds; False if that takes too long."""
        with self.changed:
            return self.changed.wait_for(lambda: condition(self), seconds)

    def answer(self, path: str) -> Any:
        with self.changed:
            script = self.scripts.get(path, self.script)
            return script.pop(0) if len(script) > 1 else script[0]

    def keep(self, path: str, body: bytes) -> int:
        """Stores the records of a request that is answered with success; returns how many there were."""
        request = _from_json(path, body) if body.startswith(b"{") else _REQUESTS[path].FromString(body)
        kept = {"/v1/traces": self.spans, "/v1/metrics": self.metrics, "/v1/logs": self.logs}[path]
        before = len(kept)
        with self.changed:
            for group in getattr(request, request.DESCRIPTOR.fields[0].name):
                resource = {item.key: value_of(item.value) for item in group.resource.attributes}
                self.resources.append(resource)
                for scoped in getattr(group, group.DESCRIPTOR.fields[1].name):
                    into = self.own_metrics if scoped.scope.name == "clew_sdk" else kept
                    for record in getattr(scoped, scoped.DESCRIPTOR.fields[1].name):
                        into.append((resource, scoped.scope.name, record))
            self.changed.notify_all()
        return len(kept) - before


def _from_json(path: str, body: bytes) -> Any:
    """OTLP spells IDs in hexadecimal, unlike all other bytes of protobuf's JSON."""

    def respelt(found: dict[str, Any]) -> dict[str, Any]:
        ids = {name: b64encode(bytes.fromhex(found[name])).decode() for name in _IDS if found.get(name)}
        return {**found, **ids}

    return ParseDict(json.loads(body, object_hook=respelt), _REQUESTS[path](), ignore_unknown_fields=True)


def value_of(value: Any) -> Any:
    """An AnyValue as a Python value."""
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [value_of(item) for item in value.array_value.values]
    if kind == "kvlist_value":
        return {item.key: value_of(item.value) for item in value.kvlist_value.values}
    return getattr(value, kind) if kind else None


def attributes_of(record: Any) -> dict[str, Any]:
    return {item.key: value_of(item.value) for item in record.attributes}


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    sink: Sink

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.connections: set[socket.socket] = set()

    def process_request(self, request: Any, client_address: Any) -> None:
        self.connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self.connections.discard(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        for connection in list(self.connections):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:  # it has ended meanwhile
                pass

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that go away are part of the tests."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def log_message(self, *args: Any) -> None:
        """Nothing: the tests read `requests`."""

    def do_GET(self) -> None:
        """Nothing that a collector knows: somebody followed a redirect."""
        with self.server.sink.changed:
            self.server.sink.requests.append((self.path, {}, 0))
        self._respond(200)

    def do_POST(self) -> None:
        sink = self.server.sink
        length = int(self.headers["Content-Length"])
        body = self.rfile.read(length)
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        with sink.changed:
            sink.requests.append((self.path, {name.lower(): value for name, value in self.headers.items()}, len(body)))
            sink.times.append(time.monotonic())
            if sink.bodies is not None:
                sink.bodies.append(body)
            sink.changed.notify_all()
        if sink.limit and length > sink.limit:
            self._respond(413)
        elif self.path not in _REQUESTS:
            self._respond(404)
        else:
            self._obey(sink.answer(self.path), body)

    def _obey(self, answer: Any, body: bytes) -> None:
        sink = self.server.sink
        if answer in ("ok", "ok, close"):
            sink.keep(self.path, body)
            self._respond(200)
            self.close_connection = answer != "ok"
        elif answer == "hang":
            sink.released.wait(60)
            self.close_connection = True
        elif answer == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
            self.close_connection = True
        elif answer == "drop":
            sink.keep(self.path, body)
            self.close_connection = True
        elif isinstance(answer, tuple) and answer[0] == "partial":
            sink.keep(self.path, body)
            self._respond(200, {}, _partial(self.path, answer[1]))
        elif answer == "garbage":
            self.wfile.write(b"\x00\xff SSH-2.0 what?\r\n\r\n" * 8)
            self.close_connection = True
        elif isinstance(answer, tuple) and answer[0] == "trickle":
            self._trickle(answer[1])
        elif isinstance(answer, tuple) and answer[0] in ("bomb", "gzip bomb"):
            sink.keep(self.path, body)
            self._blow_up(answer[1], "gzip" in answer[0])
        elif isinstance(answer, tuple):
            self._respond(*answer)
        else:
            self._respond(answer)

    def _trickle(self, pause: float) -> None:
        for byte in b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX-Filler: " + b"x" * 600:
            self.wfile.write(bytes([byte]))
            if self.server.sink.released.wait(pause):
                break
        self.close_connection = True

    def _blow_up(self, size: int, compressed: bool) -> None:
        self.close_connection = True
        if compressed:
            gzip_zeros = zlib.compressobj(9, zlib.DEFLATED, 31)
            body = b"".join(gzip_zeros.compress(bytes(1 << 20)) for _ in range(size >> 20)) + gzip_zeros.flush()
            self._respond(200, {"Content-Encoding": "gzip"}, body)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(size))
        self.end_headers()
        for _ in range(size >> 20):
            self.wfile.write(bytes(1 << 20))

    def _respond(self, status: int, headers: dict[str, str] | None = None, body: bytes = b"") -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _partial(path: str, rejected: int) -> bytes:
    if path == "/v1/traces":
        traces = ExportTraceServiceResponse()
        traces.partial_success.rejected_spans = rejected
        return traces.SerializeToString()
    if path == "/v1/logs":
        logs = ExportLogsServiceResponse()
        logs.partial_success.rejected_log_records = rejected
        return logs.SerializeToString()
    metrics = ExportMetricsServiceResponse()
    metrics.partial_success.rejected_data_points = rejected
    return metrics.SerializeToString()
