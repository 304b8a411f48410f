"""Decodes msgpack without a library: the sink runs on whatever Python runs the benchmarks."""

from __future__ import annotations

import struct
from typing import Any

NUMBERS = {0xCA: ">f", 0xCB: ">d", 0xCC: ">B", 0xCD: ">H", 0xCE: ">I", 0xCF: ">Q"} | {
    0xD0: ">b", 0xD1: ">h", 0xD2: ">i", 0xD3: ">q",
}  # fmt: skip
CONSTANTS = {0xC0: None, 0xC2: False, 0xC3: True}
SIZES = (">B", ">H", ">I")
BYTES, EXTENSIONS, FIXED_EXTENSIONS, STRINGS, ARRAYS, MAPS = 0xC4, 0xC7, 0xD4, 0xD9, 0xDC, 0xDE


def decode(data: bytes) -> Any:
    """The value that the bytes hold; ValueError where they are not msgpack."""
    try:
        value, end = read(data, 0)
    except (struct.error, IndexError, UnicodeDecodeError, TypeError) as error:
        raise ValueError(f"not msgpack: {error}") from error
    if end != len(data):
        raise ValueError(f"{len(data) - end} bytes behind the value")
    return value


def read(data: bytes, at: int) -> tuple[Any, int]:
    """The value that begins at a position, and the position behind it."""
    kind, at = data[at], at + 1
    if kind < 0x80 or kind >= 0xE0:
        return (kind if kind < 0x80 else kind - 0x100), at
    if kind < 0xC0:
        return short(data, at, kind)
    if kind in CONSTANTS:
        return CONSTANTS[kind], at
    if kind in NUMBERS:
        return number(data, at, NUMBERS[kind])
    for first, count in ((BYTES, 3), (EXTENSIONS, 3), (STRINGS, 3)):
        if first <= kind < first + count:
            size, at = number(data, at, SIZES[kind - first])
            return text(data, at + (first == EXTENSIONS), size, first == STRINGS)
    if FIXED_EXTENSIONS <= kind < STRINGS:
        return text(data, at + 1, 1 << (kind - FIXED_EXTENSIONS), False)
    if ARRAYS <= kind < MAPS:
        return array(data, *number(data, at, SIZES[1 + kind - ARRAYS]))
    if kind >= MAPS:
        return mapping(data, *number(data, at, SIZES[1 + kind - MAPS]))
    raise ValueError(f"not msgpack: 0x{kind:02x} begins nothing")


def short(data: bytes, at: int, kind: int) -> tuple[Any, int]:
    """Values whose size stands in their first byte."""
    if kind < 0x90:
        return mapping(data, kind & 0x0F, at)
    return array(data, kind & 0x0F, at) if kind < 0xA0 else text(data, at, kind & 0x1F, True)


def number(data: bytes, at: int, layout: str) -> tuple[Any, int]:
    return struct.unpack_from(layout, data, at)[0], at + struct.calcsize(layout)


def text(data: bytes, at: int, size: int, decoded: bool) -> tuple[Any, int]:
    end = at + size
    if end > len(data):
        raise IndexError("a text ends behind its message")
    return (data[at:end].decode() if decoded else data[at:end]), end


def array(data: bytes, size: int, at: int) -> tuple[list[Any], int]:
    values = []
    for _ in range(size):
        value, at = read(data, at)
        values.append(value)
    return values, at


def mapping(data: bytes, size: int, at: int) -> tuple[dict[Any, Any], int]:
    values = {}
    for _ in range(size):
        key, at = read(data, at)
        values[key], at = read(data, at)
    return values, at
