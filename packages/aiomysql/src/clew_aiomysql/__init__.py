"""Follows the statements that an application runs with aiomysql."""

from typing import Any

from clew import Plugin
from clew.conventions import db_client
from clew.mysql_pools import pools

__all__ = ["plugin"]


def read_server(connection: Any) -> db_client.Server:
    return db_client.mysql(connection.host, connection.port, connection.db, connection.get_server_info())


plugin = Plugin(
    "aiomysql",
    versions=">=0.1",
    hooks=[*db_client.cursor("aiomysql.cursors:Cursor", read_server), pools("aiomysql")],
)
