"""Tells the database in a comment of the statement whose it is: request and trace ID, or only the route."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import quote

from clew.operation import WORK
from clew.places import Function
from clew.propagation import REQUEST_ID, SPAN, get_current
from clew.telemetry import Telemetry


def commenting(telemetry: Telemetry, doubled: bool) -> Callable[[Function], Function]:
    """Makes functions that put a comment into the statement, which is their first argument after the cursor.

    `doubled`: the driver formats a statement that has parameters with `%`. Statements that are prepared are left alone:
    each comment would make another one. So are those of server-side cursors (which have a name) and composed ones.
    """
    describe = {"request": _of_request, "static": _of_route}[telemetry.settings.sql_comment]
    failed = telemetry.guard.failed

    def comment(cursor: Any, text: Any, with_parameters: bool) -> Any:
        if not isinstance(text, (str, bytes)) or getattr(cursor, "name", None):
            return text
        told = ",".join(f"{key}='{quote(str(value), safe='')}'" for key, value in describe().items() if value)
        if not told or "*/" in told or "/*" in told:
            return text
        added = f" /*{told.replace('%', '%%') if doubled and with_parameters else told}*/"
        if isinstance(text, bytes):
            return text.rstrip(b"; \r\n\t") + added.encode()
        return text.rstrip("; \r\n\t") + added

    def make(function: Function) -> Function:
        @wraps(function)
        def commented(cursor: Any, *args: Any, **kwargs: Any) -> Any:
            try:
                if args and not kwargs.get("prepare"):
                    parameters = args[1] if len(args) > 1 else next(map(kwargs.get, PARAMETERS & kwargs.keys()), None)
                    args = comment(cursor, args[0], parameters is not None), *args[1:]
            except Exception as error:  # noqa: BLE001
                failed(error, "sql comment")
            return function(cursor, *args, **kwargs)

        return commented

    return make


#: What drivers call the parameters of a statement.
PARAMETERS = {"params", "vars", "args", "parameters"}


def _of_request() -> dict[str, Any]:
    context = get_current()
    told = {"request_id": context.get(REQUEST_ID)}
    span: Any = context.get(SPAN)
    found = None if span is None else span.get_span_context()
    if found is not None and found.is_valid:
        told["traceparent"] = f"00-{found.trace_id:032x}-{found.span_id:016x}-{found.trace_flags:02x}"
    return told


def _of_route() -> dict[str, Any]:
    """What is the same for many requests, so that the server's caches of statements and plans still work."""
    work: Any = get_current().get(WORK)
    return {} if work is None or not work.route else {"route": work.route}
