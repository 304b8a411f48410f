"""Follows the statements that an application runs with PyMySQL."""

from sys import modules
from typing import Any

from clew import Plugin, plans
from clew.conventions import db_client

__all__ = ["plugin"]


def read_server(connection: Any) -> db_client.Server:
    return db_client.mysql(connection.host, connection.port, connection.db, connection.get_server_info())


def other_cursor(cursor: Any) -> Any:
    result = cursor._result
    if result is None or result.unbuffered_active or result.has_next or result.warning_count:
        return None
    return modules["pymysql.cursors"].Cursor(cursor.connection)


def explain(cursor: Any, text: str, parameters: tuple[Any, ...]) -> str | None:
    connection = cursor.connection
    result = connection._result  # what the application may ask the connection about
    try:
        return ask(cursor, text, parameters)
    finally:
        connection._result = result


ask = plans.mysql(other_cursor)
plugin = Plugin(
    "pymysql",
    versions=">=1.0",
    instrumentor="clew_pymysql.instrumentor",
    owner=db_client.connection_of,
    hooks=db_client.cursor("pymysql.cursors:Cursor", read_server, explain=explain),
)
