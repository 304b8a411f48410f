"""Gathers spans and log lines into traces, in bounded memory, and says when one is ready to be shown."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from clew_viewer import limits
from clew_viewer.records import Attributes, Batch, LogLine, Span, request_id

QUIET_SECONDS = 1.0
PATIENCE_SECONDS = 10.0


class Trace(NamedTuple):
    """What is known of a trace; complete means that its root and the parents of all its spans are here."""

    trace_id: str
    spans: tuple[Span, ...]
    logs: tuple[LogLine, ...]
    complete: bool
    updated: bool

    @property
    def request_id(self) -> str:
        """The first request ID that one of its spans or log lines carries, or nothing."""
        return next(self._request_ids(), "")

    def has_request_id(self, wanted: str) -> bool:
        return wanted in self._request_ids()

    def _request_ids(self) -> Iterator[str]:
        records: tuple[Span | LogLine, ...] = (*self.spans, *self.logs)
        return filter(None, (request_id(record.attributes) for record in records))


class Counts(NamedTuple):
    """What was received and what was forgotten since the start; orphans are log lines outside of any trace."""

    spans: int = 0
    logs: int = 0
    points: int = 0
    refused: int = 0
    orphans: int = 0
    evicted: int = 0


class Traces:
    """All traces in memory, the one that was added to last at the end; times are seconds of one monotonic clock."""

    def __init__(self, max_bytes: int = limits.TRACE_BYTES, max_traces: int = limits.TRACES) -> None:
        self.counts = Counts()
        self._max_bytes, self._max_traces = max_bytes, max_traces
        self._bytes = 0
        self._gathered: dict[str, _Gathering] = {}
        self._waiting: dict[str, _Gathering] = {}
        self._lock = threading.Lock()

    def add(self, batch: Batch, now: float) -> None:
        """Takes what one export request held; drops the oldest traces where that is too much."""
        with self._lock:
            for span in batch.spans:
                gathering = self._gathering(span.trace_id)
                self._grown(gathering, gathering.add_span(span), now)
            for line in batch.logs:
                if line.trace_id:
                    gathering = self._gathering(line.trace_id)
                    self._grown(gathering, gathering.add_line(line), now)
            self._count(batch)
            self._evict()

    def due(self, now: float) -> list[Trace]:
        """The traces to show now: finished and quiet, or given up waiting for, or added to after they were shown."""
        with self._lock:
            ready = [trace_id for trace_id, gathering in self._waiting.items() if gathering.ready(now)]
            return [self._waiting.pop(trace_id).show() for trace_id in ready]

    def _gathering(self, trace_id: str) -> _Gathering:
        """The trace of this ID, moved to the end; a new one where there is none."""
        gathering = self._gathered.pop(trace_id, None) or _Gathering(trace_id)
        self._gathered[trace_id] = gathering
        return gathering

    def _grown(self, gathering: _Gathering, size: int, now: float) -> None:
        """A span that was known already, because its sender repeats itself, changes nothing."""
        if size:
            self._bytes += size
            gathering.last = now
            self._waiting[gathering.trace_id] = gathering

    def _count(self, batch: Batch) -> None:
        was = self.counts
        self.counts = Counts(
            was.spans + len(batch.spans),
            was.logs + len(batch.logs),
            was.points + batch.points,
            was.refused + batch.refused,
            was.orphans + sum(not line.trace_id for line in batch.logs),
            was.evicted,
        )

    def _evict(self) -> None:
        while self._gathered and (self._bytes > self._max_bytes or len(self._gathered) > self._max_traces):
            oldest = next(iter(self._gathered))
            self._bytes -= self._gathered.pop(oldest).bytes
            self._waiting.pop(oldest, None)
            self.counts = self.counts._replace(evicted=self.counts.evicted + 1)


class _Gathering:
    """A trace while its parts arrive."""

    __slots__ = ("bytes", "complete", "last", "logs", "shown", "spans", "trace_id")

    def __init__(self, trace_id: str) -> None:
        self.trace_id = trace_id
        self.spans: dict[str, Span] = {}
        self.logs: list[LogLine] = []
        self.last = 0.0
        self.bytes = 0
        self.shown = False
        self.complete: bool | None = None

    def add_span(self, span: Span) -> int:
        """Keeps a span once, however often it is sent; returns by how many bytes the trace has grown."""
        if span.span_id in self.spans:
            return 0
        self.complete = None
        self.spans[span.span_id] = span
        return self._grown(len(span.name) + _size(span.attributes) + sum(_size_of(f) for f in span.failures))

    def add_line(self, line: LogLine) -> int:
        self.logs.append(line)
        return self._grown(len(line.body) + _size(line.attributes))

    def _grown(self, payload: int) -> int:
        size = _RECORD_BYTES + payload
        self.bytes += size
        return size

    def ready(self, now: float) -> bool:
        quiet = now - self.last
        if quiet < QUIET_SECONDS:
            return False
        if self.complete is None:
            self.complete = _complete(self.spans)
        return self.complete or quiet >= PATIENCE_SECONDS

    def show(self) -> Trace:
        updated, self.shown = self.shown, True
        return Trace(self.trace_id, tuple(self.spans.values()), tuple(self.logs), bool(self.complete), updated)


_RECORD_BYTES = 700
_ATTRIBUTE_BYTES = 120


def _complete(spans: dict[str, Span]) -> bool:
    """Whether a root is here and no span names a parent that is not."""
    rooted = False
    for span in spans.values():
        if not span.parent_id:
            rooted = True
        elif span.parent_id not in spans:
            return False
    return rooted


def _size(attributes: Attributes) -> int:
    return sum(_ATTRIBUTE_BYTES + len(key) + len(str(value)) for key, value in attributes.items())


def _size_of(texts: Iterable[str]) -> int:
    return sum(map(len, texts))
