"""Database calls: https://opentelemetry.io/docs/specs/semconv/database/database-spans/ and their metric."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from opentelemetry.trace import SpanKind

from clew import sql
from clew.conventions import db, keys
from clew.conventions.db import DURATION, REMEMBERED, Known
from clew.conventions.db import FAMILY as FAMILY
from clew.conventions.db import Server as Server
from clew.conventions.db import opened as opened
from clew.operation import Attributes, Closing, Opening, Operation

#: Text, connection, parameter sets.
Query = tuple[str, Any, Any]


def query(text: str, of: Any = None, batch: Any = None) -> Query:
    """One statement as it is sent over the connection `of`; `batch` is the sequence of parameter sets, when one call
    runs the statement for each."""
    return text, of, batch


def statement(
    read_query: Callable[..., Query | None],
    read_server: Callable[[Any], Server],
    read_code: Callable[[BaseException], str | None] | None = None,
    innermost: bool = False,
) -> Operation:
    """One SQL statement. `read_server` runs once per connection; `read_code` gives a failure's SQLSTATE or the like.

    `innermost`: the watched function calls no other function that is watched.
    """

    def settle(read: Query) -> _Facts:
        text, connection, batch = read
        known = getattr(connection, REMEMBERED, None) or db.remember(connection, read_server(connection))
        if len(text) > sql.LONGEST:  # a note may wait for a second: what is not read of the statement need not
            text = text[: sql.LONGEST + 1]
        return text, known, None if batch is None else db.size(batch)

    return Operation(
        FAMILY, SpanKind.CLIENT, read_query, _opening, _closing, DURATION, _point,
        settle=settle, read_error=read_code or sqlstate, innermost=innermost,
        heading="db",
    )  # fmt: skip


#: Text, server, size of the batch.
_Facts = tuple[str, Known, "int | None"]


def _opening(facts: _Facts) -> Opening:
    text, known, size = facts
    summary, shown = sql.describe(text, known.server.system)
    attributes: Attributes = {**known.attributes, keys.DB_QUERY_TEXT: shown}
    if summary:
        attributes[keys.DB_QUERY_SUMMARY] = summary
    if size is not None and size > 1:
        attributes[keys.DB_OPERATION_BATCH_SIZE] = size
    return summary or db.target(known.server), attributes


def _closing(facts: _Facts, opened: Attributes, code: str | None, kind: str | None) -> Closing:
    server, summary = facts[1].server, opened.get(keys.DB_QUERY_SUMMARY)
    if kind is None:
        return {}, (server, summary, None, None), None, None
    attributes: Attributes = {keys.ERROR_TYPE: kind}
    if code:
        attributes[keys.DB_RESPONSE_STATUS_CODE] = code
    return attributes, (server, summary, code, kind), kind, None


def _point(server: Server, summary: str | None, code: str | None, error: str | None) -> Attributes:
    attributes = db.server_attributes(server)
    if summary:
        attributes[keys.DB_QUERY_SUMMARY] = summary
    if code:
        attributes[keys.DB_RESPONSE_STATUS_CODE] = code
    if error:
        attributes[keys.ERROR_TYPE] = error
    return attributes


def sqlstate(error: BaseException) -> str | None:
    """SQLSTATE of a failure, or what the driver has in its place."""
    for name in ("sqlstate", "pgcode", "sqlite_errorname"):
        code = getattr(error, name, None)
        if isinstance(code, str):
            return code
    return None
