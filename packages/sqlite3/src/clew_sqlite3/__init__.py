"""Follows the statements that an application runs with sqlite3, by cursor or by connection."""

import sys
from typing import Any

from clew import Derived, Plugin, after, derive, plans
from clew.conventions import db_client

__all__ = ["plugin"]


def read_database(connection: Any, database: Any, *args: Any, **options: Any) -> db_client.Server:
    return db_client.sqlite(database)


def read_unknown(connection: Any) -> db_client.Server:
    return db_client.sqlite()


def read_statement(cursor: Any, sql: str, *parameters: Any) -> db_client.Query:
    return db_client.query(sql, of=getattr(cursor, "connection", cursor))


def read_batch(cursor: Any, sql: str, parameters: Any) -> db_client.Query:
    return db_client.query(sql, of=getattr(cursor, "connection", cursor), batch=parameters)


def other_cursor(cursor: Any) -> Any:
    other = sys.modules["sqlite3"].Cursor(getattr(cursor, "connection", cursor))
    other.row_factory = None
    return other


statement = db_client.statement(read_statement, read_unknown, innermost=True)
batch = db_client.statement(read_batch, read_unknown, innermost=True)
execute = {
    "execute": db_client.explained(statement, plans.sqlite(other_cursor)),
    "executemany": batch,
    "executescript": statement,
}
# A connection has the same as shortcuts. Since Python 3.11 they do not pass through the cursor's methods.
shortcuts = execute if sys.version_info >= (3, 11) else {}
cursor = Derived("sqlite3:Cursor", execute)
connection = Derived("sqlite3:Connection", {**shortcuts, "cursor": ("factory", cursor)})
plugin = Plugin(
    "sqlite3",
    instrumentor="clew_sqlite3.instrumentor",
    owner=db_client.connection_of,
    hooks=[
        hook
        for connect in ("sqlite3:connect", "sqlite3.dbapi2:connect")
        for hook in (derive(connect, "factory", connection), after(connect, db_client.opened(read_database)))
    ],
)
