"""Aggregations: what one reader has heard of one attribute set. One thread at a time touches them."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from typing import Any

from clew_sdk.metrics.points import EXPONENTIAL, GAUGE, HISTOGRAM, SUM, Exemplar, HistogramPoint, NumberPoint, Point

BOUNDARIES = (0.0, 5.0, 10.0, 25.0, 50.0, 75.0, 100.0, 250.0, 500.0, 750.0, 1000.0, 2500.0, 5000.0, 7500.0, 10000.0)


#: The fields of an Exemplar, of which few are ever told.
Taken = tuple[float, int, int, int, Mapping[str, Any]]


class State:
    """What all aggregations have: `used` since the last reset, the start of their time, the latest exemplars."""

    shape = SUM
    __slots__ = ("_exemplars", "start", "used")

    def __init__(self, start: int) -> None:
        self.start = start
        self.reset()

    def reset(self) -> None:
        self.used = False
        self._exemplars: dict[int, Taken] = {}

    def take(self, values: Sequence[float], exemplars: Sequence[Taken] = ()) -> None:
        """At least one value, all finite."""
        raise NotImplementedError

    def point(self, attributes: Mapping[str, Any], time: int) -> Point:
        raise NotImplementedError

    def collected(self, attributes: Mapping[str, Any], time: int, delta: bool) -> Point:
        """The point up to now; a delta's state begins anew. Exemplars are told once."""
        point = self.point(attributes, time)
        self._exemplars = {}
        if delta:
            self.reset()
            self.start = time
        return point

    def exemplars(self) -> list[Exemplar]:
        return [Exemplar(*exemplar) for _, exemplar in sorted(self._exemplars.items())]


class SumState(State):
    __slots__ = ("value",)

    def reset(self) -> None:
        super().reset()
        self.value: float = 0

    def take(self, values: Sequence[float], exemplars: Sequence[Taken] = ()) -> None:
        self.value += sum(values)
        self.used = True
        if exemplars:
            self._exemplars[0] = exemplars[-1]

    def point(self, attributes: Mapping[str, Any], time: int) -> Point:
        return NumberPoint(attributes, self.start, time, self.value, self.exemplars())


class LastState(SumState):
    shape = GAUGE
    __slots__ = ()

    def take(self, values: Sequence[float], exemplars: Sequence[Taken] = ()) -> None:
        super().take(values, exemplars)
        self.value = values[-1]


class HistogramState(State):
    shape = HISTOGRAM
    __slots__ = ("_boundaries", "_counts", "_max", "_min", "_sum")

    def __init__(self, start: int, boundaries: Sequence[float] = BOUNDARIES) -> None:
        self._boundaries = boundaries
        super().__init__(start)

    def reset(self) -> None:
        super().reset()
        self._counts = [0] * (len(self._boundaries) + 1)
        self._sum: float = 0
        self._min, self._max = float("inf"), float("-inf")

    def take(self, values: Sequence[float], exemplars: Sequence[Taken] = ()) -> None:
        boundaries, counts = self._boundaries, self._counts
        if len(values) > len(boundaries):
            self._take_many(sorted(values))
        else:
            for value in values:
                counts[bisect_left(boundaries, value)] += 1
        self._sum += sum(values)
        self._min, self._max = min(self._min, min(values)), max(self._max, max(values))
        self.used = True
        for exemplar in exemplars:
            self._exemplars[bisect_left(boundaries, exemplar[0])] = exemplar

    def _take_many(self, values: Sequence[float]) -> None:
        """Values in order, more than there are boundaries: these are looked up among the values, not the other way."""
        below = 0
        for bucket, boundary in enumerate(self._boundaries):
            up_to = bisect_right(values, boundary, below)
            self._counts[bucket] += up_to - below
            below = up_to
        self._counts[-1] += len(values) - below

    def point(self, attributes: Mapping[str, Any], time: int) -> Point:
        counts, told = list(self._counts), self.exemplars()
        low, high, total = self._min, self._max, sum(counts)
        return HistogramPoint(attributes, self.start, time, total, self._sum, low, high, counts, self._boundaries, told)


__all__ = ["BOUNDARIES", "EXPONENTIAL", "HistogramState", "LastState", "State", "SumState"]
