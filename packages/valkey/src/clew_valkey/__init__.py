"""Follows the commands that an application sends with valkey-py: sync, async, pipelines, cluster, subscriptions."""

from clew import Plugin
from clew.resp import hooks

__all__ = ["plugin"]

plugin = Plugin("valkey", versions=">=6.0", hooks=list(hooks("valkey", "Valkey")))
