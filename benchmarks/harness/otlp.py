"""Counts what an OTLP request body holds by walking the protobuf wire format: no library, no objects.

Field numbers are those of opentelemetry-proto 1.x.
"""

from __future__ import annotations

from collections.abc import Iterator

RESOURCES, SCOPES, ITEMS = 1, 2, 2  # resource_*, scope_*, and spans, metrics or log_records within them
TRACE_ID, SPAN_ID = 1, 2
POINTS = 1  # data_points of every kind of metric
KINDS_OF_METRIC = (5, 7, 9, 10, 11)


def spans(body: bytes) -> list[bytes]:
    """The IDs (trace and span) of all spans in an ExportTraceServiceRequest."""
    return [identity(span) for span in items(body)]


def log_records(body: bytes) -> int:
    return sum(1 for _ in items(body))


def points(body: bytes) -> int:
    """The data points of all metrics in an ExportMetricsServiceRequest."""
    return sum(
        1
        for metric in items(body)
        for kind in KINDS_OF_METRIC
        for data in children(metric, kind)
        for _ in children(data, POINTS)
    )


def items(body: bytes) -> Iterator[memoryview]:
    for resource in children(memoryview(body), RESOURCES):
        for scope in children(resource, SCOPES):
            yield from children(scope, ITEMS)


def identity(span: memoryview) -> bytes:
    found = {}
    for number, value in fields(span):
        if number in (TRACE_ID, SPAN_ID):
            found[number] = bytes(value)
            if len(found) == 2:
                break
    return found.get(TRACE_ID, b"") + found.get(SPAN_ID, b"")


def children(message: memoryview, wanted: int) -> Iterator[memoryview]:
    return (value for number, value in fields(message) if number == wanted)


def fields(message: memoryview) -> Iterator[tuple[int, memoryview]]:
    """The length-delimited fields of a message; others are skipped.

    Raises ValueError where the bytes are not protobuf.
    """
    position, end = 0, len(message)
    while position < end:
        tag, position = varint(message, position)
        kind = tag & 7
        if kind == 2:
            length, position = varint(message, position)
            if position + length > end:
                raise ValueError(f"field {tag >> 3} ends {position + length - end} bytes behind its message")
            yield tag >> 3, message[position : position + length]
            position += length
        elif kind == 0:
            _, position = varint(message, position)
        elif kind in (1, 5):
            position += 8 if kind == 1 else 4
        else:
            raise ValueError(f"wire type {kind} is not one that OTLP uses")


def varint(message: memoryview, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if position >= len(message):
            raise ValueError("a number ends behind its message")
        byte = message[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
        shift += 7
