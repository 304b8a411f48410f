"""The base-2 exponential histogram (specification, metrics SDK, "Base2 Exponential Bucket Histogram Aggregation")."""

from __future__ import annotations

from collections.abc import Mapping
from math import floor, frexp, log
from typing import Any

from clew_sdk.metrics.points import EXPONENTIAL, Buckets, Exemplar, ExponentialPoint, Point
from clew_sdk.metrics.states import State


class ExponentialState(State):
    """Begins at the finest scale and halves its resolution whenever one side would need more than `size` buckets."""

    shape = EXPONENTIAL
    __slots__ = ("_count", "_finest", "_max", "_min", "_scale", "_sides", "_size", "_sum", "_zeros")

    def __init__(self, start: int, size: int = 160, finest: int = 20) -> None:
        self._size, self._finest = max(2, size), finest
        super().__init__(start)

    def reset(self) -> None:
        super().reset()
        self._scale = self._finest
        self._count = self._zeros = 0
        self._sum: float = 0
        self._min, self._max = float("inf"), float("-inf")
        self._sides: tuple[dict[int, int], dict[int, int]] = ({}, {})

    def take(self, value: float, exemplar: Exemplar | None) -> None:
        self._count += 1
        self._sum += value
        self._min, self._max = min(self._min, value), max(self._max, value)
        self.used = True
        if exemplar is not None:
            self._exemplars[0] = exemplar
        if value == 0:
            self._zeros += 1
            return
        side = self._sides[value < 0]
        index = bucket_index(abs(value), self._scale)
        while side and max(*side, index) - min(*side, index) >= self._size:
            self._halve()
            side = self._sides[value < 0]
            index = bucket_index(abs(value), self._scale)
        side[index] = side.get(index, 0) + 1

    def _halve(self) -> None:
        self._scale -= 1
        merged: tuple[dict[int, int], dict[int, int]] = ({}, {})
        for before, after in zip(self._sides, merged, strict=True):
            for index, number in before.items():
                after[index >> 1] = after.get(index >> 1, 0) + number
        self._sides = merged

    def point(self, attributes: Mapping[str, Any], time: int) -> Point:
        positive, negative = map(_buckets, self._sides)
        low, high = self._min, self._max
        return ExponentialPoint(
            attributes, self.start, time, self._count, self._sum, low, high,
            self._scale, self._zeros, positive, negative, self.exemplars(),
        )  # fmt: skip


def bucket_index(value: float, scale: int) -> int:
    """The bucket (base**index, base**(index + 1)] of a positive value, where base = 2**(2**-scale)."""
    mantissa, exponent = frexp(value)
    if scale <= 0:
        return (exponent - 2 if mantissa == 0.5 else exponent - 1) >> -scale
    if mantissa == 0.5:  # a power of two is the upper bound of its bucket, which the logarithm may miss
        return ((exponent - 1) << scale) - 1
    return floor(log(value) * (2.0**scale / log(2.0)))


def _buckets(side: dict[int, int]) -> Buckets:
    if not side:
        return Buckets(0, ())
    first, last = min(side), max(side)
    return Buckets(first, [side.get(index, 0) for index in range(first, last + 1)])
