"""How much of what an application records is kept; the rest is cut or counted as dropped."""

from __future__ import annotations

from typing import Any, NamedTuple

from clew_sdk import settings

ARRAY_VALUES = 4096  # values in one attribute, nested ones included
DEPTH = 16
KEY_LENGTH = 256
VALUE_LENGTH = 4096  # where nobody says how long a value may be
STACK_LENGTH = 16384
EXCEPTIONS = 8


class Limits(NamedTuple):
    """Counts per span and lengths in characters, as the specification names them (common, "Attribute Limits")."""

    attributes: int = 128
    value_length: int = VALUE_LENGTH
    events: int = 128
    links: int = 128
    event_attributes: int = 128
    link_attributes: int = 128


def longest_stack(value_length: int) -> int:
    """A stack may be longer than other values, unless a person wants even these shorter."""
    return value_length if value_length < VALUE_LENGTH else max(value_length, STACK_LENGTH)


def span_limits() -> Limits:
    """From the environment: `OTEL_SPAN_…_LIMIT` first, `OTEL_ATTRIBUTE_…_LIMIT` next."""
    attributes = settings.count("OTEL_ATTRIBUTE_COUNT_LIMIT")
    length = settings.count("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT")
    return Limits(
        attributes=settings.count("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", attributes),
        value_length=settings.count("OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT", length),
        events=settings.count("OTEL_SPAN_EVENT_COUNT_LIMIT"),
        links=settings.count("OTEL_SPAN_LINK_COUNT_LIMIT"),
        event_attributes=settings.count("OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT", attributes),
        link_attributes=settings.count("OTEL_LINK_ATTRIBUTE_COUNT_LIMIT", attributes),
    )


def log_limits() -> Limits:
    attributes = settings.count("OTEL_ATTRIBUTE_COUNT_LIMIT")
    length = settings.count("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT")
    return Limits(
        attributes=settings.count("OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT", attributes),
        value_length=settings.count("OTEL_LOGRECORD_ATTRIBUTE_VALUE_LENGTH_LIMIT", length),
    )


def from_sdk(theirs: Any) -> Limits:
    """What an opentelemetry-sdk `SpanLimits` says; its None ("no limit") is a billion here."""

    def number(name: str) -> int:
        value = getattr(theirs, name, None)
        return 10**9 if value is None else int(value)

    return Limits(
        attributes=number("max_span_attributes"),
        value_length=number("max_span_attribute_length"),
        events=number("max_events"),
        links=number("max_links"),
        event_attributes=number("max_event_attributes"),
        link_attributes=number("max_link_attributes"),
    )
