"""Follows the statements that an application runs with aiomysql."""

from typing import Any

from clew import Plugin, pooled
from clew.conventions import db_client, db_pool

__all__ = ["plugin"]


def read_server(connection: Any) -> db_client.Server:
    return db_client.mysql(connection.host, connection.port, connection.db, connection.get_server_info())


def read_pool(pool: Any) -> db_pool.Pool:
    to = pool._conn_kwargs
    server = db_client.Server("mysql", to.get("host", "localhost"), to.get("port", 3306), to.get("db"))
    return db_pool.Pool(db_pool.name_of(server), pool.size - pool.freesize, pool.freesize, pool.maxsize or None)


plugin = Plugin(
    "aiomysql",
    versions=">=0.1",
    hooks=[
        *db_client.cursor("aiomysql.cursors:Cursor", read_server),
        pooled("aiomysql.pool:Pool._acquire", read_pool),
    ],
)
