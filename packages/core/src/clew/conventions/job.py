"""Work that a request leaves behind: background tasks, run when its answer is out, or beside it.

The semantic conventions have none for them; the name of the function is `code.function.name`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from opentelemetry.trace import SpanKind

from clew.conventions import keys
from clew.hooks import Shell
from clew.operation import WORK, Attributes, Closing, Metric, Opening, Operation
from clew.propagation import get_current

FAMILY = "job"
BOUNDARIES = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900)
DURATION = Metric("clew.job.duration", "Duration of background tasks of requests.", BOUNDARIES)

#: The function's module and qualified name.
_Facts = tuple[str, str]


def task(read_function: Callable[..., Any], shell: Shell | None = None) -> Operation:
    """One background task of a request. `read_function` mirrors the watched function and gives the application's own.

    What is started outside of a request is not recorded: it may be a loop for as long as the application runs.
    """
    return Operation(
        FAMILY, SpanKind.INTERNAL, read_function, _opening, _closing, DURATION, _point,
        settle=_settle, nests=True, shell=shell,
    )  # fmt: skip


def _settle(function: Any) -> _Facts | None:
    """Its name. A request does not wait for its task: one that failed would, for the exception (shells_asgi)."""
    work: Any = get_current().get(WORK)
    if work is None:
        return None
    work.hurried = True
    if work.waiting is not None:
        work.waiting(sys.exc_info()[1])  # a handler of exceptions may have answered
    return _name_of(function)


def _name_of(function: Any) -> _Facts:
    """Of what a partial, or a framework, has wrapped."""
    for _ in range(10):
        function = getattr(function, "func", function)
    named = function if hasattr(function, "__qualname__") else type(function)
    module = getattr(named, "__module__", None)
    if module is None and getattr(named, "cr_frame", None) is not None:  # a coroutine
        module = named.cr_frame.f_globals.get("__name__")
    return str(module or ""), str(named.__qualname__)


def _opening(facts: _Facts) -> Opening:
    return facts[1].rpartition("<locals>.")[2], {keys.CODE_FUNCTION_NAME: _whole(facts)}


def _whole(facts: _Facts) -> str:
    return ".".join(filter(None, facts))


def _closing(facts: _Facts, opened: Attributes, outcome: None, kind: str | None) -> Closing:
    return {} if kind is None else {keys.ERROR_TYPE: kind}, (_whole(facts), kind), kind, None


def _point(function: str, kind: str | None) -> Attributes:
    attributes: Attributes = {keys.CODE_FUNCTION_NAME: function}
    if kind is not None:
        attributes[keys.ERROR_TYPE] = kind
    return attributes
