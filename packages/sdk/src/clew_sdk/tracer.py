"""Starts spans."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from opentelemetry import context as context_api
from opentelemetry.context import Context
from opentelemetry.trace import (
    DEFAULT_TRACE_STATE,
    INVALID_SPAN,
    Link,
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    StatusCode,
    TraceFlags,
    get_current_span,
)
from opentelemetry.trace import Span as ApiSpan
from opentelemetry.trace import Tracer as ApiTracer
from opentelemetry.trace.propagation import _SPAN_KEY
from opentelemetry.util._decorator import _agnosticcontextmanager

from clew_sdk.context import REQUEST_ID, get_current
from clew_sdk.exceptions import one_line
from clew_sdk.ids import random_bits
from clew_sdk.otlp.values import copied
from clew_sdk.sampling import Decision, Request, parent_based_always_on
from clew_sdk.scope import Scope
from clew_sdk.span import Lineage, Span

if TYPE_CHECKING:
    from clew_sdk.traces import TracerProvider

_RANDOM = getattr(TraceFlags, "RANDOM_TRACE_ID", 0)
_INTERNAL = SpanKind.INTERNAL
_FLAGS = tuple(TraceFlags(number) for number in range(4))  # sampled, random: making one takes longer than a span
_NEW = TraceFlags(TraceFlags.SAMPLED | _RANDOM)


class Tracer(ApiTracer):
    """Makes the spans of one instrumentation scope.

    `_inherits` says that a span of ours under a span of ours is sampled as its parent is, which needs no question.
    """

    def __init__(self, provider: TracerProvider, scope: Scope) -> None:
        self._provider, self.scope = provider, scope
        self.limits, self.guests = provider.limits, provider.guests
        self._encode = provider.encoder.encode
        self._outbox = provider.outbox
        self._generator = provider.foreign_ids
        self._sampler = provider.sample
        self._inherits = provider.sample is parent_based_always_on and self._generator is None
        self._random = _random_bit(self._generator)
        self._successor: ApiTracer | None = None

    def start_span(
        self, name: str, context: Context | None = None, kind: SpanKind = _INTERNAL, attributes: Any = None,
        links: Sequence[Link] | None = None, start_time: int | None = None,
        record_exception: bool = True, set_status_on_exception: bool = True,
    ) -> ApiSpan:  # fmt: skip
        given = context
        if context is None:
            context = get_current()
        parent: Any = context.get(_SPAN_KEY)
        if parent.__class__ is Span and self._inherits:
            span = Span(self, name, kind, parent._lineage, parent._span_id)
            if attributes:
                span._attributes = copied(attributes)
        else:
            if self._successor is not None:
                exits = {"record_exception": record_exception, "set_status_on_exception": set_status_on_exception}
                return self._successor.start_span(name, given, kind, attributes, links, start_time, **exits)
            begun = self._begin(name, kind, context, attributes, links)
            if not isinstance(begun, Span):
                return begun
            span = begun
        request_id = context.get(REQUEST_ID)
        if request_id is not None and "request.id" not in span._attributes:
            span._attributes["request.id"] = request_id
        if start_time is not None or links or not (record_exception and set_status_on_exception):
            _configure(span, start_time, links, (record_exception, set_status_on_exception))
        if self.guests.processors:
            self.guests.started(span, given)
        return span

    @_agnosticcontextmanager
    def start_as_current_span(
        self, name: str, context: Context | None = None, kind: SpanKind = _INTERNAL, attributes: Any = None,
        links: Sequence[Link] | None = None, start_time: int | None = None,
        record_exception: bool = True, set_status_on_exception: bool = True, end_on_exit: bool = True,
    ) -> Iterator[ApiSpan]:  # fmt: skip
        """Unlike the API's use_span it survives an exception that cannot be printed."""
        span = self.start_span(name, context, kind, attributes, links, start_time)
        token = context_api.attach(Context({**get_current(), _SPAN_KEY: span}))
        try:
            try:
                yield span
            finally:
                context_api.detach(token)
        except Exception as error:
            if span.is_recording():
                if record_exception:
                    span.record_exception(error)
                if set_status_on_exception:
                    span.set_status(StatusCode.ERROR, one_line(error))
            raise
        finally:
            if end_on_exit:
                span.end()

    def _begin(self, name: str, kind: SpanKind, context: Context, attributes: Any, links: Any) -> ApiSpan:
        """A span that is not simply the child of one of ours: a root, a remote or foreign parent, a sampler to ask."""
        if self._inherits and self._outbox is not None:
            edge = self._at_edge(name, kind, context, attributes)
            if edge is not None:
                return edge
        above = get_current_span(context).get_span_context()
        parent = above if isinstance(above, SpanContext) and above.is_valid else None
        if self._outbox is None and not self.guests:
            return NonRecordingSpan(parent) if parent is not None else INVALID_SPAN  # the trace passes through
        trace_id = parent.trace_id if parent is not None else self._new_trace_id()
        decision = self._sampler(Request(trace_id, parent, name, kind, attributes, links, context))
        lineage = Lineage(trace_id, self._flags(parent, decision), decision.trace_state)
        if not decision.record:
            return NonRecordingSpan(
                SpanContext(trace_id, self._new_span_id(), False, lineage.flags, decision.trace_state)
            )
        kept = Span if decision.sampled else UnsampledSpan
        span = kept(self, name, kind, lineage, parent.span_id if parent is not None else 0)
        if self._generator is not None:
            span._span_id = self._new_span_id()
        span._remote = parent is not None and parent.is_remote
        given = decision.attributes if decision.attributes is not None else attributes
        span._attributes = copied(given) if given else {}
        return span

    def _at_edge(self, name: str, kind: SpanKind, context: Context, attributes: Any) -> Span | None:
        """A root, or a span under a sampled remote one, where the default sampler need not be asked: a request's first
        span, 1 us cheaper than the general way (3 us after a system call)."""
        above: Any = context.get(_SPAN_KEY)
        if above is None:
            span = Span(self, name, kind, Lineage(random_bits(128) or 1, _NEW), 0)
        elif above.__class__ is NonRecordingSpan:
            trace_id, span_id, remote, flags, state, valid = above.get_span_context()
            if not (valid and flags & 1):
                return None
            lineage = Lineage(trace_id, _FLAGS[flags & 3], None if state is DEFAULT_TRACE_STATE else state)
            span = Span(self, name, kind, lineage, span_id)
            span._remote = remote
        else:
            return None
        if attributes:
            span._attributes = copied(attributes)
        return span

    def _flags(self, parent: SpanContext | None, decision: Decision) -> TraceFlags:
        random = parent.trace_flags & _RANDOM if parent is not None else self._random
        return TraceFlags((TraceFlags.SAMPLED if decision.sampled else 0) | random)

    def _new_trace_id(self) -> int:
        if self._generator is not None:
            return _asked(self._generator.generate_trace_id, 128)
        return random_bits(128) or 1

    def _new_span_id(self) -> int:
        if self._generator is not None:
            return _asked(self._generator.generate_span_id, 64)
        return random_bits(64) or 1

    def finish(self, span: Span) -> None:
        """Takes over a span that has just ended."""
        if self._outbox is not None and span.__class__ is Span:
            self._outbox.put(self.scope, self._encode(span), span._status == 2)
        if self.guests.processors:
            self.guests.ended(span)

    def hand_over(self, successor: ApiTracer) -> None:
        """From now on `successor` makes the spans, also for those who hold a bound method of this tracer."""
        self._successor = successor
        self._inherits = False
        self.start_span = successor.start_span  # type: ignore[method-assign]
        self.start_as_current_span = successor.start_as_current_span  # type: ignore[method-assign]


class UnsampledSpan(Span):
    """Recorded for the guests, not sent, and no reason to sample its children."""

    __slots__ = ()


def _configure(span: Span, start_time: int | None, links: Any, on_exit: tuple[bool, bool]) -> None:
    """What few spans are given."""
    span._on_exit = on_exit
    if start_time is not None:
        span._start, span._clock = start_time, 0
    if links:
        _add_links(span, links)


def _add_links(span: Span, links: Sequence[Link]) -> None:
    try:
        for link in links:
            span.add_link(link.context, link.attributes)
    except Exception:  # noqa: BLE001  whatever an application passes as links
        span._dropped_links += 1


def _asked(generate: Any, bits: int) -> int:
    """An ID from a foreign generator, or one of ours when that fails."""
    try:
        number = int(generate())
        if 0 < number < 1 << bits:
            return number
    except Exception:  # noqa: BLE001, S110
        pass
    return random_bits(bits) or 1


def _random_bit(generator: Any) -> int:
    """W3C Trace Context level 2: whether the trace IDs are random."""
    if generator is None:
        return _RANDOM
    try:
        return _RANDOM if generator.is_trace_id_random() else 0
    except Exception:  # noqa: BLE001  older generators do not know the question
        return 0
