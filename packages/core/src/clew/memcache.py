"""Follows clients of memcached, whose methods are named after its commands."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from clew.conventions import db, db_command
from clew.operation import Operation

#: The methods that are called as their command is.
COMMANDS = (
    "get", "gets", "gat", "gats", "set", "add", "replace", "append", "prepend", "cas", "delete", "incr", "decr",
    "touch", "stats", "version", "flush_all",
)  # fmt: skip


def command(name: str, read_server: Callable[[Any], db_command.Server], innermost: bool = True) -> Operation:
    """One command; `read_server` gets the client."""

    def read(client: Any, *args: Any, **options: Any) -> db_command.Command:
        return db_command.command(name, of=client)

    return db_command.operation(read, read_server, innermost=innermost)


def batch(name: str, read_server: Callable[[Any], db_command.Server], innermost: bool = True) -> Operation:
    """The same command for several keys, which are the first argument; nothing is sent for none."""

    def read(client: Any, keys: Any, *args: Any, **options: Any) -> db_command.Command | None:
        size = db.size(keys)
        return db_command.command(name, of=client, batch=size) if size or not hasattr(keys, "__len__") else None

    return db_command.operation(read, read_server, innermost=innermost)
