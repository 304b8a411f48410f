"""Follows the statements that an application runs with PyMySQL."""

from typing import Any

from clew import Plugin
from clew.conventions import db_client

__all__ = ["plugin"]


def read_server(connection: Any) -> db_client.Server:
    return db_client.mysql(connection.host, connection.port, connection.db, connection.get_server_info())


plugin = Plugin(
    "pymysql",
    versions=">=1.0",
    instrumentor="clew_pymysql.instrumentor",
    owner=db_client.connection_of,
    hooks=db_client.cursor("pymysql.cursors:Cursor", read_server),
)
