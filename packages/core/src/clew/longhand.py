"""Writes calls down at once, through the OpenTelemetry API, whichever SDK is behind it: the only code of this package
that touches spans and histograms."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from time import perf_counter_ns as clock
from typing import TYPE_CHECKING, Any

from opentelemetry.context import Context
from opentelemetry.trace import NonRecordingSpan, Span, SpanContext, StatusCode, TraceFlags, Tracer

from clew.conventions.keys import REQUEST_ID as REQUEST_ID_ATTRIBUTE
from clew.operation import CALL, Attributes, Facts, Labels, Operation, Outcome, Remote
from clew.propagation import REQUEST_ID, SPAN

if TYPE_CHECKING:
    from opentelemetry.metrics import Histogram

ERROR = StatusCode.ERROR
ENDED = Context()
#: Points are remembered for that many label sets; beyond it the SDK's own overflow set takes over.
MEMO = 2000
Failed = Callable[[Exception, str], None]
Points = Callable[[Labels], Callable[[float, Context], None]]


class Call:
    """A call that is running."""

    __slots__ = ("began", "common", "extra", "facts", "inside", "name", "opened", "request_id", "span")

    def __init__(self, facts: Facts, name: str, common: Any, opened: Attributes, request_id: Any) -> None:
        self.facts, self.name, self.common, self.opened, self.request_id = facts, name, common, opened, request_id
        self.span: Span
        self.inside: Context
        self.extra: Attributes | None = None
        self.began = clock()


class Longhand:
    """The scribe of one operation, with one tracer."""

    def __init__(self, operation: Operation, tracer: Tracer, points: Points, failed: Failed) -> None:
        self._operation, self._tracer, self._points, self._failed = operation, tracer, points, failed

    #: A span begins when its call does.
    brief = False

    def note(self, context: Context, began: int, ended: int, facts: Facts, outcome: Outcome) -> None:
        raise NotImplementedError("longhand is never brief")

    def begin(self, context: Context, facts: Facts, remote: Remote | None = None, began: int = 0) -> Call:
        name, common, opened, attributes = self._opened(facts)
        call = Call(facts, name, common, opened, context.get(REQUEST_ID))
        if call.request_id is not None:
            attributes[REQUEST_ID_ATTRIBUTE] = call.request_id
        if remote is not None:
            came = SpanContext(remote.trace_id, remote.span_id, True, TraceFlags(remote.flags), remote.state)
            context = Context({**context, SPAN: NonRecordingSpan(came)})
        call.span = self._tracer.start_span(name, context, self._operation.kind, attributes)
        call.inside = Context({**context, **self._operation.marks, CALL: call, SPAN: call.span})
        return call

    def end(self, call: Call, outcome: Outcome) -> None:
        self._finish(call, outcome, None)

    def fail(self, call: Call, outcome: Outcome, kind: str, message: str, event: Mapping[str, Any] | None) -> None:
        if event is not None:
            call.span.add_event("exception", dict(event))
        call.span.set_status(ERROR, message)
        self._finish(call, outcome, kind)

    def event(self, call: Call, name: str, attributes: Mapping[str, Any]) -> None:
        call.span.add_event(name, dict(attributes))

    def traceparent(self, call: Call) -> tuple[str, str]:
        # A SpanContext is a tuple; its properties are a call each.
        trace_id, span_id, _, flags, state, valid = call.span.get_span_context()
        if not valid:
            return "", ""
        return f"00-{trace_id:032x}-{span_id:016x}-{flags:02x}", state.to_header() if state else ""

    def trace_id(self, call: Call) -> str:
        found = call.span.get_span_context().trace_id
        return f"{found:032x}" if found else ""

    def _opened(self, facts: Facts) -> tuple[str, Any, Attributes, Attributes]:
        """Name, common facts, what they mean, and all attributes. What cannot be understood has no end either."""
        own, common_of = self._operation.own, self._operation.common
        if facts is not None:
            try:
                common = facts if common_of is None else common_of(facts)
                name, opened = self._operation.opening(common)
                return name, common, opened, {**opened, **dict(own(facts) if own is not None else ())}
            except Exception as error:  # noqa: BLE001
                self._failed(error, f"meaning of {self._operation.family}")
        return self._operation.family, None, {}, {}

    def _finish(self, call: Call, outcome: Outcome, kind: str | None) -> None:
        span, seconds = call.span, (clock() - call.began) / 1e9
        try:
            if call.common is not None:
                attributes, labels, failure, name = self._operation.closing(call.common, call.opened, outcome, kind)
                if labels is not None:
                    self._points(labels)(seconds, call.inside)
                span.set_attributes(attributes)
                if name is not None and getattr(span, "name", call.name) == call.name:  # or it is the application's
                    span.update_name(name)
                if failure is not None and kind is None:
                    span.set_status(ERROR)
            if call.extra is not None:
                span.set_attributes(call.extra)
            if call.request_id is not None:
                span.set_attribute(REQUEST_ID_ATTRIBUTE, call.request_id)
        except Exception as error:  # noqa: BLE001
            self._failed(error, f"end {self._operation.family}")
        call.inside = ENDED  # which holds the span: a cycle for each call, unless it is cut here
        span.end()


def points(histogram: Histogram, attributes_of: Callable[..., Attributes]) -> Points:
    """A function from labels to the recorder of their point; the recorder takes seconds and a context."""
    bind = getattr(histogram, "bind", None)
    memo: dict[Labels, Callable[[float, Context], None]] = {}

    def point(labels: Labels) -> Callable[[float, Context], None]:
        record = memo.get(labels)
        if record is None:
            attributes = attributes_of(*labels)
            record = bind(attributes).record if bind else _recorder(histogram, attributes)
            if len(memo) < MEMO:
                memo[labels] = record
        return record

    return point


def _recorder(histogram: Histogram, attributes: Attributes) -> Callable[[float, Context], None]:
    def record(seconds: float, context: Context) -> None:
        histogram.record(seconds, attributes, context)

    return record
