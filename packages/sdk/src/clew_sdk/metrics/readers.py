"""Readers: who wants to know, with which aggregations, and whether all or only what is new."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from clew_sdk import settings
from clew_sdk.metrics.exponential import ExponentialState
from clew_sdk.metrics.stream import Description, Reading
from clew_sdk.metrics.views import Make, default_maker, maker

_DELTA = {
    "cumulative": (),
    "delta": ("Counter", "Histogram", "ObservableCounter"),
    "lowmemory": ("Counter", "Histogram"),
}


class Reader(NamedTuple):
    """`delta` are the kinds of instrument told as differences; `prefer` names an aggregation for a kind, or None."""

    delta: frozenset[str]
    prefer: Callable[[Description], Make | None]

    def reading(self, described: Description, make: Make | None) -> Reading:
        """A view's aggregation comes before the reader's, and that before the instrument's own."""
        make = make or self.prefer(described) or default_maker(described)
        return Reading(make, described.kind in self.delta)


def otlp_reader() -> Reader:
    """As `OTEL_EXPORTER_OTLP_METRICS_…` say."""
    preference = settings.text("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE")
    histogram = settings.text("OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION")
    exponential = histogram == "base2_exponential_bucket_histogram"

    def prefer(described: Description) -> Make | None:
        return ExponentialState if exponential and described.kind == "Histogram" else None

    return Reader(frozenset(_DELTA[preference]), prefer)


def guest_reader(theirs: Any) -> Reader:
    """As an opentelemetry-sdk `MetricReader` was told by whoever made it."""
    temporality: Mapping[type, Any] = getattr(theirs, "_instrument_class_temporality", {})
    aggregations: Mapping[type, Any] = getattr(theirs, "_instrument_class_aggregation", {})
    by_kind = {kind.__name__.lstrip("_"): aggregation for kind, aggregation in aggregations.items()}
    delta = {kind.__name__.lstrip("_") for kind, value in temporality.items() if getattr(value, "name", "") == "DELTA"}
    return Reader(frozenset(delta), lambda described: maker(by_kind.get(described.kind), described))
