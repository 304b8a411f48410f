"""What was recorded by clew-sdk: the bytes that would go to the collector, read again. The contracts run over it, too.

clew-sdk takes down in shorthand what another SDK is told at once, so what holds over one need not hold over the other.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from types import SimpleNamespace
from typing import Any

from opentelemetry._logs import SeverityNumber
from opentelemetry.proto.logs.v1.logs_pb2 import ScopeLogs
from opentelemetry.proto.trace.v1.trace_pb2 import ScopeSpans
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceState

from clew.testing.recording import Recording
from clew_sdk.lineage import NEW
from clew_sdk.logs import LoggerProvider
from clew_sdk.metrics.provider import MeterProvider
from clew_sdk.pipeline import Pipeline
from clew_sdk.traces import TracerProvider
from servers.sink import attributes_of, value_of

PATIENCE = 10.0
REMOTE = 0x200  # of a span's flags in OTLP


class OwnRecording(Recording):
    def __init__(self) -> None:
        self._pipeline = Pipeline()
        self._pipeline.worker.channels = ()  # nobody sends
        self._pipeline.worker.listeners = [self._pipeline.notes]
        self._resource = Resource({"service.name": "test"})
        options: dict[str, Any] = {"resource": self._resource, "pipeline": self._pipeline}
        self._reader = InMemoryMetricReader()
        self.tracer_provider = TracerProvider(**options)  # type: ignore[assignment]
        self.meter_provider = MeterProvider([self._reader], **options)  # type: ignore[assignment]
        self.logger_provider = LoggerProvider(**options)  # type: ignore[assignment]
        self._seen = {}
        self._ended: list[ReadableSpan] = []
        self._lines: list[Any] = []

    def clear(self) -> None:
        self._take()
        self._ended.clear()
        self._lines.clear()
        self._seen = {key: (point.count, point.sum) for key, point in self._points()}

    def spans(self) -> Sequence[ReadableSpan]:
        self._take()
        return tuple(sorted(self._ended, key=lambda span: span.end_time or 0))

    def logs(self) -> list[Any]:
        self._take()
        return list(self._lines)

    def _all(self) -> Iterator[tuple[Any, Any, Any]]:
        self._take()
        return super()._all()

    def _take(self) -> None:
        self._pipeline.notes.write_out(PATIENCE)
        for scope, records in self._parcels("traces"):
            self._ended += [self._span(scope, span) for span in ScopeSpans.FromString(records).spans]
        for _, records in self._parcels("logs"):
            self._lines += map(_line, ScopeLogs.FromString(records).log_records)

    def _parcels(self, signal: str) -> Iterator[tuple[Any, bytes]]:
        while batch := self._pipeline.outboxes[signal].take():
            for some in batch:
                yield some.scope, b"".join(some.records)

    def _span(self, scope: Any, span: Any) -> ReadableSpan:
        trace_id, state = int.from_bytes(span.trace_id, "big"), TraceState.from_header([span.trace_state])
        flags = NEW  # OTLP tells only whether the parent is remote
        parent = None
        if span.parent_span_id:
            parent_id = int.from_bytes(span.parent_span_id, "big")
            parent = SpanContext(trace_id, parent_id, bool(span.flags & REMOTE), flags, state)
        return ReadableSpan(
            name=span.name,
            context=SpanContext(trace_id, int.from_bytes(span.span_id, "big"), False, flags, state),
            parent=parent,
            resource=self._resource,
            attributes=_attributes(span),
            events=[Event(event.name, _attributes(event), event.time_unix_nano) for event in span.events],
            links=[
                Link(
                    SpanContext(int.from_bytes(link.trace_id, "big"), int.from_bytes(link.span_id, "big"), True),
                    _attributes(link),
                )
                for link in span.links
            ],
            kind=SpanKind(span.kind - 1),
            status=Status(StatusCode(span.status.code), span.status.message or None),
            start_time=span.start_time_unix_nano,
            end_time=span.end_time_unix_nano,
            instrumentation_scope=InstrumentationScope(scope.name, scope.version, scope.schema_url),
        )


def _attributes(record: Any) -> dict[str, Any]:
    """Arrays as tuples, as opentelemetry-sdk shows them."""
    return {name: tuple(value) if isinstance(value, list) else value for name, value in attributes_of(record).items()}


def _line(record: Any) -> Any:
    return SimpleNamespace(
        body=value_of(record.body),
        timestamp=record.time_unix_nano,
        severity_text=record.severity_text,
        severity_number=SeverityNumber(record.severity_number),
        attributes=_attributes(record),
        trace_id=int.from_bytes(record.trace_id, "big"),
        span_id=int.from_bytes(record.span_id, "big"),
        trace_flags=record.flags,
        event_name=record.event_name,
    )
