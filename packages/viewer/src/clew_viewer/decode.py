"""Decodes OTLP export requests, protobuf or JSON, into the viewer's own records."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from google.protobuf.json_format import MessageToJson, ParseDict, ParseError
from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2 as logs_pb
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2 as metrics_pb
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as trace_pb

from clew_viewer import limits, wire
from clew_viewer.limits import RefusedError
from clew_viewer.records import Attributes, Batch, Failure, LogLine, Span
from clew_viewer.values import attributes, cut, plain

_KINDS = ("INTERNAL", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER")
_STATUS_ERROR = 2
_FRAME = re.compile(r'File "([^"\n]+)", line (\d+), in (\S+)')
_NO_ID = ("", "0" * 16, "0" * 32)


class Signal(NamedTuple):
    """One OTLP endpoint: the messages that it takes and answers with, and what becomes of the first."""

    request: type[Any]
    records: Callable[[Any], Batch]
    response: type[Any]
    rejected: str


def decode(signal: Signal, body: bytes, is_json: bool) -> Batch:
    """What a request body holds; raises RefusedError for one that is not OTLP or holds too much."""
    parse = _from_json if is_json else _from_protobuf
    return signal.records(parse(signal.request, body))


def answer(signal: Signal, refused: int, is_json: bool) -> bytes:
    """The response to a request that was taken, with the number of items that were not."""
    response = signal.response()
    if refused:
        setattr(response.partial_success, signal.rejected, refused)
        response.partial_success.error_message = "ids have to be 16 and 8 bytes long and not all zero"
    encoded: bytes = MessageToJson(response, indent=None).encode() if is_json else response.SerializeToString()
    return encoded


def _from_protobuf(message: type[Any], body: bytes) -> Any:
    wire.check_protobuf(body, message.DESCRIPTOR)
    try:
        return message.FromString(body)
    except DecodeError as error:
        raise RefusedError(400, f"the body is not a protobuf {message.DESCRIPTOR.name}") from error


def _from_json(message: type[Any], body: bytes) -> Any:
    wire.check_json(body)
    try:
        document = json.loads(body or b"{}", object_hook=_ids_as_base64)
        if not isinstance(document, dict):
            raise TypeError("an export request is an object")
        return ParseDict(document, message(), ignore_unknown_fields=True)
    except (ValueError, ParseError, RecursionError, TypeError, AttributeError) as error:
        raise RefusedError(400, f"the body is not a JSON {message.DESCRIPTOR.name}") from error


def _ids_as_base64(item: dict[str, Any]) -> dict[str, Any]:
    """OTLP writes ids in JSON as hex (OTLP specification, JSON Protobuf Encoding); protobuf's parser wants base64."""
    for key in ("traceId", "spanId", "parentSpanId"):
        if isinstance(item.get(key), str):
            item[key] = b64encode(bytes.fromhex(item[key])).decode()
    return item


def _traces(request: Any) -> Batch:
    spans, refused = [], 0
    for service, span in _items(request.resource_spans, "scope_spans", "spans"):
        if _valid(span.trace_id, 16) and _valid(span.span_id, 8):
            spans.append(_span(service, span))
        else:
            refused += 1
    return Batch(spans, [], 0, refused)


def _logs(request: Any) -> Batch:
    logs = [_log_line(*item) for item in _items(request.resource_logs, "scope_logs", "log_records")]
    return Batch([], logs, 0, 0)


def _metrics(request: Any) -> Batch:
    metrics = _items(request.resource_metrics, "scope_metrics", "metrics")
    points = sum(len(getattr(metric, kind).data_points) for _, metric in metrics if (kind := metric.WhichOneof("data")))
    return Batch([], [], points, 0)


TRACES = Signal(trace_pb.ExportTraceServiceRequest, _traces, trace_pb.ExportTraceServiceResponse, "rejected_spans")
LOGS = Signal(logs_pb.ExportLogsServiceRequest, _logs, logs_pb.ExportLogsServiceResponse, "rejected_log_records")
METRICS = Signal(
    metrics_pb.ExportMetricsServiceRequest, _metrics, metrics_pb.ExportMetricsServiceResponse, "rejected_data_points"
)


def _items(resources: Any, scopes: str, items: str) -> Iterator[tuple[str, Any]]:
    """Every item of a request with its service; refuses the request before the first one when they are too many."""
    count = sum(len(getattr(scope, items)) for resource in resources for scope in getattr(resource, scopes))
    if count > limits.ITEMS:
        raise RefusedError(413, f"{count} items in one request; at most {limits.ITEMS} are taken, send smaller batches")
    for resource in resources:
        service = _service(resource)
        for scope in getattr(resource, scopes):
            for item in getattr(scope, items):
                yield service, item


def _service(resource: Any) -> str:
    for pair in resource.resource.attributes:
        if pair.key == "service.name":
            return cut(pair.value.string_value, limits.KEY_CHARS)
    return "unknown_service"


def _valid(identifier: bytes, size: int) -> bool:
    return len(identifier) == size and any(identifier)


def _span(service: str, span: Any) -> Span:
    parent = span.parent_span_id.hex()
    return Span(
        trace_id=span.trace_id.hex(),
        span_id=span.span_id.hex(),
        parent_id="" if parent in _NO_ID else parent,
        name=cut(span.name, limits.KEY_CHARS),
        kind=_KINDS[span.kind] if 0 <= span.kind < len(_KINDS) else "INTERNAL",
        service=service,
        start=span.start_time_unix_nano,
        end=max(span.start_time_unix_nano, span.end_time_unix_nano),
        failed=span.status.code == _STATUS_ERROR,
        status=cut(span.status.message, limits.VALUE_CHARS),
        failures=tuple(_failures(span)),
        attributes=attributes(span.attributes),
    )


def _failures(span: Any) -> Iterator[Failure]:
    for event in span.events[: limits.EVENTS]:
        if event.name == "exception" and (failure := _failure(attributes(event.attributes))):
            yield failure


def _failure(of: Attributes) -> Failure | None:
    """The exception that a span event or log record describes (semantic conventions, Exceptions)."""
    kind, message = of.get("exception.type"), of.get("exception.message")
    if kind is None and message is None:
        return None
    frames = _FRAME.findall(str(of.get("exception.stacktrace", "")))
    return Failure(str(kind or "exception"), str(message or ""), _place(*frames[-1]) if frames else "")


def _place(file: str, line: str, function: str) -> str:
    """`module.py:41 in charge`, with the two folders above it that tell one module from another."""
    short = "/".join(file.replace("\\", "/").split("/")[-3:])
    return f"{short}:{line} in {function}"


def _log_line(service: str, record: Any) -> LogLine:
    found = attributes(record.attributes)
    trace_id, span_id = record.trace_id.hex(), record.span_id.hex()
    body = plain(record.body)
    return LogLine(
        trace_id="" if trace_id in _NO_ID else trace_id,
        span_id="" if span_id in _NO_ID else span_id,
        service=service,
        time=record.time_unix_nano or record.observed_time_unix_nano,
        level=cut(record.severity_text, limits.KEY_CHARS) or _level(record.severity_number),
        severity=record.severity_number,
        body=cut(body if isinstance(body, str) else json.dumps(body), limits.BODY_CHARS),
        failure=_failure(found),
        attributes=found,
    )


def _level(severity: int) -> str:
    """The short name of a severity number's range (log data model, SeverityNumber)."""
    names = ("", "TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL")
    return names[(severity + 3) // 4] if 0 < severity <= 24 else ""
