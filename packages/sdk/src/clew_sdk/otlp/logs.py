"""A log record as bytes of opentelemetry.proto.logs.v1.LogRecord."""

from __future__ import annotations

from struct import Struct
from typing import Any, NamedTuple

from clew_sdk.limits import Limits
from clew_sdk.otlp.values import Attributes, any_value, described, remember
from clew_sdk.otlp.wire import block, count, fixed32, text, utf8

BODY_LENGTH = 16384
_TIME, _OBSERVED = 0x09, 0x59
_times = Struct("<BQBQ").pack


class Entry(NamedTuple):
    """A log record in plain values. Times in nanoseconds, 0 for unknown; IDs are 0 outside a trace."""

    timestamp: int
    observed: int
    severity: int
    severity_text: str
    body: Any
    attributes: dict[str, Any]
    trace_id: int
    span_id: int
    flags: int
    event_name: str


class LogEncoder:
    """Encodes log records within one set of limits."""

    def __init__(self, limits: Limits) -> None:
        self._attributes = Attributes(b"\x32", limits.attributes, limits.value_length)
        self._severities: dict[tuple[int, str], bytes] = {}

    def encode(self, entry: Entry) -> bytes:
        """Raises for IDs and times that are none; what an application says in body and attributes cannot fail."""
        fields, dropped = self._attributes.encode(entry.attributes)
        severity = entry.severity, entry.severity_text
        return b"".join(
            (
                _times(_TIME, entry.timestamp, _OBSERVED, entry.observed),
                self._severities.get(severity) or self._severity(severity),
                block(b"\x2a", _body(entry.body)),
                fields,
                count(b"\x38", dropped),
                b"\x45" + fixed32(entry.flags),
                b"\x4a\x10" + entry.trace_id.to_bytes(16, "big") if entry.trace_id else b"",
                b"\x52\x08" + entry.span_id.to_bytes(8, "big") if entry.span_id else b"",
                text(b"\x62", described(entry.event_name)[:256]) if entry.event_name else b"",
            )
        )

    def _severity(self, severity: tuple[int, str]) -> bytes:
        number, name = severity
        return remember(self._severities, severity, count(b"\x10", number) + text(b"\x1a", described(name)[:256]))


def _body(body: Any) -> bytes:
    if body.__class__ is str:
        return block(b"\x0a", utf8(body[:BODY_LENGTH]))
    try:
        return any_value(body, BODY_LENGTH)
    except Exception:  # noqa: BLE001  a foreign sequence or number that fails
        return any_value(type(body).__qualname__, BODY_LENGTH)
