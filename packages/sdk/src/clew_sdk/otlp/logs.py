"""A log record as bytes of opentelemetry.proto.logs.v1.LogRecord."""

from __future__ import annotations

from struct import Struct
from typing import Any, NamedTuple

from clew_sdk.limits import Limits
from clew_sdk.otlp.values import Attributes, any_value, described, remember
from clew_sdk.otlp.wire import block, count, fixed32, text

BODY_LENGTH = 16384
_TIME, _OBSERVED = 0x09, 0x59
_times = Struct("<BQBQ").pack
#: Flags, trace ID and span ID, each after its tag, the IDs with their lengths.
_traced = Struct("<BIH16sH8s").pack


class Entry(NamedTuple):
    """A log record in plain values. Times in nanoseconds, 0 for unknown; IDs empty outside a trace.

    `request_id`: unless it is among the attributes.
    """

    timestamp: int
    observed: int
    severity: int
    severity_text: str
    body: Any
    attributes: dict[str, Any]
    trace_id: bytes
    span_id: bytes
    flags: int
    event_name: str
    request_id: str = ""


def ids(trace_id: int | None, span_id: int | None) -> tuple[bytes, bytes]:
    """As OTLP has them. Raises OverflowError for numbers that are none."""
    return trace_id.to_bytes(16, "big") if trace_id else b"", span_id.to_bytes(8, "big") if span_id else b""


class LogEncoder:
    """Encodes log records within one set of limits."""

    def __init__(self, limits: Limits) -> None:
        self._attributes = Attributes(b"\x32", limits.attributes, limits.value_length)
        self._severities: dict[tuple[int, str], bytes] = {}

    def encode(self, entry: Entry) -> bytes:
        """Raises for IDs and times that are none; what an application says in body and attributes cannot fail."""
        fields, dropped = self._attributes.encode(entry.attributes)
        severity = entry.severity, entry.severity_text
        parts = [
            _times(_TIME, entry.timestamp, _OBSERVED, entry.observed),
            self._severities.get(severity) or self._severity(severity),
            _body(entry.body),
            fields,
            _trace(entry.trace_id, entry.span_id, entry.flags),
        ]
        if entry.request_id:
            parts.append(self._attributes.text("request.id", entry.request_id))
        if dropped:
            parts.append(count(b"\x38", dropped))
        if entry.event_name:
            parts.append(text(b"\x62", described(entry.event_name)[:256]))
        return b"".join(parts)

    def _severity(self, severity: tuple[int, str]) -> bytes:
        number, name = severity
        return remember(self._severities, severity, count(b"\x10", number) + text(b"\x1a", described(name)[:256]))


def _trace(trace_id: bytes, span_id: bytes, flags: int) -> bytes:
    if trace_id and span_id:
        return _traced(0x45, flags, 0x104A, trace_id, 0x0852, span_id)
    found = b"\x45" + fixed32(flags)
    if trace_id:
        found += b"\x4a\x10" + trace_id
    return found + b"\x52\x08" + span_id if span_id else found


#: All that stands before a body of 0, 1, 2, ... bytes, as long as every length takes one byte.
_OPENINGS = tuple(bytes((0x2A, size + 2, 0x0A, size)) for size in range(126))


def _body(body: Any) -> bytes:
    if body.__class__ is str:
        data = body[:BODY_LENGTH].encode("utf-8", "replace")
        return _OPENINGS[len(data)] + data if len(data) < len(_OPENINGS) else block(b"\x2a", block(b"\x0a", data))
    try:
        return block(b"\x2a", any_value(body, BODY_LENGTH))
    except Exception:  # noqa: BLE001  a foreign sequence or number that fails
        return block(b"\x2a", any_value(type(body).__qualname__, BODY_LENGTH))
