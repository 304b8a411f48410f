"""A span: what an application does with it is kept as given, and becomes OTLP bytes when it ends."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from opentelemetry.trace import Span as ApiSpan
from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode

from clew_sdk import clock
from clew_sdk.exceptions import exception_attributes, one_line
from clew_sdk.ids import random_bits
from clew_sdk.limits import EXCEPTIONS
from clew_sdk.otlp.values import copied, described, snapshot

if TYPE_CHECKING:
    from types import TracebackType

    from clew_sdk.lineage import Lineage
    from clew_sdk.tracer import Origin, Tracer

_OK, _ERROR = StatusCode.OK.value, StatusCode.ERROR.value
#: The keys of a span's `_rare`.
EVENTS, LINKS, DESCRIPTION, ON_EXIT, START, END = "events", "links", "description", "on exit", "start", "end"
DROPPED, DROPPED_EVENTS, DROPPED_LINKS, RECORDED = "dropped", "dropped events", "dropped links", "exceptions"
UNBOUNDED = 4096  # attributes a span holds before it ends, whatever its limit for sending


class Span(ApiSpan):
    """Recording takes no lock, so signals, finalisers and other threads may interrupt it anywhere.

    `_open` exists until the span ends: deleting it is the one step that only one of several threads can win.
    `_end` is None while the span is recorded; where nothing is to be recorded it is 0 from the start.
    `_began` and `_end` are readings of our clock. `_rare` holds what few spans have, by the names above.
    """

    __slots__ = (
        "_attributes",
        "_began",
        "_context",
        "_end",
        "_kind",
        "_lineage",
        "_name",
        "_open",
        "_parent_id",
        "_rare",
        "_remote",
        "_span_id",
        "_status",
        "_tracer",
    )

    def __init__(self, tracer: Tracer, name: str, kind: SpanKind, lineage: Lineage, parent_id: int) -> None:
        self._tracer, self._name, self._kind = tracer, name, kind
        self._lineage, self._parent_id = lineage, parent_id
        self._span_id = random_bits(64) or 1
        self._attributes: dict[str, Any] = {}
        self._rare: dict[str, Any] = {}
        self._status = 0
        self._remote = False
        self._context: SpanContext | None = None
        self._end: int | None = None if lineage.recorded else 0
        self._open = True
        self._began = clock.ticks()

    def come_from(self, origin: Origin) -> None:
        """Takes over what is particular to a span that is not simply the child of one of ours."""
        self._remote = origin.remote
        if origin.span_id:
            self._span_id = origin.span_id

    def get_span_context(self) -> SpanContext:
        context = self._context
        if context is None:
            lineage = self._lineage
            context = SpanContext(lineage.trace_id, self._span_id, False, lineage.flags, lineage.state)
            self._context = context
        return context

    def spelled(self) -> tuple[str, str, int]:
        """Trace ID and span ID in hexadecimal digits, empty where there is no trace, and the trace's flags: what a
        SpanContext says, for a fifth of its cost."""
        lineage = self._lineage
        if not lineage.trace_id:
            return "", "", 0
        return lineage.hex or lineage.spell(), self._span_id.to_bytes(8, "big").hex(), lineage.flags

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
        count(self, DROPPED)

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
        events = self._rare.setdefault(EVENTS, deque(maxlen=self._tracer.limits.events))
        if len(events) == events.maxlen:
            count(self, DROPPED_EVENTS)
        events.append((name, copied(attributes), timestamp or clock.ticks() + clock.offset))

    def add_link(self, context: SpanContext, attributes: Any = None) -> None:
        if self._end is not None or not isinstance(context, SpanContext):
            return
        if not (context.is_valid or attributes or context.trace_state):
            return
        links = self._rare.setdefault(LINKS, deque(maxlen=self._tracer.limits.links))
        if len(links) == links.maxlen:
            count(self, DROPPED_LINKS)
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
            self._rare[DESCRIPTION] = described(description) if description and code == _ERROR else None

    def record_exception(
        self, exception: BaseException, attributes: Any = None, timestamp: int | None = None, escaped: bool = False
    ) -> None:
        if self._end is not None or self._rare.get(RECORDED, 0) >= EXCEPTIONS:
            return
        count(self, RECORDED)
        found = exception_attributes(exception, self._tracer.limits.value_length)
        found["exception.escaped"] = str(escaped)
        found.update(copied(attributes))
        self.add_event("exception", found, timestamp)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is not None and self._end is None:
            record, set_status = self._rare.get(ON_EXIT, (True, True))
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
        return self._rare.get(START, self._began + clock.offset)  # type: ignore[no-any-return]

    @property
    def end_time(self) -> int | None:
        return self._rare.get(END, self._end + clock.offset if self._end else None)

    @property
    def status(self) -> Status:
        return Status(StatusCode(self._status), self._rare.get(DESCRIPTION))

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
        if self._end is not None:  # never recorded
            return
        if end_time is not None:
            self._rare[END] = end_time
        elif START in self._rare:  # a duration by our clock would begin at another moment
            self._rare[END] = clock.ticks() + clock.offset
        end = clock.ticks()
        tracer = self._tracer
        if tracer.guests.processors:
            tracer.guests.ending(self)
        self._end = end
        tracer.finish(self)


def count(span: Span, what: str) -> None:
    """One more of what was dropped or recorded."""
    span._rare[what] = span._rare.get(what, 0) + 1
