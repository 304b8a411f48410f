"""Follows the commands that an application sends to memcached with aiomcache."""

from typing import Any

from clew import Plugin, patch
from clew.conventions import db_command
from clew.memcache import COMMANDS, command

__all__ = ["plugin"]


def read_server(client: Any) -> db_command.Server:
    pool = client._pool
    return db_command.Server("memcached", pool._host, pool._port)


def read_keys(client: Any, *keys: Any, **options: Any) -> db_command.Command | None:
    return db_command.command("get", of=client, batch=len(keys)) if keys else None


plugin = Plugin(
    "aiomcache",
    versions=">=0.8",
    hooks=[
        *(patch(f"aiomcache.client:FlagClient.{name}", command(name, read_server), optional=True) for name in COMMANDS),
        patch("aiomcache.client:FlagClient.multi_get", db_command.operation(read_keys, read_server, innermost=True)),
    ],
)
