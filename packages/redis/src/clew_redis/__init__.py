"""Follows the commands that an application sends with redis-py: sync, async, pipelines, cluster, subscriptions."""

from clew import Plugin
from clew.resp import hooks, pool_of

__all__ = ["plugin"]

plugin = Plugin(
    "redis",
    versions=">=4.2",
    instrumentor="clew_redis.instrumentor",
    hooks=list(hooks("redis", "Redis")),
    owner=pool_of,
)
