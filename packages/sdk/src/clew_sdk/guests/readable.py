"""Our span as opentelemetry-sdk's ReadableSpan, for processors and exporters that were written for that."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from opentelemetry.attributes import BoundedAttributes
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.util import BoundedList
from opentelemetry.trace import Link

from clew_sdk.span import DROPPED, DROPPED_EVENTS, DROPPED_LINKS, EVENTS, LINKS, Span


def readable(span: Span) -> ReadableSpan:
    """Raises what opentelemetry-sdk raises for attributes it cannot take."""
    limits, rare = span._tracer.limits, span._rare
    attributes = _bounded(span._attributes, limits.attributes, limits.value_length)
    attributes.dropped += rare.get(DROPPED, 0)
    return ReadableSpan(
        name=span.name,
        context=span.get_span_context(),
        parent=span.parent,
        resource=span.resource,
        attributes=attributes,
        events=_list(events(span), rare.get(DROPPED_EVENTS, 0)),
        links=_list(links(span), rare.get(DROPPED_LINKS, 0)),
        kind=span.kind,
        status=span.status,
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )


def events(span: Span) -> list[Event]:
    most, longest = span._tracer.limits.event_attributes, span._tracer.limits.value_length
    return [
        Event(name, _bounded(attributes, most, longest), timestamp)
        for name, attributes, timestamp in list(span._rare.get(EVENTS, ()))
    ]


def links(span: Span) -> list[Link]:
    most, longest = span._tracer.limits.link_attributes, span._tracer.limits.value_length
    return [
        Link(context, _bounded(attributes, most, longest)) for context, attributes in list(span._rare.get(LINKS, ()))
    ]


def _bounded(attributes: dict[str, Any], most: int, longest: int) -> BoundedAttributes:
    """Keeps the first attributes, as the specification says, where opentelemetry-sdk keeps the last."""
    kept = dict(list(attributes.items())[:most])
    bounded = BoundedAttributes(None, kept, True, longest)
    bounded.dropped += len(attributes) - len(kept)
    return bounded


def _list(items: Iterable[Any], dropped: int) -> Any:
    found = list(items)
    bounded = BoundedList.from_seq(len(found), found)
    bounded.dropped = dropped
    return bounded
