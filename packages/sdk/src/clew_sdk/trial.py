"""A request as the pipeline sends it, to try whether somebody takes it."""

from __future__ import annotations

from opentelemetry.trace import SpanKind

from clew_sdk import ids, limits, resource
from clew_sdk.address import Address
from clew_sdk.deadline import Deadline, Hurry
from clew_sdk.endpoint import endpoint
from clew_sdk.native import monotonic, time_ns
from clew_sdk.otlp.request import export_request, field
from clew_sdk.otlp.spans import SpanEncoder, pack_root, pack_times
from clew_sdk.outbox import parcel
from clew_sdk.scope import Scope
from clew_sdk.transport import Outcome, Transport


def attempt(signal: str, name: str, seconds: float) -> tuple[Address, Outcome]:
    """Sends one request of a signal: a span of that name, or no records; where to, and what became of it."""
    transport = Transport(endpoint(signal))
    try:
        body = one_span(name) if signal == "traces" else b""
        return transport.address, transport.send(body, Deadline(monotonic() + seconds, Hurry()))
    finally:
        transport.close()


def one_span(name: str) -> bytes:
    """An export request with one span, a trace of its own, of the service that the environment names."""
    now = time_ns()
    span = b"".join(
        (
            b"\x0a\x10" + ids.random_bits(128).to_bytes(16, "big"),
            pack_root(0x1208, ids.random_bits(64) or 1),
            pack_times(0x39, now, 0x41, now),
            SpanEncoder(limits.Limits()).head(name, SpanKind.INTERNAL),
        )
    )
    return export_request([parcel(Scope(resource.detect(), "clew_sdk.trial", "", "", None), [field(span)])])
