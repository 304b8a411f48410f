"""A span: what an application does with it is kept as given, and becomes OTLP bytes when it ends."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from time import perf_counter_ns, time_ns
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from opentelemetry.trace import Span as ApiSpan
from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, TraceFlags

from clew_sdk.exceptions import exception_attributes, one_line
from clew_sdk.ids import random_bits
from clew_sdk.limits import EXCEPTIONS
from clew_sdk.otlp.spans import lineage_head
from clew_sdk.otlp.values import copied, described, snapshot

if TYPE_CHECKING:
    from types import TracebackType

    from clew_sdk.tracer import Tracer

_OK, _ERROR = StatusCode.OK.value, StatusCode.ERROR.value
UNBOUNDED = 4096  # attributes a span holds before it ends, whatever its limit for sending


class Lineage:
    """What all spans of a trace in this process have in common."""

    __slots__ = ("flags", "head", "state", "trace_id")

    def __init__(self, trace_id: int, flags: TraceFlags, state: Any = None) -> None:
        self.trace_id, self.flags, self.state = trace_id, flags, state
        self.head = lineage_head(trace_id, state)


class Span(ApiSpan):
    """Recording takes no lock, so signals, finalisers and other threads may interrupt it anywhere.

    `_open` exists until the span ends: deleting it is the one step that only one of several threads can win.
    """

    __slots__ = (
        "_attributes",
        "_clock",
        "_context",
        "_description",
        "_dropped",
        "_dropped_events",
        "_dropped_links",
        "_end",
        "_events",
        "_exceptions",
        "_kind",
        "_lineage",
        "_links",
        "_name",
        "_on_exit",
        "_open",
        "_parent_id",
        "_remote",
        "_span_id",
        "_start",
        "_status",
        "_tracer",
    )

    def __init__(self, tracer: Tracer, name: str, kind: SpanKind, lineage: Lineage, parent_id: int) -> None:
        self._tracer, self._name, self._kind = tracer, name, kind
        self._lineage, self._parent_id = lineage, parent_id
        self._span_id = random_bits(64) or 1
        self._context: SpanContext | None = None
        self._events: deque[tuple[Any, dict[str, Any], int]] | None = None
        self._links: deque[tuple[SpanContext, dict[str, Any]]] | None = None
        self._description: str | None = None
        self._end: int | None = None
        self._attributes: dict[str, Any] = {}
        self._dropped = self._dropped_events = self._dropped_links = self._exceptions = self._status = 0
        self._remote = False
        self._on_exit = True, True
        self._open = True
        self._start = time_ns()
        self._clock = perf_counter_ns()

    def get_span_context(self) -> SpanContext:
        context = self._context
        if context is None:
            lineage = self._lineage
            context = SpanContext(lineage.trace_id, self._span_id, False, lineage.flags, lineage.state)
            self._context = context
        return context

    def is_recording(self) -> bool:
        return self._end is None

    def set_attribute(self, key: str, value: Any) -> None:
        if self._end is not None:
            return
        attributes = self._attributes
        if value.__class__ is list:  # the application goes on using its own
            value = tuple(value)
        try:
            if len(attributes) < UNBOUNDED or key in attributes:
                attributes[key] = value
                return
        except Exception:  # noqa: BLE001, S110  a key that cannot be looked up
            pass
        self._dropped += 1

    def set_attributes(self, attributes: Mapping[str, Any]) -> None:
        if self._end is not None:
            return
        own = self._attributes
        # A plain dict in one step, unless it holds a list, which the application goes on using.
        plain = attributes.__class__ is dict and len(own) + len(attributes) < UNBOUNDED
        if plain and list not in map(type, attributes.values()):
            own.update(attributes)
            return
        for key, value in snapshot(attributes):
            self.set_attribute(key, value)

    def add_event(self, name: str, attributes: Any = None, timestamp: int | None = None) -> None:
        if self._end is not None:
            return
        events = self._events
        if events is None:
            events = self._events = deque(maxlen=self._tracer.limits.events)
        if len(events) == events.maxlen:
            self._dropped_events += 1
        events.append((name, copied(attributes), timestamp or time_ns()))

    def add_link(self, context: SpanContext, attributes: Any = None) -> None:
        if self._end is not None or not isinstance(context, SpanContext):
            return
        if not (context.is_valid or attributes or context.trace_state):
            return
        links = self._links
        if links is None:
            links = self._links = deque(maxlen=self._tracer.limits.links)
        if len(links) == links.maxlen:
            self._dropped_links += 1
        links.append((context, copied(attributes)))

    def update_name(self, name: str) -> None:
        if self._end is None:
            self._name = name

    def set_status(self, status: Status | StatusCode, description: str | None = None) -> None:
        """OK is final and UNSET is ignored (specification, trace API, "Set Status")."""
        if self._end is not None or self._status == _OK:
            return
        kind: Any = status
        if isinstance(status, Status):
            kind, description = status.status_code, status.description
        code = kind.value if isinstance(kind, StatusCode) else 0
        if code:
            self._status = code
            self._description = described(description) if description and code == _ERROR else None

    def record_exception(
        self, exception: BaseException, attributes: Any = None, timestamp: int | None = None, escaped: bool = False
    ) -> None:
        if self._end is not None or self._exceptions >= EXCEPTIONS:
            return
        self._exceptions += 1
        found = exception_attributes(exception, self._tracer.limits.value_length)
        found["exception.escaped"] = str(escaped)
        found.update(copied(attributes))
        self.add_event("exception", found, timestamp)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is not None and self._end is None:
            record, set_status = self._on_exit
            if record:
                self.record_exception(error, escaped=True)
            if set_status:
                self.set_status(StatusCode.ERROR, one_line(error))
        self.end()

    # What opentelemetry-sdk's span shows of itself, for processors that look at ours.

    @property
    def name(self) -> str:
        return self._name

    @property
    def kind(self) -> SpanKind:
        return self._kind

    @property
    def context(self) -> SpanContext:
        return self.get_span_context()

    @property
    def parent(self) -> SpanContext | None:
        if not self._parent_id:
            return None
        lineage = self._lineage
        return SpanContext(lineage.trace_id, self._parent_id, self._remote, lineage.flags, lineage.state)

    @property
    def start_time(self) -> int:
        return self._start

    @property
    def end_time(self) -> int | None:
        return self._end

    @property
    def status(self) -> Status:
        return Status(StatusCode(self._status), self._description)

    @property
    def attributes(self) -> Mapping[str, Any]:
        return MappingProxyType(self._attributes)

    @property
    def events(self) -> tuple[Any, ...]:
        from clew_sdk.guests import readable

        return tuple(readable.events(self))

    @property
    def links(self) -> tuple[Any, ...]:
        from clew_sdk.guests import readable

        return tuple(readable.links(self))

    @property
    def resource(self) -> Any:
        return self._tracer.scope.resource.for_guests()

    @property
    def instrumentation_scope(self) -> Any:
        return self._tracer.scope.for_guests()

    def end(self, end_time: int | None = None) -> None:
        """Ends the span once; what comes later changes nothing."""
        try:
            del self._open
        except AttributeError:
            return
        if end_time is not None:
            end = end_time
        elif self._clock:
            end = self._start + perf_counter_ns() - self._clock
        else:
            end = time_ns()
        tracer = self._tracer
        if tracer.guests.processors:
            tracer.guests.ending(self)
        self._end = end
        tracer.finish(self)
