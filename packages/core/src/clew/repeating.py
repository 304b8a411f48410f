"""Tells of calls that a request makes again and again (N+1): an event on its span, a counter, a line for people."""

from __future__ import annotations

from logging import getLogger
from typing import Any

from opentelemetry import metrics

from clew.calling import shown
from clew.conventions import keys
from clew.hourly import Hourly
from clew.operation import Scribe, Work
from clew.sheet import Repetition

EVENT = "clew.repeated_calls"

_logger = getLogger("clew")
_hourly = Hourly()
_counters: list[metrics.Counter] = []


def tell(scribe: Scribe, work: Work, repetition: Repetition) -> None:
    """The line comes at most once an hour for a route and what it repeats."""
    title, number, seconds, place = repetition
    route = work.route or ""
    about: dict[str, Any] = {
        "clew.repeated.name": title, "clew.repeated.count": number, "clew.repeated.duration": seconds
    }  # fmt: skip
    scribe.event(work.call, EVENT, {**about, **place})
    _counter().add(1, {keys.HTTP_ROUTE: route} if route else {})
    if _hourly.due((route, title)):
        line = shown(place, "many places")
        message = "clew: %s made %d calls of %s in one request (%.3f s), from %s; request %s"
        _logger.warning(message, route or "a request", number, title, seconds, line, work.request_id)


def _counter() -> metrics.Counter:
    if not _counters:
        meter = metrics.get_meter("clew")
        text = "Requests that made the same call at least 5 times, by route."
        _counters.append(meter.create_counter("clew.request.repeated_calls", "{request}", text))
    return _counters[0]
