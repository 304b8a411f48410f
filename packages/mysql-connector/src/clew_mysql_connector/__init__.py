"""Follows the statements that an application runs with mysql-connector-python, in Python and in C, sync and async."""

from typing import Any

from clew import Plugin, pooled, quietly
from clew.conventions import db_client, db_pool

__all__ = ["plugin"]


def read_server(connection: Any) -> db_client.Server:
    version = getattr(connection, "server_info", None) or connection.get_server_info()
    # `connection.database` would ask the server.
    return db_client.mysql(connection.server_host, connection.server_port, connection._database, version)


def read_pool(pool: Any) -> db_pool.Pool:
    idle = pool._cnx_queue.qsize()
    return db_pool.Pool(pool.pool_name or "mysql", max(0, pool.pool_size - idle), idle, pool.pool_size)


#: Where a connection asks the server something for itself, by a cursor, in the middle of a statement.
questions = (
    "connection:MySQLConnection",
    "connection_cext:CMySQLConnection",
    "aio.abstracts:MySQLConnectionAbstract",
)
modules = {"cursor": "MySQLCursor", "cursor_cext": "CMySQLCursor", "aio.cursor": "MySQLCursor"}
plugin = Plugin(
    "mysql",
    owner=lambda cursor, *args: getattr(cursor, "_connection", None) or cursor._cnx,
    instrumentor="clew_mysql_connector.instrumentor",
    hooks=[
        hook
        for module, name in modules.items()
        for kind in ("", "Prepared")
        for hook in db_client.cursor(
            f"mysql.connector.{module}:{name}{kind}",
            read_server,
            of="_connection|_cnx",
            doubled=None if kind else False,
        )
    ]
    + [quietly(f"mysql.connector.{owner}.info_query", db_client.FAMILY, optional=True) for owner in questions]
    + [
        pooled(f"mysql.connector.{module}:MySQLConnectionPool.get_connection", read_pool, optional=True)
        for module in ("pooling", "aio.pooling")
    ],
)
