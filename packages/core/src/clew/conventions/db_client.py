"""Database calls: https://opentelemetry.io/docs/specs/semconv/database/database-spans/ and their metric."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from operator import attrgetter
from typing import Any

from opentelemetry.trace import SpanKind

from clew import settings, shells_deferred, sql
from clew.commenting import commenting
from clew.conventions import db, keys
from clew.conventions.db import DURATION, Known
from clew.conventions.db import FAMILY as FAMILY
from clew.conventions.db import Server as Server
from clew.conventions.db import opened as opened
from clew.conventions.db import server_of as server_of
from clew.explaining import Explain, explaining
from clew.hooks import Hook, patch
from clew.operation import Attributes, Closing, Opening, Operation
from clew.shells import coroutine
from clew.shells_context import context_manager
from clew.telemetry import Telemetry

#: Text, connection, parameter sets.
Query = tuple[Any, Any, Any]
#: Has the parameters of the watched function; None for a call that is not to be recorded.
Reader = Callable[..., "Query | None"]
#: What transactions consist of: a driver sends it by itself in one library and by a statement in the next.
CHATTER_LENGTH = 64
_CHATTER = re.compile(
    r"\s*(?:begin|start\s+transaction|commit|rollback|savepoint|release|abort)\b(?!.*;\s*\S)", re.IGNORECASE | re.DOTALL
)


def query(text: Any, of: Any = None, batch: Any = None) -> Query:
    """One statement as it is sent over the connection `of`; `batch` is the sequence of parameter sets, when one call
    runs the statement for each. `text` may be bytes, or an object that says itself `as_string(connection)`."""
    return text, of, batch


def statement(
    read_query: Reader,
    read_server: Callable[[Any], Server],
    read_code: Callable[[BaseException], str | None] | None = None,
    innermost: bool = False,
) -> Operation:
    """One SQL statement. `read_server` runs once per connection; `read_code` gives a failure's SQLSTATE or the like.

    `innermost`: the watched function calls no other function that is watched.
    """

    def settle(read: Query) -> _Facts | None:
        text, connection, batch = read
        if type(text) is not str:
            text = _text(text, connection)
        if len(text) < CHATTER_LENGTH and _is_chatter(text) and not _with_chatter():
            return None
        known = db.known(connection) or db.remember(connection, read_server(connection))
        if len(text) > sql.LONGEST:  # a note may wait for a second: what is not read of the statement need not
            text = text[: sql.LONGEST + 1]
        return text, known, None if batch is None else db.size(batch)

    return Operation(
        FAMILY, SpanKind.CLIENT, read_query, _opening, _closing, DURATION, _point,
        settle=settle, read_error=read_code or sqlstate, innermost=innermost,
        heading="db", slow=True,
    )  # fmt: skip


def methods(
    read_server: Callable[[Any], Server], read_code: Callable[[BaseException], str | None], of: str = "connection"
) -> dict[str, Operation]:
    """What a cursor of the DB-API (PEP 249) does, by the name of its method; `of` is where it has its connection: the
    attribute's name, or names with `|` between them."""
    connection = attrgetter(of) if "|" not in of else _first_attribute(of.split("|"))

    def read_execute(cursor: Any, *args: Any, **options: Any) -> Query:
        return args[0] if args else _first(options), connection(cursor), None

    def read_executemany(cursor: Any, *args: Any, **options: Any) -> Query:
        text, sets, *_ = (*args, *options.values())
        return text, connection(cursor), sets

    def read_callproc(cursor: Any, *args: Any, **options: Any) -> Query:
        return f"CALL {args[0] if args else _first(options)}", connection(cursor), None

    return {
        "execute": statement(read_execute, read_server, read_code, innermost=True),
        "executemany": statement(read_executemany, read_server, read_code),  # most run `execute` for each
        "callproc": statement(read_callproc, read_server, read_code),
    }


def cursor(
    target: str,
    read_server: Callable[[Any], Server],
    of: str = "connection",
    doubled: bool | None = True,
    explain: Explain | None = None,
) -> list[Hook]:
    """Hooks for a class of cursors whose failures have the server's code as their first argument. `doubled`: whether it
    formats statements with `%`; None for one that has the server prepare them, which get no comment."""
    operations = methods(read_server, vendor_code, of)
    if doubled is not None:
        operations["execute"] = commented(operations["execute"], doubled)
    if explain is not None:
        operations["execute"] = explained(operations["execute"], explain)
    return [patch(f"{target}.{name}", operation, optional=True) for name, operation in operations.items()]


def connection_of(cursor: Any, *args: Any) -> Any:
    """The connection of a cursor; the connection itself where it is asked."""
    return getattr(cursor, "connection", cursor)


def _first_attribute(names: list[str]) -> Callable[[Any], Any]:
    return lambda subject: next(found for name in names if (found := getattr(subject, name, None)) is not None)


def _first(options: Mapping[str, Any]) -> Any:
    """The statement, which libraries call by one of these names."""
    return next(options[name] for name in ("query", "operation", "statement", "sql", "procname") if name in options)


def commented(operation: Operation, doubled: bool = True) -> Operation:
    """The same for a driver that sends the text as it gets it, so that a comment may be added. `doubled`: it formats it
    with `%` when there are parameters."""

    def inside(telemetry: Telemetry) -> Callable[[Any], Any] | None:
        return None if telemetry.settings.sql_comment == "off" else commenting(telemetry, doubled)

    return operation._replace(inside=inside, offers=(*operation.offers, "commented"))


def explained(operation: Operation, explain: Explain) -> Operation:
    """The same for a driver that can be asked for a plan when a call is over, and is the worse for nothing."""
    comment = operation.inside

    def inside(telemetry: Telemetry) -> Callable[[Any], Any] | None:
        innermost = None if comment is None else comment(telemetry)
        if telemetry.settings.explain == "off":
            return innermost
        asking = explaining(telemetry, explain)
        return asking if innermost is None else lambda function: asking(innermost(function))

    return operation._replace(inside=inside, offers=(*operation.offers, "explained"))


def awaited(operation: Operation) -> Operation:
    """The same for a function that returns a coroutine and does not look as if it did."""
    return operation._replace(shell=coroutine)


def deferred(operation: Operation) -> Operation:
    """The same for a function that returns a future with callbacks: it lasts until there is a result."""
    return operation._replace(shell=shells_deferred.deferred, innermost=False)


def within(operation: Operation) -> Operation:
    """The same for a function that returns a context manager, such as a COPY: it lasts as long as the block."""
    return operation._replace(shell=context_manager, innermost=False)


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


def _text(text: Any, connection: Any) -> str:
    if isinstance(text, str):
        return str(text)
    if isinstance(text, (bytes, bytearray)):
        return text.decode(errors="replace")
    strings = getattr(text, "strings", None)  # a template string (PEP 750): what is interpolated is a parameter
    if strings is not None:
        return "?".join(strings)
    # What is nothing of the kind, the driver will refuse: the caller's mistake, not one of ours.
    return str(text.as_string(connection)) if hasattr(text, "as_string") else ""


@lru_cache(1024)
def _is_chatter(text: str) -> bool:
    return _CHATTER.match(text) is not None


def _with_chatter() -> bool:
    return settings.current().db_transactions


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


def vendor_code(error: BaseException) -> str | None:
    """The number or word that drivers of MySQL, SQL Server and ODBC give as first argument of their exceptions."""
    is_of_driver = any(kind.__name__ == "DatabaseError" for kind in type(error).__mro__)
    code = error.args[0] if is_of_driver and error.args else None
    return str(code) if isinstance(code, int) or (isinstance(code, str) and code.isalnum()) else None


def postgresql(connection: Any) -> Server:
    """The server of a connection whose `info` is libpq's."""
    info = connection.info
    return Server("postgresql", info.host, info.port, info.dbname)


def sqlite(database: Any = None) -> Server:
    """A database in a file, named by it; one in memory, or nobody knows where, has no name."""
    name = os.path.basename(os.fsdecode(database)) if isinstance(database, (str, bytes, os.PathLike)) else ""
    return Server("sqlite", namespace=None if name == ":memory:" else name)


def mysql(host: Any, port: Any, database: Any, version: Any) -> Server:
    """A server that speaks MySQL's protocol; its version says whether it is MariaDB."""
    system = "mariadb" if "mariadb" in _plain(version).lower() else "mysql"
    return Server(system, _plain(host) or None, port if isinstance(port, int) else None, _plain(database) or None)


#: What systems call themselves, in lower case, with the conventions' name.
SYSTEMS = {
    "postgresql": "postgresql", "microsoft sql server": "microsoft.sql_server", "mariadb": "mariadb",
    "mysql": "mysql", "oracle": "oracle.db", "sqlite": "sqlite", "db2": "ibm.db2", "clickhouse": "clickhouse",
}  # fmt: skip


def by_name(name: Any, host: Any, database: Any) -> Server:
    """A server that says itself what it is."""
    said = _plain(name).lower()
    system = next((system for known, system in SYSTEMS.items() if known in said), "other_sql")
    return Server(system, _plain(host) or None, None, _plain(database) or None)


def _plain(value: Any) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value or "")
