"""Starts spans."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from opentelemetry.context import Context
from opentelemetry.trace import (
    DEFAULT_TRACE_STATE,
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

from clew_sdk.context import REQUEST_ID, attach, detach, get_current
from clew_sdk.exceptions import one_line
from clew_sdk.ids import random_bits
from clew_sdk.lineage import FLAGS, NEW, RANDOM, Lineage
from clew_sdk.otlp.values import copied
from clew_sdk.sampling import DIGITS, ParentBased, Request
from clew_sdk.scope import Scope
from clew_sdk.span import DROPPED_LINKS, ON_EXIT, START, Span, count

if TYPE_CHECKING:
    from clew_sdk.shorthand import Shorthand
    from clew_sdk.traces import TracerProvider

_INTERNAL = SpanKind.INTERNAL


class Origin(NamedTuple):
    """Where a span comes from."""

    lineage: Lineage
    parent_id: int = 0
    remote: bool = False
    #: Instead of a random one.
    span_id: int = 0
    #: What a sampler wants on the span instead of what was given.
    attributes: Any = None


class Asked(NamedTuple):
    """What a sampler is told of a span."""

    name: str
    kind: SpanKind
    attributes: Any
    links: Any


class Tracer(ApiTracer):
    """Makes the spans of one instrumentation scope.

    `inherits` says that a span under another is sampled as its parent is, and a root by its trace ID, which needs no
    question.
    """

    def __init__(self, provider: TracerProvider, scope: Scope) -> None:
        self._provider, self.scope = provider, scope
        self.limits, self.guests = provider.limits, provider.guests
        self.encoder, self.outbox, self.notes = provider.encoder, provider.outbox, provider.notes
        self._encode = provider.encoder.encode
        self._generator = provider.foreign_ids
        self._sampler = sampler = provider.sample
        self.inherits = isinstance(sampler, ParentBased) and self._generator is None and provider.outbox is not None
        self._bound = sampler.bound if isinstance(sampler, ParentBased) else 0
        self._random = _random_bit(self._generator)
        self.successor: ApiTracer | None = None
        self._scribes: list[Shorthand] = []

    def shorthand(self, operation: Any, histogram: Any, **core: Any) -> Shorthand:
        """A scribe for the calls of one operation of clew-core (docs/architecture.md)."""
        from clew_sdk.shorthand import Shorthand

        return Shorthand(self, operation, histogram, **core)

    def take_on(self, *scribes: Shorthand) -> None:
        """Tells new scribes, and on a change the others, whether they may be brief."""
        self._scribes += scribes
        for scribe in self._scribes:
            scribe.brief = self.inherits and not self.guests.processors

    def start_span(
        self, name: str, context: Context | None = None, kind: SpanKind = _INTERNAL, attributes: Any = None,
        links: Sequence[Link] | None = None, start_time: int | None = None,
        record_exception: bool = True, set_status_on_exception: bool = True,
    ) -> ApiSpan:  # fmt: skip
        given, context = context, get_current() if context is None else context
        parent: Any = context.get(_SPAN_KEY)
        if self.inherits and isinstance(parent, Span):
            span = Span(self, name, kind, parent._lineage, parent._span_id)
        elif self.successor is not None:
            exits = {"record_exception": record_exception, "set_status_on_exception": set_status_on_exception}
            return self.successor.start_span(name, given, kind, attributes, links, start_time, **exits)
        else:
            origin = self.origin(context, lambda: Asked(name, kind, attributes, links))
            attributes = attributes if origin.attributes is None else origin.attributes
            span = Span(self, name, kind, origin.lineage, origin.parent_id)
            span.come_from(origin)
        if span._end is not None:
            return span
        if attributes:
            span._attributes = copied(attributes)
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
        token = attach(Context({**get_current(), _SPAN_KEY: span}))
        try:
            try:
                yield span
            finally:
                detach(token)
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

    def origin(self, context: Context, asked: Callable[[], Asked]) -> Origin:
        """For a span that is not simply the child of one of ours: a root, a remote or foreign parent."""
        above: Any = context.get(_SPAN_KEY)
        if self.inherits:
            # Where the sampler need not be asked: 1 us cheaper (3 us after a system call), once a request.
            if above is None:
                return Origin(self.new_lineage())
            if above.__class__ is NonRecordingSpan:
                trace_id, span_id, remote, flags, state, valid = above.get_span_context()
                if valid:
                    known = None if state is DEFAULT_TRACE_STATE else state
                    return Origin(Lineage.of_parent(trace_id, flags, known), span_id, remote)
        came = get_current_span(context).get_span_context()
        parent = came if isinstance(came, SpanContext) and came.is_valid else None
        if self.outbox is None and not self.guests:
            return _passing(parent)
        return self._sampled(context, parent, asked())

    def new_lineage(self) -> Lineage:
        """Of a root, where the tracer decides itself."""
        trace_id = random_bits(128) or 1
        if trace_id & DIGITS < self._bound:
            return Lineage(trace_id, NEW, None, True)
        return Lineage(trace_id, FLAGS[RANDOM], None, False)

    def _sampled(self, context: Context, parent: SpanContext | None, asked: Asked) -> Origin:
        trace_id = parent.trace_id if parent is not None else self._new_trace_id()
        decision = self._sampler(Request(trace_id, parent, *asked, context))
        random = parent.trace_flags & RANDOM if parent is not None else self._random
        flags = TraceFlags((TraceFlags.SAMPLED if decision.sampled else 0) | random)
        lineage = Lineage(trace_id, flags, decision.trace_state, decision.sampled and self.outbox is not None)
        lineage.recorded = decision.record
        span_id = self._new_span_id() if self._generator is not None else 0
        remote, parent_id = (parent.is_remote, parent.span_id) if parent is not None else (False, 0)
        return Origin(lineage, parent_id, remote, span_id, decision.attributes)

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
        if self.outbox is not None and span._lineage.sent:
            self.outbox.put(self.scope, self._encode(span), span._status == 2)
        if self.guests.processors:
            self.guests.ended(span)

    def hand_over(self, successor: ApiTracer) -> None:
        """From now on `successor` makes the spans, also for those who hold a bound method of this tracer."""
        self.successor = successor
        self.inherits = False
        self.take_on()
        self.start_span = successor.start_span  # type: ignore[method-assign]
        self.start_as_current_span = successor.start_as_current_span  # type: ignore[method-assign]


def _passing(parent: SpanContext | None) -> Origin:
    """This process sends no spans: what stands for one is its parent again, so that the trace passes through."""
    if parent is None:
        return Origin(Lineage(0, FLAGS[0], None, False))
    lineage = Lineage(parent.trace_id, parent.trace_flags, parent.trace_state, False)
    return Origin(lineage, span_id=parent.span_id)


def _configure(span: Span, start_time: int | None, links: Any, on_exit: tuple[bool, bool]) -> None:
    """What few spans are given."""
    span._rare[ON_EXIT] = on_exit
    if start_time is not None:
        span._rare[START] = start_time
    if links:
        _add_links(span, links)


def _add_links(span: Span, links: Sequence[Link]) -> None:
    try:
        for link in links:
            span.add_link(link.context, link.attributes)
    except Exception:  # noqa: BLE001  whatever an application passes as links
        count(span, DROPPED_LINKS)


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
        return RANDOM
    try:
        return RANDOM if generator.is_trace_id_random() else 0
    except Exception:  # noqa: BLE001  older generators do not know the question
        return 0
