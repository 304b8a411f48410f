"""Follows the commands that an application sends with pymemcache: to one memcached, by a pool, or to several."""

from typing import Any

from clew import Plugin, patch
from clew.conventions import db_command
from clew.memcache import COMMANDS, batch, command

__all__ = ["plugin"]

ONE, SEVERAL = "pymemcache.client.base:Client", "pymemcache.client.hash:HashClient"
#: The methods that send one command for each of several keys.
MANY = {
    "get_many": "get",
    "get_multi": "get",
    "gets_many": "gets",
    "set_many": "set",
    "set_multi": "set",
    "delete_many": "delete",
    "delete_multi": "delete",
}


def read_server(client: Any) -> db_command.Server:
    where = client.server
    return db_command.Server("memcached", *where) if isinstance(where, tuple) else db_command.Server("memcached", where)


def read_nothing(client: Any) -> db_command.Server:
    return db_command.Server("memcached")  # which of the servers depends on the keys


plugin = Plugin(
    "pymemcache",
    versions=">=3.5",
    instrumentor="clew_pymemcache.instrumentor",
    hooks=[
        *(patch(f"{ONE}.{name}", command(name, read_server), optional=True) for name in COMMANDS),
        *(patch(f"{ONE}.{m}", batch(name, read_server), optional=True) for m, name in MANY.items()),
        *(
            patch(f"{SEVERAL}.{method}", batch(name, read_nothing, False), optional=True)
            for method, name in MANY.items()
        ),
    ],
)
