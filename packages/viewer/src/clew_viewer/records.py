"""What the viewer knows of a span and of a log record once they are decoded."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

Value: TypeAlias = "str | int | float | bool | list[Value] | dict[str, Value] | None"
Attributes: TypeAlias = "dict[str, Value]"


class Failure(NamedTuple):
    """An exception as it was recorded; place is the innermost frame, `file:line in function`."""

    type: str
    message: str
    place: str


class Span(NamedTuple):
    """One operation; ids are lower-case hex, times are nanoseconds since 1970."""

    trace_id: str
    span_id: str
    parent_id: str
    name: str
    kind: str
    service: str
    start: int
    end: int
    failed: bool
    status: str
    failures: tuple[Failure, ...]
    attributes: Attributes


class LogLine(NamedTuple):
    """One log record; level is the text that the application knows, severity OpenTelemetry's number."""

    trace_id: str
    span_id: str
    service: str
    time: int
    level: str
    severity: int
    body: str
    failure: Failure | None
    attributes: Attributes


class Batch(NamedTuple):
    """What one export request held; refused counts the items that belong to no valid trace or span."""

    spans: list[Span]
    logs: list[LogLine]
    points: int
    refused: int


# clew's own attribute first; the others are what applications and the incumbent's plugins write.
REQUEST_ID_KEYS = ("request.id", "http.request.header.x-request-id", "http.request.header.x_request_id", "request_id")


def request_id(attributes: Attributes) -> str:
    """The request ID among the attributes of a span or log record, or nothing."""
    for key in REQUEST_ID_KEYS:
        found = attributes.get(key)
        if isinstance(found, list):
            found = found[0] if found else None
        if isinstance(found, str) and found:
            return found
    return ""
