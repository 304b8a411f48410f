"""Follows the commands that an application sends with pymemcache: to one memcached, by a pool, or to several."""

from typing import Any

from clew import Plugin, patch, pooled
from clew.conventions import db_command, db_pool
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


def read_pool(pool: Any) -> db_pool.Pool | None:
    client = getattr(pool._obj_creator, "__self__", None)
    if not hasattr(client, "server"):
        return None
    limit = None if pool.max_size == 2**31 else pool.max_size
    return db_pool.Pool(db_pool.name_of(read_server(client)), len(pool.used), len(pool.free), limit)


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
        pooled("pymemcache.pool:ObjectPool.get", read_pool, waits=False, optional=True),
    ],
)
