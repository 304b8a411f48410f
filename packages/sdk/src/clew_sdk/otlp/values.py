"""Attributes and the values in them, whatever an application puts there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from struct import Struct
from typing import Any

from clew_sdk.limits import ARRAY_VALUES, DEPTH, KEY_LENGTH, VALUE_LENGTH, longest_stack
from clew_sdk.otlp.wire import block, double, signed, utf8, varint

STACK = "exception.stacktrace"
REMEMBERED = 2048  # pairs
REMEMBERED_LENGTH = 200  # characters of a value; longer ones seldom come twice
pack_double = Struct("<d").pack


class UnencodableError(Exception):
    """An attribute that OTLP has no place for: no key, or a key that is not a string."""


class Attributes(dict[tuple[str, Any, type], bytes]):
    """Encodes attributes as one repeated field of KeyValue, and remembers what is short and may repeat.

    By key, value and type: 1, True and 1.0 are equal and would be taken for one another.
    """

    def __init__(self, tag: bytes, most: int = 128, value_length: int = VALUE_LENGTH) -> None:
        super().__init__()
        self._tag, self._most, self._value_length = tag, most, value_length
        self._stack_length = longest_stack(value_length)
        self._keys: dict[str, bytes] = {}
        self._openings: dict[str, list[bytes]] = {}
        self._before_doubles: dict[str, bytes] = {}

    def encode(self, attributes: Mapping[str, Any]) -> tuple[bytes, int]:
        """The encoded fields and the number of attributes that were dropped. Never raises an Exception."""
        try:
            if len(attributes) <= self._most:
                values = attributes.values()
                return b"".join(map(self.__getitem__, zip(attributes, values, map(type, values)))), 0  # noqa: B905
        except Exception:  # noqa: BLE001, S110  lists cannot be looked up; foreign __hash__ may do anything
            pass
        return self._one_by_one(attributes)

    def text(self, key: str, value: str) -> bytes:
        """One field whose value seldom comes twice: nothing is remembered but how such a field begins."""
        data = value.encode("utf-8", "replace")
        try:
            return self._openings[key][len(data)] + data
        except LookupError:
            return self._long_text(key, value)

    def _long_text(self, key: str, value: str) -> bytes:
        """As well a short one of a key that is new: all that stands before a string of 0, 1, 2, ... bytes is made then,
        as long as every length takes one byte."""
        begun = self._key(key)
        self._openings[key] = [
            self._tag + bytes((len(begun) + 3 + size,)) + begun + bytes((size + 2, 0x0A, size))
            for size in range(max(0, min(125 - len(begun), self._value_length + 1)))
        ]
        return block(self._tag, begun + _length_first(block(b"\x0a", utf8(value[: self._value_length]))))

    def _one_by_one(self, attributes: Mapping[str, Any]) -> tuple[bytes, int]:
        fields: list[bytes] = []
        dropped = 0
        for item in snapshot(attributes):
            try:
                if len(fields) >= self._most:
                    raise UnencodableError
                fields.append(self.__missing__((*item, type(item[1]))))
            except Exception:  # noqa: BLE001  __str__ and __len__ of a value are the application's code
                dropped += 1
        return b"".join(fields), dropped

    def __missing__(self, item: tuple[str, Any, type]) -> bytes:
        key, value, kind = item
        if kind is float:  # durations: no two are the same
            return (self._before_doubles.get(key) or self._before_double(key)) + pack_double(value)
        longest = self._value_length
        if key == STACK and kind is str:
            longest = self._stack_length
            value = value[-longest:]  # where it happened is told at the end
        field = block(self._tag, self._key(key) + _length_first(any_value(value, longest)))
        if kind is int or kind is bool or (kind is str and len(value) <= REMEMBERED_LENGTH):
            remember(self, item, field)
        return field

    def _before_double(self, key: str) -> bytes:
        """All of a field but the eight bytes of the number."""
        opening = block(self._tag, self._key(key) + b"\x09\x21" + bytes(8))[:-8]
        return remember(self._before_doubles, key, opening)

    def _key(self, key: str) -> bytes:
        known = self._keys.get(key)
        if known is None:
            if not isinstance(key, str) or not 0 < len(key) <= KEY_LENGTH:
                raise UnencodableError
            known = remember(self._keys, key, block(b"\x0a", utf8(key)) + b"\x12")
        return known


def remember(memo: dict[Any, bytes], key: Any, encoded: bytes) -> bytes:
    """Starts anew when the memo is full: cheaper than knowing which entries are in use."""
    if len(memo) >= REMEMBERED:
        memo.clear()
    memo[key] = encoded
    return encoded


def snapshot(attributes: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """The items, also while another thread goes on setting some."""
    for _ in range(8):
        try:
            return list(attributes.items())
        except Exception:  # noqa: BLE001  "changed size during iteration", or no mapping at all
            continue
    return []


def copied(attributes: Any) -> dict[str, Any]:
    """A dict of one's own; empty when there is nothing usable. Never raises an Exception."""
    try:
        return dict(attributes) if attributes.__class__ is dict else dict(snapshot(attributes or {}))
    except Exception:  # noqa: BLE001
        return {}


def any_value(value: Any, longest: int) -> bytes:
    """The content of an AnyValue. Strings and bytes are cut at `longest`, deep and endless values at their limits."""
    return _any_value(value, longest, DEPTH, [ARRAY_VALUES])


def _any_value(value: Any, longest: int, depth: int, left: list[int]) -> bytes:
    left[0] -= 1
    if value is None or left[0] < 0:
        return b""
    if isinstance(value, str):
        return block(b"\x0a", utf8(str.__str__(value)[:longest]))
    if isinstance(value, bool):
        return b"\x10\x01" if value else b"\x10\x00"
    if isinstance(value, int):
        return _integer(int.__pos__(value))
    if isinstance(value, float):
        return b"\x21" + double(value)
    if isinstance(value, bytes):
        return block(b"\x3a", bytes.__getitem__(value, slice(longest)))
    if isinstance(value, (Sequence, Mapping)):
        if depth <= 0:
            return b""
        if isinstance(value, Sequence):
            return _array(value, longest, depth - 1, left)
        return _mapping(value, longest, depth - 1, left)
    return block(b"\x0a", utf8(described(value)[:longest]))


def _integer(value: int) -> bytes:
    """An int64, or, beyond it, the digits."""
    if -0x8000000000000000 <= value <= 0x7FFFFFFFFFFFFFFF:
        return b"\x18" + signed(value)
    return block(b"\x0a", (str(value) if value.bit_length() < 4096 else hex(value)[:1024]).encode())


def _array(values: Sequence[Any], longest: int, depth: int, left: list[int]) -> bytes:
    encoded = []
    for value in values:
        if left[0] <= 0:
            break
        encoded.append(block(b"\x0a", _any_value(value, longest, depth, left)))
    return block(b"\x2a", b"".join(encoded))


def _mapping(values: Mapping[Any, Any], longest: int, depth: int, left: list[int]) -> bytes:
    encoded = []
    for key, value in snapshot(values):
        if left[0] <= 0:
            break
        name = utf8(described(key)[:KEY_LENGTH])
        encoded.append(
            block(b"\x0a", block(b"\x0a", name) + b"\x12" + _length_first(_any_value(value, longest, depth, left)))
        )
    return block(b"\x32", b"".join(encoded))


def described(value: Any) -> str:
    """str(value), or the type's name when that raises or the type never said how to print it."""
    if isinstance(value, str):
        return str.__str__(value)
    kind: Any = type(value)
    if kind.__str__ is object.__str__ and kind.__repr__ is object.__repr__:
        return str(kind.__qualname__)
    try:
        return str(value)
    except Exception:  # noqa: BLE001
        return str(kind.__qualname__)


def _length_first(content: bytes) -> bytes:
    return varint(len(content)) + content
