"""A collection as opentelemetry-sdk's MetricsData, for readers that were written for that."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from opentelemetry.sdk.metrics import Exemplar as SdkExemplar
from opentelemetry.sdk.metrics._internal.point import Buckets as SdkBuckets
from opentelemetry.sdk.metrics._internal.point import ExponentialHistogramDataPoint
from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    Gauge,
    Histogram,
    HistogramDataPoint,
    MetricsData,
    NumberDataPoint,
    ResourceMetrics,
    ScopeMetrics,
    Sum,
)
from opentelemetry.sdk.metrics.export import ExponentialHistogram as SdkExponentialHistogram
from opentelemetry.sdk.metrics.export import Metric as SdkMetric

from clew_sdk.metrics.points import EXPONENTIAL, GAUGE, HISTOGRAM, Exemplar, Metric
from clew_sdk.resource import Resource
from clew_sdk.scope import Scope


def metrics_data(metrics: Sequence[Metric]) -> MetricsData | None:
    """None when nothing was measured, as opentelemetry-sdk has it."""
    grouped: dict[Resource, dict[Scope, list[SdkMetric]]] = {}
    for metric in metrics:
        scopes = grouped.setdefault(metric.scope.resource, {})
        scopes.setdefault(metric.scope, []).append(_metric(metric))
    if not grouped:
        return None
    return MetricsData(
        [
            ResourceMetrics(
                resource.for_guests(),
                [ScopeMetrics(scope.for_guests(), found, scope.schema_url) for scope, found in scopes.items()],
                resource.schema_url,
            )
            for resource, scopes in grouped.items()
        ]
    )


def _metric(metric: Metric) -> SdkMetric:
    return SdkMetric(metric.name, metric.description, metric.unit, _data(metric))


def _data(metric: Metric) -> Any:
    temporality = AggregationTemporality.DELTA if metric.delta else AggregationTemporality.CUMULATIVE
    if metric.shape == HISTOGRAM:
        return Histogram([_histogram(point) for point in metric.points], temporality)
    if metric.shape == EXPONENTIAL:
        return SdkExponentialHistogram([_exponential(point) for point in metric.points], temporality)
    numbers = [_number(point) for point in metric.points]
    return Gauge(numbers) if metric.shape == GAUGE else Sum(numbers, temporality, metric.monotonic)


def _number(point: Any) -> NumberDataPoint:
    return NumberDataPoint(point.attributes, point.start, point.time, point.value, _exemplars(point))


def _histogram(point: Any) -> HistogramDataPoint:
    return HistogramDataPoint(
        point.attributes, point.start, point.time, point.total, point.sum,
        point.counts, point.boundaries, point.min, point.max, _exemplars(point),
    )  # fmt: skip


def _exponential(point: Any) -> ExponentialHistogramDataPoint:
    return ExponentialHistogramDataPoint(
        point.attributes, point.start, point.time, point.total, point.sum, point.scale, point.zeros,
        SdkBuckets(*point.positive), SdkBuckets(*point.negative), 0, point.min, point.max, _exemplars(point),
    )  # fmt: skip


def _exemplars(point: Any) -> list[SdkExemplar]:
    return [_exemplar(exemplar, point) for exemplar in point.exemplars]


def _exemplar(exemplar: Exemplar, point: Any) -> SdkExemplar:
    filtered = {key: value for key, value in exemplar.attributes.items() if key not in point.attributes}
    ids = (exemplar.span_id, exemplar.trace_id) if exemplar.trace_id else (None, None)
    return SdkExemplar(filtered, exemplar.value, exemplar.time, *ids)
