"""Views of opentelemetry-sdk: which instruments they mean and what they make of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from clew_sdk.metrics.exponential import ExponentialState
from clew_sdk.metrics.states import BOUNDARIES, HistogramState, LastState, State, SumState
from clew_sdk.metrics.stream import Description, Stream

Make = Callable[[int], State]


class Seen(NamedTuple):
    """A stream with the aggregation its view asks for; None leaves that to the reader and the instrument."""

    stream: Stream
    make: Make | None


def streams(described: Description, views: Sequence[Any]) -> list[Seen]:
    """One stream per view that means the instrument; the instrument's own when none does."""
    found = []
    matching = [view for view in views if _matches(view, described)]
    for view in matching:
        aggregation = getattr(view, "_aggregation", None)
        if type(aggregation).__name__ == "DropAggregation":
            continue
        renamed = described._replace(
            name=getattr(view, "_name", None) or described.name,
            description=getattr(view, "_description", None) or described.description,
        )
        keys = getattr(view, "_attribute_keys", None)
        stream = Stream(renamed, frozenset(keys) if keys is not None else None)
        found.append(Seen(stream, maker(aggregation, described)))
    return found if matching else [Seen(Stream(described), None)]


def maker(aggregation: Any, described: Description) -> Make | None:
    """How an opentelemetry-sdk `Aggregation` adds up; None for its default."""
    name = type(aggregation).__name__
    if name == "ExplicitBucketHistogramAggregation":
        boundaries = getattr(aggregation, "_boundaries", None) or described.boundaries or BOUNDARIES
        return lambda start: HistogramState(start, tuple(boundaries))
    if name == "ExponentialBucketHistogramAggregation":
        size, scale = getattr(aggregation, "_max_size", 160), getattr(aggregation, "_max_scale", 20)
        return lambda start: ExponentialState(start, size, scale)
    return {"SumAggregation": SumState, "LastValueAggregation": LastState}.get(name)


def default_maker(described: Description) -> Make:
    """The aggregation that belongs to the kind of instrument."""
    if described.kind == "Histogram":
        boundaries = tuple(described.boundaries) if described.boundaries is not None else BOUNDARIES
        return lambda start: HistogramState(start, boundaries)
    return LastState if described.kind.endswith("Gauge") else SumState


def _matches(view: Any, described: Description) -> bool:
    from fnmatch import fnmatchcase

    scope = described.scope
    kind, name = getattr(view, "_instrument_type", None), getattr(view, "_instrument_name", None)
    unit, meter = getattr(view, "_instrument_unit", None), getattr(view, "_meter_name", None)
    version, schema = getattr(view, "_meter_version", None), getattr(view, "_meter_schema_url", None)
    return (
        (kind is None or kind.__name__.lstrip("_") == described.kind)
        and (name is None or fnmatchcase(described.name.lower(), name.lower()))
        and (unit is None or fnmatchcase(described.unit, unit))
        and (meter is None or meter == scope.name)
        and (version is None or version == scope.version)
        and (schema is None or schema == scope.schema_url)
    )
