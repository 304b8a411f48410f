"""Follows the statements that an application runs with psycopg 3: sync, async, server-side, COPY, in a pool."""

from sys import modules
from typing import Any

from clew import Plugin, patch, plans, pooled
from clew.conventions import db_client, db_pool

__all__ = ["plugin"]


def read_statement(cursor: Any, query: Any, *args: Any, **options: Any) -> db_client.Query:
    return db_client.query(query, of=cursor.connection)


def read_batch(cursor: Any, query: Any, params_seq: Any, **options: Any) -> db_client.Query:
    return db_client.query(query, of=cursor.connection, batch=params_seq)


def read_pool(pool: Any) -> db_pool.Pool:
    stats = pool.get_stats()
    idle = stats.get("pool_available", 0)
    return db_pool.Pool(pool.name, stats.get("pool_size", 0) - idle, idle, stats.get("pool_max"))


def other_cursor(cursor: Any) -> Any:
    connection = cursor.connection
    if connection.pgconn.pipeline_status:
        return None
    return modules["psycopg"].Cursor(connection, row_factory=modules["psycopg.rows"].tuple_row)


statement = db_client.statement(read_statement, db_client.postgresql, innermost=True)
operations = {
    "execute": db_client.commented(statement),
    "executemany": db_client.statement(read_batch, db_client.postgresql, innermost=True),
    "stream": statement,
    "copy": db_client.within(statement),
}
server_side = {"execute": statement}
sync = {**operations, "execute": db_client.explained(operations["execute"], plans.postgresql(other_cursor))}
plugin = Plugin(
    "psycopg",
    versions=">=3.1",
    instrumentor="clew_psycopg.instrumentor",
    owner=db_client.connection_of,
    hooks=[
        *(
            patch(f"psycopg:{prefix}{cursor}.{method}", operation)
            for prefix, methods_of in (("", sync), ("Async", operations))
            for cursor, methods in {"Cursor": methods_of, "ServerCursor": server_side}.items()
            for method, operation in methods.items()
        ),
        *(pooled(f"psycopg_pool:{prefix}ConnectionPool.getconn", read_pool) for prefix in ("", "Async")),
    ],
)
