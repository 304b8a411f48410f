"""From rounds to figures: what a contender adds, how sure that is, and what the ratio of two of them is."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median, quantiles


@dataclass(frozen=True)
class Figure:
    """A median and the quartiles around it, in the unit of the samples."""

    median: float
    low: float
    high: float


def figure(samples: list[float]) -> Figure | None:
    if not samples:
        return None
    if len(samples) == 1:
        return Figure(samples[0], samples[0], samples[0])
    low, _, high = quantiles(samples, n=4, method="inclusive")
    return Figure(median(samples), low, high)


def added(samples: list[float], bare: list[float]) -> Figure | None:
    """What comes on top of bare, from the differences within each round: a slow minute of the machine hits both."""
    return figure([sample - base for sample, base in zip(samples, bare, strict=False)])


def ratio(part: Figure | None, whole: Figure | None) -> float | None:
    """None where one is missing or the whole is nothing that could be divided by."""
    if part is None or whole is None or whole.median <= 0:
        return None
    return part.median / whole.median
