"""What was recorded, in memory: spans, metric points and log records, by the SDK that stands behind the API."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from opentelemetry import _logs, metrics, trace
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import HistogramDataPoint, InMemoryMetricReader, NumberDataPoint
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from clew import settings
from clew.conventions.db_pool import Pool
from clew.plugin import Plugin


class Recording:
    """Everything that plugins record while it is in charge; one for each test process, cleared between tests."""

    def __init__(self) -> None:
        self._spans = InMemorySpanExporter()
        self._logs = InMemoryLogRecordExporter()  # type: ignore[no-untyped-call]
        self._resource = Resource.create({"service.name": "test"})
        tracers = TracerProvider(resource=self._resource)
        tracers.add_span_processor(SimpleSpanProcessor(self._spans))
        loggers = LoggerProvider(resource=self._resource)
        loggers.add_log_record_processor(SimpleLogRecordProcessor(self._logs))
        self._reader = InMemoryMetricReader()
        self.tracer_provider = tracers
        self.meter_provider = MeterProvider([self._reader], resource=self._resource)
        self.logger_provider = loggers
        self._seen: dict[tuple[Any, ...], tuple[int, float]] = {}

    def install(self) -> Recording:
        """Puts it behind the OpenTelemetry API of this process."""
        trace.set_tracer_provider(self.tracer_provider)
        metrics.set_meter_provider(self.meter_provider)
        _logs.set_logger_provider(self.logger_provider)
        return self

    def clear(self) -> None:
        """Forgets what was recorded so far."""
        self._spans.clear()
        self._logs.clear()
        self._seen = {key: (point.count, point.sum) for key, point in self._points()}

    def spans(self) -> Sequence[ReadableSpan]:
        """The finished spans, in the order in which they ended."""
        return self._spans.get_finished_spans()

    def span(self) -> ReadableSpan:
        """The only span; an error when there is another number of them."""
        (span,) = self.spans()
        return span

    def logs(self) -> list[Any]:
        """The emitted log records."""
        return [data.log_record for data in self._logs.get_finished_logs()]

    def points(self, metric: str) -> list[tuple[dict[str, Any], int]]:
        """The points of a histogram since the last clear: attributes and how often."""
        found = []
        for key, point in self._points():
            count = point.count - self._seen.get(key, (0, 0.0))[0]
            if key[0] == metric and count:
                found.append((dict(point.attributes or {}), count))
        return found

    def levels(self, metric: str) -> list[tuple[dict[str, Any], float]]:
        """What a metric that is no histogram says now: attributes and value."""
        return [
            (dict(point.attributes or {}), point.value)
            for _, found, point in self._all()
            if found.name == metric and isinstance(point, NumberDataPoint)
        ]

    def sums(self) -> dict[tuple[str, tuple[tuple[str, Any], ...]], float]:
        """What counters say since the beginning: by name and attributes."""
        return {
            (metric.name, tuple(sorted((point.attributes or {}).items()))): point.value
            for _, metric, point in self._all()
            if isinstance(point, NumberDataPoint)
        }

    def _points(self) -> Iterator[tuple[tuple[Any, ...], HistogramDataPoint]]:
        for scope, metric, point in self._all():
            if isinstance(point, HistogramDataPoint):
                yield (metric.name, scope.scope.name, frozenset((point.attributes or {}).items())), point

    def _all(self) -> Iterator[tuple[Any, Any, Any]]:
        data = self._reader.get_metrics_data()
        for resource in data.resource_metrics if data else ():
            for scope in resource.scope_metrics:
                for metric in scope.metrics:
                    for point in metric.data.data_points:
                        yield scope, metric, point


#: What makes the recording of this process.
made: Callable[[], Recording] = Recording
_recording: Recording | None = None


def recording() -> Recording:
    """The recording of this process, installed when it is first asked for."""
    global _recording
    if _recording is None:
        _recording = made().install()
    return _recording


@contextmanager
def enabled(*plugins: Plugin) -> Iterator[Recording]:
    """The plugins enabled, and an empty recording; disabled again at the end."""
    record = recording()
    for plugin in plugins:
        plugin.enable()
    record.clear()
    try:
        yield record
    finally:
        for plugin in plugins:
            plugin.disable()


@contextmanager
def configured(**environ: str) -> Iterator[None]:
    """What is enabled within finds these settings in the environment."""
    before = {name: os.environ.get(name) for name in environ}
    os.environ.update(environ)
    settings.forget()
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
        settings.forget()


def assert_pool(record: Recording, pool: Pool, waits: int = 0) -> None:
    """The one pool that there is tells this of itself, and how often a connection was waited for. Without a name in
    `pool` any will do."""
    count = record.levels("db.client.connection.count")
    assert {found["db.client.connection.state"]: value for found, value in count} == {
        "used": pool.used,
        "idle": pool.idle,
    }
    limits = [value for _, value in record.levels("db.client.connection.max")]
    assert limits == ([] if pool.limit is None else [pool.limit])
    assert [count for _, count in record.points("db.client.connection.wait_time")] == ([waits] if waits else [])
    names = {found["db.client.connection.pool.name"] for found, _ in count}
    assert names == {pool.name} if pool.name else len(names) == 1
