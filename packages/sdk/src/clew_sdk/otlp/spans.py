"""A span as bytes of opentelemetry.proto.trace.v1.Span."""

from __future__ import annotations

from collections.abc import Iterable
from struct import Struct
from typing import Any

from clew_sdk.limits import Limits
from clew_sdk.otlp.values import Attributes, described
from clew_sdk.otlp.wire import block, count, fixed64, text, varint
from clew_sdk.span import DESCRIPTION, DROPPED, DROPPED_EVENTS, DROPPED_LINKS, EVENTS, LINKS, Span

pack_root = Struct(">HQ").pack
pack_child = Struct(">HQHQ").pack
pack_times = Struct("<BQBQ").pack
#: Whether the parent is remote, which we always know: field `flags`.
LOCAL, REMOTE = b"\x85\x01\x00\x01\x00\x00", b"\x85\x01\x00\x03\x00\x00"
#: Field `status`.
UNSET, FAILED = b"\x7a\x00", b"\x7a\x02\x18\x02"
_LAST_NANOSECOND = 2**64 - 1


class SpanEncoder:
    """Encodes spans within one set of limits; remembers names and attributes that repeat."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self.attributes = Attributes(b"\x4a", limits.attributes, limits.value_length)
        self._event_attributes = Attributes(b"\x1a", limits.event_attributes, limits.value_length)
        self._link_attributes = Attributes(b"\x22", limits.link_attributes, limits.value_length)
        self._last: tuple[str, bytes] = "", b""
        self._heads: tuple[dict[str, bytes], ...] = ({}, {}, {}, {}, {})

    def encode(self, span: Span) -> bytes:
        """The whole message. Never raises an Exception, whatever the application put into the span."""
        rare = span._rare
        attributes, dropped = self.attributes.encode(span._attributes)
        parts = [
            span._lineage.head or span._lineage.encode(),
            _ids(span._span_id, span._parent_id),
            self.head(span._name, span._kind),
        ]
        parts += [_times(span.start_time, span.end_time), attributes]
        if rare:
            dropped += rare.get(DROPPED, 0)
            parts.append(self._events(rare.get(EVENTS, ()), rare.get(DROPPED_EVENTS, 0)))
            parts.append(self._links(rare.get(LINKS, ()), rare.get(DROPPED_LINKS, 0)))
        if dropped:
            parts.append(b"\x50" + varint(dropped))
        parts.append(_status(span._status, rare.get(DESCRIPTION), self._limits) if span._status else UNSET)
        parts.append(REMOTE if span._remote else LOCAL)
        return b"".join(parts)

    def request_id(self, request_id: str) -> bytes:
        """The attribute `request.id`; spans of one request often end one after another."""
        last, field = self._last
        if request_id is not last:
            field = self.attributes.text("request.id", request_id)
            self._last = request_id, field
        return field

    def head(self, name: Any, kind: Any) -> bytes:
        """Name and kind."""
        known: bytes | None
        try:
            heads = self._heads[kind._value_]
            known = heads.get(name)
        except Exception:  # noqa: BLE001  no SpanKind, or a name that cannot be looked up
            return text(b"\x2a", described(name)[: self._limits.value_length]) + b"\x30\x01"
        if known is None:
            known = text(b"\x2a", described(name)[: self._limits.value_length]) + bytes((0x30, kind._value_ + 1))
            if len(heads) >= 1024:
                heads.clear()
            heads[name] = known
        return known

    def _events(self, events: Iterable[tuple[Any, Any, int]], dropped: int) -> bytes:
        encoded = []
        for name, attributes, timestamp in list(events):
            fields, missing = self._event_attributes.encode(attributes)
            encoded.append(
                block(b"\x5a", _moment(b"\x09", timestamp) + self._name(name) + fields + count(b"\x20", missing))
            )
        return b"".join(encoded) + count(b"\x60", dropped)

    def _name(self, name: Any) -> bytes:
        return text(b"\x12", described(name)[: self._limits.value_length])

    def _links(self, links: Iterable[tuple[Any, Any]], dropped: int) -> bytes:
        encoded = []
        for context, attributes in list(links):
            fields, missing = self._link_attributes.encode(attributes)
            ids = b"\x0a\x10%b\x12\x08%b" % (context.trace_id.to_bytes(16, "big"), context.span_id.to_bytes(8, "big"))
            flags = b"\x35\x00\x03\x00\x00" if context.is_remote else b"\x35\x00\x01\x00\x00"
            encoded.append(block(b"\x6a", ids + fields + count(b"\x28", missing) + flags))
        return b"".join(encoded) + count(b"\x70", dropped)


def _ids(span_id: int, parent_id: int) -> bytes:
    if parent_id:
        return pack_child(0x1208, span_id, 0x2208, parent_id)
    return pack_root(0x1208, span_id)


def _times(start: Any, end: Any) -> bytes:
    try:
        return pack_times(0x39, start, 0x41, end)
    except Exception:  # noqa: BLE001  an explicit time may be a float, negative, or no number
        return _moment(b"\x39", start) + _moment(b"\x41", end)


def _moment(tag: bytes, nanoseconds: Any) -> bytes:
    """A fixed64 time; what is no such time becomes 0, which OTLP reads as unknown."""
    try:
        number = int(nanoseconds)
    except Exception:  # noqa: BLE001
        return b""
    return tag + fixed64(number) if 0 < number <= _LAST_NANOSECOND else b""


def _status(code: int, description: str | None, limits: Limits) -> bytes:
    message = text(b"\x12", description[: limits.value_length]) if description else b""
    return block(b"\x7a", message + bytes((0x18, code)))
