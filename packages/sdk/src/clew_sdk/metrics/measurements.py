"""Measurements between the moment they are made and the moment they are added up."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from math import isfinite
from operator import itemgetter
from typing import Any

from opentelemetry.context import Context
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, set_span_in_context
from opentelemetry.trace import Span as ApiSpan
from opentelemetry.trace.propagation import _SPAN_KEY

from clew_sdk import clock, native, report
from clew_sdk.context import get_current
from clew_sdk.metrics.states import Taken
from clew_sdk.metrics.stream import Series
from clew_sdk.span import Span

BATCH = 512

#: Target, amount, time, trace ID and span ID; the IDs are 0 where no sampled span is current.
Measurement = tuple["Target", Any, int, int, int]


class Target:
    """Where the measurements of one attribute set go: one series per stream of the instrument."""

    __slots__ = ("attributes", "instrument", "negative", "series")

    def __init__(self, instrument: Any, attributes: Mapping[str, Any], series: tuple[Series, ...]) -> None:
        self.instrument, self.attributes, self.series = instrument, attributes, series
        self.negative = instrument.described.kind in ("UpDownCounter", "Gauge")


class Measurements:
    """Any thread appends without a lock; one at a time adds up.

    `batch` is how many may wait before the appending thread adds them up itself. It is 0 as long as no worker is known
    to come by, so that the first measurement finds one, and again when another provider is in charge.
    """

    def __init__(self, wake: Callable[[], None], exemplars: str = "trace_based") -> None:
        self._wake, self._exemplars = wake, exemplars
        self.handed_over = False
        self.pending: deque[Measurement] = deque()
        self.reset()

    def reset(self) -> None:
        self.batch = 0
        self.pending.clear()  # it stays the same one: others know its `append`
        self.adding = native.allocate_lock()

    def record(self, target: Target, amount: float, context: Context | None) -> None:
        """Takes a measurement, which belongs to the current span or to that of a context."""
        span = (get_current() if context is None else context).get(_SPAN_KEY)
        trace_id, span_id = (0, 0) if span is None else _sampled(span, self._exemplars)
        self.add((target, amount, clock.ticks() + clock.offset, trace_id, span_id))

    def add(self, measurement: Measurement) -> None:
        self.pending.append(measurement)
        self.look()

    def look(self) -> None:
        """After something was appended."""
        if len(self.pending) > self.batch:
            self.add_up()

    def add_up(self) -> None:
        self.watch()
        self.tidy()

    def watch(self) -> None:
        """Lets the worker come by from now on."""
        if self.batch == 0 and not self.handed_over:
            self.batch = BATCH
            self._wake()

    def tidy(self) -> None:
        """Adds up, unless another thread, or this one before a signal, is at it."""
        if self.adding.acquire(False):
            try:
                self.add_up_held()
            finally:
                self.adding.release()

    def add_up_held(self) -> None:
        """With `adding` held: adds up what is there now, all of one attribute set together."""
        pending = self.pending
        by_target: dict[Target, list[Measurement]] = {}
        for _ in range(len(pending)):
            measurement = pending.popleft()
            group = by_target.get(measurement[0])
            if group is None:
                by_target[measurement[0]] = [measurement]
            else:
                group.append(measurement)
        for target, group in by_target.items():
            if target.instrument.successor is not None:
                _forward(group)
            else:
                self._add(target, group)

    def _add(self, target: Target, group: list[Measurement]) -> None:
        amounts = [measurement[1] for measurement in group]
        if not _is_plain(amounts, target.negative):
            group = [measurement for measurement in map(_cleaned, group) if measurement is not None]
            amounts = [measurement[1] for measurement in group]
        if not amounts:
            return
        exemplars = self._of_interest(group)
        for series in target.series:
            for state in series.states:
                state.take(amounts, exemplars)

    def _of_interest(self, group: list[Measurement]) -> list[Taken]:
        """Of each batch the latest and the largest: what took longest is what people look for."""
        if self._exemplars == "always_off":
            return []
        everything = self._exemplars == "always_on"
        sampled = group if everything else [measurement for measurement in group if measurement[3]]
        if not sampled:
            return []
        target, *latest = sampled[-1]
        _, *largest = max(sampled, key=_amount)
        return [(*largest, target.attributes), (*latest, target.attributes)]


_amount = itemgetter(1)


def _is_plain(amounts: list[Any], negative: bool) -> bool:
    """Whether all are numbers, finite, and negative only where that makes sense."""
    return _NUMBERS.issuperset(map(type, amounts)) and isfinite(sum(amounts)) and (negative or min(amounts) >= 0)


_NUMBERS = frozenset({int, float})


def _cleaned(measurement: Measurement) -> Measurement | None:
    """What an application passed as an amount, as a number; None for one that cannot be added up."""
    target, amount, *rest = measurement
    try:
        if type(amount) not in _NUMBERS:
            amount = int(amount) if isinstance(amount, int) else float(amount)
        if isfinite(amount) and (amount >= 0 or target.negative):
            return (target, amount, *rest)
        report.warn("amount", "clew: a measurement that is negative or no finite number was left out")
    except Exception as error:  # noqa: BLE001
        report.warn("measurement", "clew: a measurement could not be added up (%s)", type(error).__name__)
    return None


def _forward(group: list[Measurement]) -> None:
    for target, amount, _, trace_id, span_id in group:
        try:
            target.instrument.forward(amount, target.attributes, context_of(trace_id, span_id))
        except Exception as error:  # noqa: BLE001  the application's provider
            report.warn("measurement", "clew: a measurement could not be handed over (%s)", type(error).__name__)


def _sampled(span: Any, wanted: str) -> tuple[int, int]:
    """The IDs of a span that may be an exemplar, or zeros."""
    if wanted == "always_off" or not isinstance(span, ApiSpan):
        return 0, 0
    if isinstance(span, Span):
        trace_id, span_id, flags = span._lineage.trace_id, span._span_id, span._lineage.flags
    else:
        trace_id, span_id, _, flags, *_ = span.get_span_context()
    return (trace_id, span_id) if flags & 1 or wanted == "always_on" else (0, 0)


def context_of(trace_id: int, span_id: int) -> Context:
    """A context with a sampled span of these IDs, for instruments that are not ours."""
    if not trace_id:
        return Context()
    return set_span_in_context(NonRecordingSpan(SpanContext(trace_id, span_id, False, _SAMPLED)), Context())


_SAMPLED = TraceFlags(TraceFlags.SAMPLED)
