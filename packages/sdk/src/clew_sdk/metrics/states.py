"""Aggregations: what one reader has heard of one attribute set. One thread at a time touches them."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from typing import Any

from clew_sdk.metrics.points import EXPONENTIAL, GAUGE, HISTOGRAM, SUM, Exemplar, HistogramPoint, NumberPoint, Point

BOUNDARIES = (0.0, 5.0, 10.0, 25.0, 50.0, 75.0, 100.0, 250.0, 500.0, 750.0, 1000.0, 2500.0, 5000.0, 7500.0, 10000.0)


class State:
    """What all aggregations have: `used` since the last reset, the start of their time, the latest exemplars."""

    shape = SUM
    __slots__ = ("_exemplars", "start", "used")

    def __init__(self, start: int) -> None:
        self.start = start
        self.reset()

    def reset(self) -> None:
        self.used = False
        self._exemplars: dict[int, Exemplar] = {}

    def take(self, value: float, exemplar: Exemplar | None) -> None:
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
        return [exemplar for _, exemplar in sorted(self._exemplars.items())]


class SumState(State):
    __slots__ = ("value",)

    def reset(self) -> None:
        super().reset()
        self.value: float = 0

    def take(self, value: float, exemplar: Exemplar | None) -> None:
        self.value += value
        self.used = True
        if exemplar is not None:
            self._exemplars[0] = exemplar

    def point(self, attributes: Mapping[str, Any], time: int) -> Point:
        return NumberPoint(attributes, self.start, time, self.value, self.exemplars())


class LastState(SumState):
    shape = GAUGE
    __slots__ = ()

    def take(self, value: float, exemplar: Exemplar | None) -> None:
        super().take(value, exemplar)
        self.value = value


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

    def take(self, value: float, exemplar: Exemplar | None) -> None:
        bucket = bisect_left(self._boundaries, value)
        self._counts[bucket] += 1
        self._sum += value
        if value < self._min:
            self._min = value
        if value > self._max:
            self._max = value
        self.used = True
        if exemplar is not None:
            self._exemplars[bucket] = exemplar

    def point(self, attributes: Mapping[str, Any], time: int) -> Point:
        counts, told = list(self._counts), self.exemplars()
        low, high, total = self._min, self._max, sum(counts)
        return HistogramPoint(attributes, self.start, time, total, self._sum, low, high, counts, self._boundaries, told)


__all__ = ["BOUNDARIES", "EXPONENTIAL", "HistogramState", "LastState", "State", "SumState"]
