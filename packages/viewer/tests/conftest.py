"""Builds OTLP requests with the official messages, and sends them over real sockets."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, ResourceLogs, ScopeLogs
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span, Status

from clew_viewer.receiver import Receiver
from clew_viewer.records import Batch

EPOCH = 1_790_000_000_000_000_000
MS = 1_000_000


class Reply(NamedTuple):
    status: int
    headers: Any
    body: bytes


def pairs(attributes: dict[str, Any]) -> list[KeyValue]:
    kinds = {str: "string_value", bool: "bool_value", int: "int_value", float: "double_value"}
    return [KeyValue(key=key, value=AnyValue(**{kinds[type(one)]: one})) for key, one in attributes.items()]


def make_span(name: str, number: int, parent: int = 0, **how: Any) -> Span:
    """A span; start and length in milliseconds; raises=(type, message, stacktrace) for a recorded exception."""
    start = EPOCH + how.get("start", number) * MS
    span = Span(
        trace_id=how.get("trace", 1).to_bytes(16, "big"),
        span_id=number.to_bytes(8, "big"),
        parent_span_id=parent.to_bytes(8, "big") if parent else b"",
        name=name,
        kind=how.get("kind", Span.SPAN_KIND_SERVER),
        start_time_unix_nano=start,
        end_time_unix_nano=start + int(how.get("length", 5) * MS),
        attributes=pairs(how.get("attributes", {})),
    )
    if how.get("failed") or how.get("raises"):
        span.status.CopyFrom(Status(code=Status.STATUS_CODE_ERROR, message=how.get("status", "")))
    if raises := how.get("raises"):
        keys = ("exception.type", "exception.message", "exception.stacktrace")
        span.events.add(name="exception", attributes=pairs(dict(zip(keys, raises, strict=False))))
    return span


def spans_request(**services: list[Span]) -> bytes:
    """An export request with the spans of services, whose names are keywords with _ for -."""
    resources = [
        ResourceSpans(
            resource=Resource(attributes=pairs({"service.name": name.replace("_", "-")})),
            scope_spans=[ScopeSpans(spans=spans)],
        )
        for name, spans in services.items()
    ]
    return ExportTraceServiceRequest(resource_spans=resources).SerializeToString()


def logs_request(service: str, *lines: tuple[str, str, dict[str, Any]], trace: int = 1, span: int = 1) -> bytes:
    """An export request with log lines (level, body, attributes) of one span."""
    records = [
        LogRecord(
            time_unix_nano=EPOCH + number * MS,
            severity_text=level,
            body=AnyValue(string_value=body),
            trace_id=trace.to_bytes(16, "big") if trace else b"",
            span_id=span.to_bytes(8, "big") if trace else b"",
            attributes=pairs(attributes),
        )
        for number, (level, body, attributes) in enumerate(lines)
    ]
    resource = Resource(attributes=pairs({"service.name": service}))
    logs = ResourceLogs(resource=resource, scope_logs=[ScopeLogs(log_records=records)])
    return ExportLogsServiceRequest(resource_logs=[logs]).SerializeToString()


def post(port: int, body: bytes = b"", path: str = "/v1/traces", method: str = "POST", **headers: str) -> Reply:
    """Sends one request; headers are keywords with _ for -, an empty one is left out."""
    sent = {"Content-Type": "application/x-protobuf"} | {key.replace("_", "-"): text for key, text in headers.items()}
    connection = http.client.HTTPConnection(sent.pop("To", "127.0.0.1"), port, timeout=30)
    try:
        connection.request(method, path, body, {key: text for key, text in sent.items() if text})
        response = connection.getresponse()
        return Reply(response.status, response.headers, response.read())
    finally:
        connection.close()


@pytest.fixture(scope="session")
def otlp() -> Any:
    return SimpleNamespace(span=make_span, spans=spans_request, logs=logs_request, post=post, kinds=Span)


class Inbox:
    """A running receiver, the batches that it handed on, and what it said about those that it refused."""

    def __init__(self) -> None:
        self.batches: list[Batch] = []
        self.complaints: list[tuple[int, str]] = []
        self.receiver = Receiver(self.batches.append, 0, lambda *said: self.complaints.append(said))
        self.port = self.receiver.port


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    made = Inbox()
    yield made
    made.receiver.close()
