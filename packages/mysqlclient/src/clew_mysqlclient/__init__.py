"""Follows the statements that an application runs with mysqlclient (MySQLdb)."""

from typing import Any

from clew import Plugin, after
from clew.conventions import db_client

__all__ = ["plugin"]


def read_arguments(connection: Any, *args: Any, **options: Any) -> db_client.Server:
    given = {**dict(zip(("host", "user", "password", "database", "port"), args, strict=False)), **options}
    host, port, database = given.get("host"), given.get("port", 3306), given.get("database") or given.get("db")
    return db_client.mysql(host or "localhost", port, database, connection.get_server_info())


def read_connection(connection: Any) -> db_client.Server:
    return db_client.mysql(connection.get_host_info().partition(" via ")[0], 0, "", connection.get_server_info())


plugin = Plugin(
    "MySQLdb",
    instrumentor="clew_mysqlclient.instrumentor",
    owner=db_client.connection_of,
    hooks=[
        *(after(f"MySQLdb:{name}", db_client.opened(read_arguments)) for name in ("connect", "Connect", "Connection")),
        *db_client.cursor("MySQLdb.cursors:BaseCursor", read_connection),
    ],
)
