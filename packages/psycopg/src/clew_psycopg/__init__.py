"""Follows the statements that an application runs with psycopg 3: sync, async, server-side, in a pool."""

from typing import Any

from clew import Plugin, patch
from clew.conventions import db_client

__all__ = ["plugin"]


def read_server(connection: Any) -> db_client.Server:
    info = connection.info
    return db_client.Server("postgresql", info.host, info.port, info.dbname)


def read_statement(cursor: Any, query: Any, *args: Any, **options: Any) -> db_client.Query:
    return db_client.query(read_text(query, cursor), of=cursor.connection)


def read_batch(cursor: Any, query: Any, params_seq: Any, **options: Any) -> db_client.Query:
    return db_client.query(read_text(query, cursor), of=cursor.connection, batch=params_seq)


def read_text(query: Any, cursor: Any) -> str:
    if isinstance(query, str):
        return query
    return query.decode() if isinstance(query, bytes) else query.as_string(cursor)


statement = db_client.statement(read_statement, read_server, innermost=True)
batch = db_client.statement(read_batch, read_server, innermost=True)
plugin = Plugin(
    "psycopg",
    versions=">=3.1",
    hooks=[
        patch(f"psycopg:{prefix}{cursor}.{method}", operation)
        for prefix in ("", "Async")
        for cursor, methods in (("Cursor", ("execute", "executemany", "stream")), ("ServerCursor", ("execute",)))
        for method, operation in (("execute", statement), ("executemany", batch), ("stream", statement))
        if method in methods
    ],
)
