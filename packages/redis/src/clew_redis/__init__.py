"""Follows the commands that an application sends with redis-py: sync, async, pipelines, cluster, subscriptions."""

from clew import Plugin
from clew.resp import hooks

__all__ = ["plugin"]

plugin = Plugin("redis", versions=">=4.2", hooks=list(hooks("redis", "Redis")))
