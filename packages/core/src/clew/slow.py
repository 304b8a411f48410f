"""Tells of a call that took long: the application's own line that it comes from, and a line in the log."""

from __future__ import annotations

from logging import getLogger
from typing import TYPE_CHECKING, Any

from clew.calling import calling_line, shown
from clew.conventions import keys
from clew.explaining import plan_of
from clew.hourly import Hourly
from clew.operation import Facts, Operation
from clew.propagation import REQUEST_ID

if TYPE_CHECKING:
    from opentelemetry.context import Context

_logger = getLogger("clew")
_hourly = Hourly()


def tell(operation: Operation, facts: Facts, context: Context, nanoseconds: int) -> dict[str, Any]:
    """The attributes of the calling line. The log's line comes at most once an hour for what is told by one name."""
    if operation.waits is not None and facts is not None and operation.waits(facts):
        return {}
    place = calling_line()
    name = "a call" if facts is None else operation.opening(operation.common(facts) if operation.common else facts)[0]
    plan = plan_of(name)
    if _hourly.due(name) or plan is not None:
        line = shown(place, "an unknown line")
        request = context.get(REQUEST_ID) or "none"
        told = "" if plan is None else f"; plan: {plan}"
        _logger.warning(
            "clew: %s took %.3f s, called from %s; request %s%s", name, nanoseconds / 1e9, line, request, told
        )
    return place if plan is None else {**place, keys.DB_PLAN: plan}
