"""Counts what a request holds before objects exist: 4 kB of gzip can hold two million empty spans."""

from __future__ import annotations

from functools import cache
from typing import Any

from clew_viewer import limits
from clew_viewer.limits import RefusedError

_TOO_MANY = f"a request may hold {limits.MESSAGES} nested values; send smaller batches"


def check_protobuf(body: bytes, descriptor: Any) -> None:
    """Refuses a body of too many or too deeply nested messages; small ones cannot hold enough to do harm.

    A message is two bytes on the wire at least and about fifty in memory.
    """
    if len(body) > limits.UNCOUNTED_BYTES:
        try:
            _count(body, 0, len(body), _children(descriptor), (limits.MESSAGES, limits.DEPTH))
        except IndexError:
            raise RefusedError(400, "the body is not OTLP protobuf: it ends within a field") from None


def check_json(body: bytes) -> None:
    """The same for JSON, whose objects and arrays are counted by their opening brackets."""
    if body.count(b"{") + body.count(b"[") > limits.MESSAGES:
        raise RefusedError(413, _TOO_MANY)


def _count(body: bytes, at: int, end: int, children: dict[int, Any], left: tuple[int, int]) -> int:
    """Walks one message by the rules of the protobuf wire format; returns how many messages are still allowed."""
    messages, depth = left
    if not depth:
        raise RefusedError(413, f"values may be nested {limits.DEPTH} deep")
    while at < end:
        tag, at = _varint(body, at)
        kind = tag & 7
        if kind == 2:
            size, at = _varint(body, at)
            child = children.get(tag >> 3)
            if child is not None:
                if not messages:
                    raise RefusedError(413, _TOO_MANY)
                messages = _count(body, at, at + size, _children(child), (messages - 1, depth - 1))
            at += size
        elif kind == 0:
            _, at = _varint(body, at)
        elif kind in (1, 5):
            at += 8 if kind == 1 else 4
        else:
            raise RefusedError(400, "the body is not OTLP protobuf: it uses groups")
    if at > end:
        raise IndexError
    return messages


def _varint(body: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = body[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
        shift += 7
        if shift > 63:
            raise IndexError


@cache
def _children(descriptor: Any) -> dict[int, Any]:
    """The fields of a message that hold messages, by number."""
    return {field.number: field.message_type for field in descriptor.fields if field.message_type is not None}
