"""A loopback OTLP server that parses what it gets, counts unique IDs, and answers as its script says.

A script entry is one answer: "ok", "hang", "reset", "drop" (takes the request, then closes without an answer), a status
(503), a status with headers ((503, {"Retry-After": "1"})), or ("partial", 7). The last entry goes on for ever.
"""

from __future__ import annotations

import gzip
import socket
import struct
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

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


class Sink:
    """Use as a context manager. `spans`, `logs` and `metrics` hold (resource attributes, scope name, record)."""

    def __init__(self, *script: Any, limit: int = 0, port: int = 0) -> None:
        self.script = list(script) or ["ok"]
        self.limit = limit  # bytes of a request's body beyond which the answer is 413
        self.requests: list[tuple[str, dict[str, str], int]] = []
        self.spans: list[tuple[dict[str, Any], str, Any]] = []
        self.logs: list[tuple[dict[str, Any], str, Any]] = []
        self.metrics: list[tuple[dict[str, Any], str, Any]] = []
        self.own_metrics: list[tuple[dict[str, Any], str, Any]] = []  # what clew-sdk tells of itself
        self.resources: list[dict[str, Any]] = []
        self.changed = threading.Condition()
        self.released = threading.Event()
        self._server = _Server(("127.0.0.1", port), _Handler)
        self._server.sink = self
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Sink:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self.released.set()
        self._server.shutdown()
        self._server.server_close()

    @property
    def span_ids(self) -> Counter[bytes]:
        return Counter(span.span_id for _, _, span in self.spans)

    def wait_for(self, condition: Any, seconds: float = 30.0) -> bool:
        """Waits until condition(self) holds; False if that takes too long."""
        with self.changed:
            return self.changed.wait_for(lambda: condition(self), seconds)

    def answer(self) -> Any:
        with self.changed:
            return self.script.pop(0) if len(self.script) > 1 else self.script[0]

    def keep(self, path: str, body: bytes) -> int:
        """Stores the records of a request that is answered with success; returns how many there were."""
        request = _REQUESTS[path].FromString(body)
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

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that go away are part of the tests."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def log_message(self, *args: Any) -> None:
        """Nothing: the tests read `requests`."""

    def do_POST(self) -> None:
        sink = self.server.sink
        length = int(self.headers["Content-Length"])
        body = self.rfile.read(length)
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        with sink.changed:
            sink.requests.append((self.path, {name.lower(): value for name, value in self.headers.items()}, len(body)))
            sink.changed.notify_all()
        if sink.limit and length > sink.limit:
            self._respond(413)
            return
        self._obey(sink.answer(), body)

    def _obey(self, answer: Any, body: bytes) -> None:
        sink = self.server.sink
        if answer == "ok":
            sink.keep(self.path, body)
            self._respond(200)
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
        elif isinstance(answer, tuple):
            self._respond(*answer)
        else:
            self._respond(answer)

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
