"""Follows the statements that an application runs with python-oracledb, sync and async."""

from typing import Any

from clew import Plugin, patch
from clew.conventions import db_client

__all__ = ["plugin"]


def read_server(connection: Any) -> db_client.Server:
    thin = connection.thin  # the client of C does not tell where it is connected to
    host, port = (connection.host, connection.port) if thin else (None, None)
    return db_client.Server("oracle.db", host, port, connection.service_name)


def read_statement(cursor: Any, statement: Any, *args: Any, **options: Any) -> db_client.Query | None:
    text = statement or cursor.statement  # None runs the last one again
    return db_client.query(text, of=cursor.connection) if text else None


def read_batch(cursor: Any, statement: Any, parameters: Any, *args: Any, **options: Any) -> db_client.Query | None:
    text, sets = statement or cursor.statement, range(parameters) if isinstance(parameters, int) else parameters
    return db_client.query(text, of=cursor.connection, batch=sets) if text else None


def read_procedure(cursor: Any, name: str, *args: Any, **options: Any) -> db_client.Query:
    return db_client.query(f"CALL {name}", of=cursor.connection)


def read_code(error: BaseException) -> str | None:
    return getattr(error.args[0], "full_code", None) if error.args else None


readers: dict[str, db_client.Reader] = {
    "execute": read_statement,
    "executemany": read_batch,
    "callproc": read_procedure,
    "callfunc": read_procedure,
}
plugin = Plugin(
    "oracledb",
    versions=">=2.0",
    hooks=[
        patch(f"oracledb.cursor:{kind}.{name}", db_client.statement(read, read_server, read_code))
        for kind in ("Cursor", "AsyncCursor")
        for name, read in readers.items()
    ],
)
