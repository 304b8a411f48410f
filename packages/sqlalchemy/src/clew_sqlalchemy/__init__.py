"""Follows the statements that an application runs with SQLAlchemy, by Core or ORM, sync or async, and its pools."""

import os
from typing import Any

from clew import EventPair, Plugin, between, pooled, quietly
from clew.conventions import db_client, db_pool

__all__ = ["plugin"]

#: The names of dialects that OpenTelemetry calls differently.
SYSTEMS = {
    "oracle": "oracle.db", "mssql": "microsoft.sql_server", "db2": "ibm.db2", "hana": "sap.hana",
    "clickhousedb": "clickhouse",
}  # fmt: skip


def read_server(engine: Any) -> db_client.Server:
    url, dialect = engine.url, engine.dialect.name
    name = url.database
    if dialect == "sqlite":
        name = None if not name or name == ":memory:" else os.path.basename(name)
    return db_client.Server(SYSTEMS.get(dialect, dialect), url.host, url.port, name)


def read_statement(cursor: Any, statement: str, *rest: Any) -> db_client.Query:
    context, engine = rest[-1], rest[-1].engine
    if not context.executemany:
        return db_client.query(statement, of=engine)
    # What SQLAlchemy sends as one long INSERT, or as several, is a batch of the statement that was compiled.
    batch = context.compiled_parameters if context.compiled else rest[0]
    return db_client.query(context.statement, of=engine, batch=batch)


def read_error(failure: Any) -> BaseException:
    return failure.sqlalchemy_exception or failure.original_exception  # type: ignore[no-any-return]


def read_code(error: BaseException) -> str | None:
    return db_client.sqlstate(getattr(error, "orig", None) or error)


def read_pool(engine: Any) -> db_pool.Pool | None:
    pool = engine.pool
    if not hasattr(pool, "checkedin"):
        return None
    name = getattr(pool, "logging_name", None) or db_pool.name_of(read_server(engine))
    spare = getattr(pool, "_max_overflow", -1)
    limit = pool.size() + spare if spare >= 0 and pool.size() else None
    return db_pool.Pool(name, pool.checkedout(), pool.checkedin(), limit, id(pool))


BEGIN = "do_execute", "do_executemany", "do_execute_no_params"
#: Once, also where SQLAlchemy makes several INSERTs of one call. One listener to `after_cursor_execute`, and every
#: connection dispatches all its events: half of what a statement costs.
END = "sqlalchemy.engine.default:DefaultExecutionContext._setup_result_proxy"
statement = db_client.statement(read_statement, read_server, read_code)
calls = EventPair(
    begin=BEGIN,
    end=END,
    fail="handle_error",
    subjects={
        **dict.fromkeys(BEGIN, lambda *args: args[-1]),
        END: lambda context: context,
        "handle_error": lambda failure: failure.execution_context,
    },
    read_error=read_error,
)
plugin = Plugin(
    "sqlalchemy",
    versions=">=1.4",
    instrumentor="clew_sqlalchemy.instrumentor",
    owner=lambda *args: args[-1].engine,
    hooks=[
        between("sqlalchemy.engine.base:Engine", "sqlalchemy.event", calls, statement),
        quietly("sqlalchemy.engine.default:DefaultDialect._do_ping_w_event", db_client.FAMILY, optional=True),
        pooled("sqlalchemy.engine.base:Engine.raw_connection", read_pool),
    ],
)
