"""The base-2 exponential histogram (specification, metrics SDK, "Base2 Exponential Bucket Histogram Aggregation")."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import floor, frexp, log
from typing import Any

from clew_sdk.metrics.points import EXPONENTIAL, Buckets, ExponentialPoint, Point
from clew_sdk.metrics.states import State, Taken


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

    def take(self, values: Sequence[float], exemplars: Sequence[Taken] = ()) -> None:
        self._count += len(values)
        self._sum += sum(values)
        self._min, self._max = min(self._min, min(values)), max(self._max, max(values))
        self.used = True
        if exemplars:
            self._exemplars[0] = exemplars[-1]
        for value in values:
            if value == 0:
                self._zeros += 1
            else:
                self._place(value)

    def _place(self, value: float) -> None:
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
