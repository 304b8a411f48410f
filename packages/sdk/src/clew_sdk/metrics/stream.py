"""A metric stream: an instrument as one view sees it, with one series per attribute set."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import isfinite
from time import time_ns
from typing import Any, NamedTuple

from clew_sdk.metrics.points import Metric
from clew_sdk.metrics.states import State
from clew_sdk.scope import Scope

MOST_SERIES = 1999  # and the overflow makes 2000 (specification, metrics SDK, "Cardinality limits")
OVERFLOW = {"otel.metric.overflow": True}


class Description(NamedTuple):
    """What an instrument was created with. `kind` is the name of its class in the API."""

    scope: Scope
    kind: str
    name: str
    unit: str
    description: str
    boundaries: Sequence[float] | None = None


class Series:
    """One attribute set; `states` has one aggregation per reader."""

    __slots__ = ("attributes", "states")

    def __init__(self, attributes: Mapping[str, Any], states: list[State]) -> None:
        self.attributes, self.states = attributes, states


class Reading(NamedTuple):
    """How one reader wants one stream: which aggregation, and whether only what is new."""

    make: Callable[[int], State]
    delta: bool


class Stream:
    """`keys` are the attributes a view keeps; None keeps all. `readings` has one entry per reader."""

    def __init__(self, described: Description, keys: frozenset[str] | None = None) -> None:
        self.described, self.keys = described, keys
        self.readings: list[Reading] = []
        self.series: dict[Any, Series] = {}
        self._told: dict[tuple[int, int], float] = {}

    def add_reader(self, reading: Reading) -> None:
        now = time_ns()
        self.readings.append(reading)
        for series in list(self.series.values()):
            series.states.append(reading.make(now))

    def find(self, attributes: Mapping[str, Any]) -> Series:
        """The series of an attribute set; the overflow when there are too many."""
        if self.keys is not None:
            attributes = {key: value for key, value in attributes.items() if key in self.keys}
        key = identity(attributes)
        found = self.series.get(key)
        if found is None:
            if len(self.series) >= MOST_SERIES:
                attributes, key = OVERFLOW, "overflow"
            now = time_ns()
            made = Series(attributes, [reading.make(now) for reading in self.readings])
            found = self.series.setdefault(key, made)
        return found

    def observe(self, reader: int, observations: Sequence[tuple[float, Mapping[str, Any]]]) -> None:
        """Takes one round of an observable instrument: what is not observed in it is not told."""
        for series in self.series.values():
            self._state(series, reader).reset()
        seen = []
        for value, attributes in observations:
            if isinstance(value, (int, float)) and isfinite(value):
                series = self.find(attributes)
                self._state(series, reader).take((value,))
                seen.append(series)
        if self.readings[reader].delta and self.described.kind == "ObservableCounter":
            for series in dict.fromkeys(seen):
                self._make_difference(series, reader)

    def _make_difference(self, series: Series, reader: int) -> None:
        """An observable counter observes totals; a reader of differences gets what came since the last one."""
        state: Any = self._state(series, reader)
        key = (reader, id(series))
        total = getattr(state, "value", 0)
        state.value, self._told[key] = total - self._told.get(key, 0), total

    def _state(self, series: Series, reader: int) -> State:
        while len(series.states) <= reader:  # made while the reader was being added
            series.states.append(self.readings[len(series.states)].make(time_ns()))
        return series.states[reader]

    def collect(self, reader: int, now: int) -> Metric | None:
        """The points of the series that were used; None when there is none."""
        delta = self.readings[reader].delta
        points = []
        shape = ""
        for series in list(self.series.values()):
            state = self._state(series, reader)
            if state.used:
                shape = state.shape
                points.append(state.collected(series.attributes, now, delta))
        if not points:
            return None
        scope, kind, name, unit, description, _ = self.described
        monotonic = kind in ("Counter", "ObservableCounter", "Histogram")
        return Metric(scope, name, description, unit, shape, delta, monotonic, points)

    def reset(self) -> None:
        """Zero again, for a forked child: those who hold a series go on with it."""
        now = time_ns()
        for series in self.series.values():
            for state in series.states:
                state.reset()
                state.start = now
        self._told.clear()


def identity(attributes: Mapping[str, Any]) -> Any:
    """Equal for equal attribute sets in any order. 1, True and 1.0 are equal in Python, but three values here."""
    return frozenset(map(_distinct, attributes.items()))


def _distinct(item: tuple[str, Any]) -> tuple[Any, ...]:
    key, value = item
    kind = value.__class__
    return item if kind is str else (key, kind, value if kind is int or kind is bool else repr(value))
