"""Turns OTLP's attribute values into plain ones, cut where they are too long; the cut is marked."""

from __future__ import annotations

from collections.abc import Iterable

from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

from clew_viewer import limits
from clew_viewer.records import Attributes, Value


def attributes(pairs: Iterable[KeyValue], depth: int = limits.DEPTH) -> Attributes:
    """The first of a set of attributes as a dictionary; how many were left out stands under `…`."""
    found: Attributes = {}
    left_out = 0
    for pair in pairs:
        if len(found) >= limits.ATTRIBUTES:
            left_out += 1
        else:
            found[cut(pair.key, limits.KEY_CHARS)] = plain(pair.value, depth)
    if left_out:
        found["…"] = f"{left_out} more attributes"
    return found


def plain(value: AnyValue, depth: int = limits.DEPTH) -> Value:
    """One value: a string, number or boolean as it is, bytes as hex, arrays and maps as lists and dictionaries."""
    kind = value.WhichOneof("value")
    if kind is None:
        return None
    if kind == "string_value":
        return cut(value.string_value, limits.VALUE_CHARS)
    if kind == "bytes_value":
        return cut(value.bytes_value[: limits.VALUE_CHARS].hex(), limits.VALUE_CHARS)
    if kind == "array_value":
        return [plain(one, depth - 1) for one in value.array_value.values[: limits.ATTRIBUTES]] if depth else "…"
    if kind == "kvlist_value":
        return attributes(value.kvlist_value.values, depth - 1) if depth else "…"
    scalar: Value = getattr(value, kind)
    return scalar


def cut(text: str, chars: int) -> str:
    """The text, or its beginning with a mark that says how long it was."""
    return text if len(text) <= chars else f"{text[:chars]}… (cut, {len(text)} characters)"
