"""What a collection finds, in words of OpenTelemetry's metric data model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from clew_sdk.scope import Scope

SUM, GAUGE, HISTOGRAM, EXPONENTIAL = "sum", "gauge", "histogram", "exponential_histogram"


class Exemplar(NamedTuple):
    """`attributes` are those of the measurement that a view took off its point. IDs are 0 outside a trace."""

    value: float
    time: int
    trace_id: int
    span_id: int
    attributes: Mapping[str, Any]


class NumberPoint(NamedTuple):
    attributes: Mapping[str, Any]
    start: int
    time: int
    value: float
    exemplars: Sequence[Exemplar]


class HistogramPoint(NamedTuple):
    attributes: Mapping[str, Any]
    start: int
    time: int
    total: int
    sum: float
    min: float
    max: float
    counts: Sequence[int]
    boundaries: Sequence[float]
    exemplars: Sequence[Exemplar]


class Buckets(NamedTuple):
    """Counts of consecutive exponential buckets, the first of which has index `offset`."""

    offset: int
    counts: Sequence[int]


class ExponentialPoint(NamedTuple):
    attributes: Mapping[str, Any]
    start: int
    time: int
    total: int
    sum: float
    min: float
    max: float
    scale: int
    zeros: int
    positive: Buckets
    negative: Buckets
    exemplars: Sequence[Exemplar]


Point = NumberPoint | HistogramPoint | ExponentialPoint


class Metric(NamedTuple):
    """`shape` is one of the four above; all points have the class that belongs to it."""

    scope: Scope
    name: str
    description: str
    unit: str
    shape: str
    delta: bool
    monotonic: bool
    points: Sequence[Point]
