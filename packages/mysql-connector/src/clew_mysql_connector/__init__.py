"""Follows the statements that an application runs with mysql-connector-python, in Python and in C, sync and async."""

from typing import Any

from clew import Plugin
from clew.conventions import db_client

__all__ = ["plugin"]


def read_server(connection: Any) -> db_client.Server:
    version = getattr(connection, "server_info", None) or connection.get_server_info()
    # `connection.database` would ask the server.
    return db_client.mysql(connection.server_host, connection.server_port, connection._database, version)


cursors = [
    "cursor:MySQLCursor",
    "cursor:MySQLCursorPrepared",
    "cursor_cext:CMySQLCursor",
    "cursor_cext:CMySQLCursorPrepared",
    "aio.cursor:MySQLCursor",
    "aio.cursor:MySQLCursorPrepared",
]
plugin = Plugin(
    "mysql",
    hooks=[
        hook for name in cursors for hook in db_client.cursor(f"mysql.connector.{name}", read_server, of="_connection")
    ],
)
