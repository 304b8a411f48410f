"""Follows the statements that an application runs with psycopg2: classes of C, of which it is handed subclasses."""

from sys import modules
from typing import Any

from clew import Derived, Plugin, derive, patch, plans, pooled
from clew.conventions import db_client, db_pool

__all__ = ["plugin"]


def read_statement(cursor: Any, query: Any, *args: Any, **options: Any) -> db_client.Query:
    return db_client.query(query, of=cursor.connection)


def read_batch(cursor: Any, query: Any, vars_list: Any, *args: Any, **options: Any) -> db_client.Query:
    return db_client.query(query, of=cursor.connection, batch=vars_list)


def read_copy_from(cursor: Any, file: Any, table: str, *args: Any, **options: Any) -> db_client.Query:
    return db_client.query(f'COPY "{table}" FROM STDIN', of=cursor.connection)


def read_copy_to(cursor: Any, file: Any, table: str, *args: Any, **options: Any) -> db_client.Query:
    return db_client.query(f'COPY "{table}" TO STDOUT', of=cursor.connection)


def read_call(cursor: Any, name: str, *args: Any) -> db_client.Query:
    return db_client.query(f"CALL {name}", of=cursor.connection)


def other_cursor(cursor: Any) -> Any:
    if cursor.name or cursor.connection.async_:
        return None
    return modules["psycopg2.extensions"].cursor(cursor.connection)


def read_pool(pool: Any) -> db_pool.Pool | None:
    if pool.closed:
        return None
    open_ones = [*pool._pool, *pool._used.values()]
    name = db_pool.name_of(db_client.postgresql(open_ones[0])) if open_ones and not open_ones[0].closed else ""
    return db_pool.Pool(name, len(pool._used), len(pool._pool), pool.maxconn)


readers: dict[str, db_client.Reader] = {
    "execute": read_statement,
    "executemany": read_batch,
    "copy_expert": read_statement,
    "copy_from": read_copy_from,
    "copy_to": read_copy_to,
    "callproc": read_call,
}
operations = {name: db_client.statement(read, db_client.postgresql, innermost=True) for name, read in readers.items()}
operations["execute"] = db_client.explained(db_client.commented(operations["execute"]), plans.postgresql(other_cursor))
batch = db_client.statement(read_batch, db_client.postgresql)
cursor = Derived("psycopg2.extensions:cursor", operations, default="cursor_factory")
connection = Derived("psycopg2.extensions:connection", {"cursor": ("cursor_factory", cursor)})
plugin = Plugin(
    "psycopg2",
    versions=">=2.8",
    instrumentor="clew_psycopg2.instrumentor",
    owner=db_client.connection_of,
    hooks=[
        derive("psycopg2:connect", "connection_factory", connection),
        *(patch(f"psycopg2.extras:{name}", batch) for name in ("execute_values", "execute_batch")),
        *(pooled(f"psycopg2.pool:{kind}ConnectionPool.getconn", read_pool) for kind in ("Simple", "Threaded")),
    ],
)
