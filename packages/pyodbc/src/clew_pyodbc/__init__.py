"""Follows the statements that an application runs with pyodbc, by connection and by cursor."""

from typing import Any

from clew import Method, Plugin, Standing, stand_in
from clew.conventions import db_client

__all__ = ["plugin"]

DBMS_NAME, SERVER_NAME, DATABASE_NAME = 17, 13, 16  # ODBC's SQL_DBMS_NAME and so on


def read_server(connection: Any) -> db_client.Server:
    ask = connection.getinfo
    return db_client.by_name(ask(DBMS_NAME), ask(SERVER_NAME), ask(DATABASE_NAME))


def read_shortcut(connection: Any, sql: Any, *args: Any) -> db_client.Query:
    return db_client.query(sql, of=connection)


operations = db_client.methods(read_server, db_client.vendor_code)
shortcut = db_client.statement(read_shortcut, read_server, db_client.vendor_code)
cursor = Standing({name: Method(operations[name]) for name in ("execute", "executemany")})
connection = Standing({"cursor": Method(returns=cursor), "execute": Method(shortcut, returns=cursor)})
plugin = Plugin("pyodbc", hooks=[stand_in("pyodbc:connect", connection)])
