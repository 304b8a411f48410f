"""Follows the statements that an application runs with aiosqlite, which runs them in a thread of its own."""

from typing import Any

from clew import Plugin, after, carry, patch
from clew.conventions import db_client

__all__ = ["plugin"]


def read_database(connection: Any, database: Any, *args: Any, **options: Any) -> db_client.Server:
    return db_client.sqlite(database)


def read_unknown(connection: Any) -> db_client.Server:
    return db_client.sqlite()


def read_call(connection: Any, function: Any, *args: Any, **options: Any) -> db_client.Query | None:
    """Everything that is done in the thread comes through here; statements are what sqlite3 has for them."""
    if not args or not function.__name__.lstrip("_").startswith("execute"):
        return None
    return db_client.query(args[0], of=connection, batch=args[1] if function.__name__ == "executemany" else None)


call = db_client.awaited(db_client.statement(read_call, read_unknown))
plugin = Plugin(
    "aiosqlite",
    versions=">=0.17",
    hooks=[
        carry("aiosqlite.core:Connection._execute", 1),  # so that clew-sqlite3 knows whose statement it is
        patch("aiosqlite.core:Connection._execute", call),
        *(after(f"{module}:connect", db_client.opened(read_database)) for module in ("aiosqlite", "aiosqlite.core")),
    ],
)
