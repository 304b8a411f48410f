"""The requests of the three OTLP services, which are alike in everything but their records."""

from __future__ import annotations

from collections.abc import Iterable

from clew_sdk.otlp.wire import block, text, varint
from clew_sdk.resource import Resource
from clew_sdk.scope import Scope

_FIELDS = tuple(b"\x12" + varint(size) for size in range(2048))


def field(record: bytes) -> bytes:
    """A span, a metric or a log record as it stands among its scope's others, with its length before it."""
    size = len(record)
    return (_FIELDS[size] if size < len(_FIELDS) else b"\x12" + varint(size)) + record


def export_request(items: Iterable[tuple[Scope, Iterable[bytes], int, int]]) -> bytes:
    """An ExportTraceServiceRequest, ExportMetricsServiceRequest or ExportLogsServiceRequest, of parcels."""
    by_scope: dict[Scope, list[bytes]] = {}
    for scope, records, _, _ in items:
        gathered = by_scope.get(scope)
        if gathered is None:
            gathered = by_scope[scope] = [scope.encoded]
        gathered += records
    by_resource: dict[Resource, list[bytes]] = {}
    for scope, records in by_scope.items():
        records.append(text(b"\x1a", scope.schema_url))
        by_resource.setdefault(scope.resource, []).append(block(b"\x12", b"".join(records)))
    return b"".join(
        block(b"\x0a", b"".join((resource.encoded, *scopes, text(b"\x1a", resource.schema_url))))
        for resource, scopes in by_resource.items()
    )


def rejected_records(response: bytes) -> int:
    """How many records a partial success did not take. Anything that cannot be read counts as none."""
    try:
        rejected = _field(_field(response, 1), 1)
    except IndexError:
        return 0
    return rejected if isinstance(rejected, int) else 0


def _field(message: bytes | int | None, wanted: int) -> bytes | int | None:
    """A varint or length-delimited field of a message; None when it is not there."""
    if not isinstance(message, bytes):
        return None
    at, found = 0, None
    while at < len(message):
        tag, at = _varint(message, at)
        value: bytes | int
        if tag & 7 == 0:
            value, at = _varint(message, at)
        elif tag & 7 == 2:
            length, at = _varint(message, at)
            value, at = message[at : at + length], at + length
        else:
            return found  # neither service uses another kind of field
        if tag >> 3 == wanted:
            found = value
    return found


def _varint(message: bytes, at: int) -> tuple[int, int]:
    number = shift = 0
    while True:
        byte = message[at]
        number |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128 or shift > 63:
            return number, at
