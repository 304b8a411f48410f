"""Protobuf's wire format: the four kinds of field that OTLP uses."""

from __future__ import annotations

from struct import Struct

double = Struct("<d").pack
fixed32 = Struct("<I").pack
fixed64 = Struct("<Q").pack
_SIZES = [bytes((n,)) if n < 128 else bytes((n & 127 | 128, n >> 7)) for n in range(1024)]


def varint(number: int) -> bytes:
    """A number of 0 to 2**64 - 1 in base 128, lowest group first."""
    if number < 1024:
        return _SIZES[number]
    groups = bytearray()
    while number > 127:
        groups.append(number & 127 | 128)
        number >>= 7
    groups.append(number)
    return bytes(groups)


def signed(number: int) -> bytes:
    """An int64 as a varint: a negative number takes ten bytes."""
    return varint(number & 0xFFFFFFFFFFFFFFFF)


def block(tag: bytes, content: bytes) -> bytes:
    """A field of bytes, a string or a message: tag, length, content."""
    return tag + varint(len(content)) + content


def text(tag: bytes, string: str) -> bytes:
    """A string field that is left out when it is empty. What UTF-8 cannot say (lone surrogates) becomes `?`."""
    return block(tag, utf8(string)) if string else b""


def utf8(string: str) -> bytes:
    return string.encode("utf-8", "replace")


def count(tag: bytes, number: int) -> bytes:
    """An unsigned field that is left out when it is 0."""
    return tag + varint(number) if number else b""
