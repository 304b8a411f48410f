"""Asks the database for the plan of a slow statement: once for each summary, of statements that only read.

Off unless the settings ask for it. It is asked in the application's call, on the application's connection, by a cursor
of the driver's own: another connection would need the application's credentials, and would see neither its temporary
tables nor its rights. What each system needs so that nothing is left behind is in `plans`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import wraps
from time import perf_counter_ns
from time import perf_counter_ns as clock  # the end of a call, which tests put off
from typing import Any

from clew import sql
from clew.commenting import PARAMETERS
from clew.places import Function
from clew.propagation import SUPPRESS, get_current, suppress
from clew.telemetry import Telemetry

#: Takes cursor, text and the parameters as the driver takes them; the plan without literals, or None.
Explain = Callable[[Any, str, "tuple[Any, ...]"], "str | None"]
LENGTH = 4096
REMEMBERED = 1000  # summaries; beyond it no more plans are asked for
_READS = re.compile(r"\s*(?:SELECT|WITH)\b", re.IGNORECASE)
#: Of statements with one of these words, also as a name or in a string, no plan is asked for.
_WRITES = re.compile(
    r"\b(?:INSERT|UPDATE|DELETE|MERGE|REPLACE|INTO|TRUNCATE|CALL|LOCK|FOUND_ROWS|SQL_CALC_FOUND_ROWS)\b", re.IGNORECASE
)
_asked: set[str] = set()
#: Plans that nobody has told of yet, by summary.
_plans: dict[str, str] = {}


def explaining(telemetry: Telemetry, explain: Explain) -> Callable[[Function], Function]:
    """Makes functions that ask for the plan of a statement that was slow."""
    limit = telemetry.settings.slow_statement * 1e9

    def make(function: Function) -> Function:
        @wraps(function)
        def explained(cursor: Any, *args: Any, **kwargs: Any) -> Any:
            began = perf_counter_ns()
            result = function(cursor, *args, **kwargs)
            if clock() - began > limit:
                try:
                    _ask(explain, cursor, args, kwargs)
                except Exception:  # noqa: BLE001, S110  (the server may refuse it, which is nobody's failure)
                    pass
            return result

        return explained

    return make


def plan_of(summary: str) -> str | None:
    """The plan that was asked for last, told once."""
    return _plans.pop(summary, None)


def is_read_only(text: str) -> bool:
    """Whether it is one statement that reads; no for some that do, never yes for one that does more."""
    return bool(_READS.match(text)) and not _WRITES.search(text) and ";" not in text.rstrip("; \r\n\t")


def _ask(explain: Explain, cursor: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    text = args[0] if args else None
    if type(text) is not str or len(text) > sql.LONGEST or not is_read_only(text) or get_current().get(SUPPRESS):
        return
    summary = sql.describe(text).summary
    if summary in _asked or len(_asked) >= REMEMBERED:
        return
    _asked.add(summary)
    parameters = args[1:2] or tuple(kwargs[name] for name in PARAMETERS & kwargs.keys())
    if all(given is None or hasattr(given, "__len__") for given in parameters):  # an iterator is used up by now
        with suppress():
            plan = explain(cursor, text.rstrip("; \r\n\t"), parameters)
        if plan:
            _plans[summary] = plan[:LENGTH]
