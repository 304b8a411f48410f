"""Follows the statements that an application runs with DuckDB, by connection or by the module."""

import os
from typing import Any

from clew import Plugin, after, patch
from clew.conventions import db_client

__all__ = ["plugin"]


def read_database(connection: Any, database: Any = "", *args: Any, **options: Any) -> db_client.Server:
    name = os.path.basename(os.fspath(database))
    return db_client.Server("duckdb", namespace=None if name.startswith(":") else name)


def read_same(cursor: Any, connection: Any) -> db_client.Server:
    return db_client.server_of(connection) or read_unknown(connection)


def read_unknown(connection: Any) -> db_client.Server:
    return db_client.Server("duckdb")


def read_statement(connection: Any, query: Any, *args: Any, **options: Any) -> db_client.Query | None:
    return db_client.query(query, of=connection) if isinstance(query, str) else None


def read_batch(connection: Any, query: Any, parameters: Any = None, *args: Any, **options: Any) -> db_client.Query:
    return db_client.query(query, of=connection, batch=parameters)


def read_of_module(query: Any, *args: Any, **options: Any) -> db_client.Query | None:
    return db_client.query(query) if isinstance(query, str) else None


statement = db_client.statement(read_statement, read_unknown, innermost=True)
batch = db_client.statement(read_batch, read_unknown, innermost=True)
of_module = db_client.statement(read_of_module, read_unknown, innermost=True)
single = ("execute", "sql", "query")
plugin = Plugin(
    "duckdb",
    hooks=[
        after("duckdb:connect", db_client.opened(read_database)),
        after("duckdb:DuckDBPyConnection.cursor", db_client.opened(read_same)),
        *(patch(f"duckdb:DuckDBPyConnection.{name}", statement) for name in single),
        patch("duckdb:DuckDBPyConnection.executemany", batch),
        *(patch(f"duckdb:{name}", of_module) for name in (*single, "executemany")),
    ],
)
