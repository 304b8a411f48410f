"""Measurements between the moment they are made and the moment they are added up."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from math import isfinite
from time import time_ns
from typing import Any

from opentelemetry.context import Context
from opentelemetry.trace import get_current_span
from opentelemetry.trace.propagation import _SPAN_KEY

from clew_sdk import native, report
from clew_sdk.context import get_current
from clew_sdk.metrics.points import Exemplar
from clew_sdk.metrics.stream import Series
from clew_sdk.span import Span

BATCH = 512


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
        self.reset()

    def reset(self) -> None:
        self.batch = 0
        self._pending: deque[tuple[Target, float, Context, int]] = deque()
        self.adding = native.allocate_lock()

    def recorder(self, target: Target) -> Callable[..., None]:
        """A function (amount, context=None) for one attribute set: the shortest way in."""

        def record(amount: float, context: Context | None = None) -> None:
            pending = self._pending
            pending.append((target, amount, get_current() if context is None else context, time_ns()))
            if len(pending) > self.batch:
                self.add_up()

        return record

    def record(self, target: Target, amount: float, context: Context | None) -> None:
        pending = self._pending
        pending.append((target, amount, get_current() if context is None else context, time_ns()))
        if len(pending) > self.batch:
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
        """With `adding` held: adds up what is there now."""
        pending = self._pending
        for _ in range(len(pending)):
            measurement = pending.popleft()
            try:
                self._add(*measurement)
            except Exception as error:  # noqa: BLE001  whatever an application passes as an amount
                report.warn("measurement", "clew: a measurement could not be added up (%s)", type(error).__name__)

    def _add(self, target: Target, amount: Any, context: Context, when: int) -> None:
        if target.instrument.successor is not None:
            target.instrument.forward(amount, target.attributes, context)
            return
        if amount.__class__ is not float and amount.__class__ is not int:
            amount = int(amount) if isinstance(amount, int) else float(amount)
        if not isfinite(amount) or (amount < 0 and not target.negative):
            report.warn("amount", "clew: a measurement that is negative or no finite number was left out")
            return
        exemplar = self._exemplar(target, amount, context, when)
        for series in target.series:
            for state in series.states:
                state.take(amount, exemplar)

    def _exemplar(self, target: Target, amount: float, context: Context, when: int) -> Exemplar | None:
        span: Any = context.get(_SPAN_KEY)
        if span.__class__ is Span:
            if self._exemplars == "always_off":
                return None
            return Exemplar(amount, when, span._lineage.trace_id, span._span_id, target.attributes)
        if span is None and self._exemplars != "always_on":
            return None
        return self._foreign_exemplar(target, amount, context, when)

    def _foreign_exemplar(self, target: Target, amount: float, context: Context, when: int) -> Exemplar | None:
        found = get_current_span(context).get_span_context()
        sampled = found.is_valid and found.trace_flags & 1
        if self._exemplars == "always_on" or (self._exemplars == "trace_based" and sampled):
            return Exemplar(amount, when, found.trace_id, found.span_id, target.attributes)
        return None
