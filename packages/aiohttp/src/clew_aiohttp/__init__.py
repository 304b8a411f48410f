"""Follows the calls that an application makes with aiohttp, and the requests that it answers."""

from clew import Plugin
from clew_aiohttp import client, server

__all__ = ["plugin"]

plugin = Plugin(
    "aiohttp", versions=">=3.8", instrumentor="clew_aiohttp.instrumentor", hooks=[*client.hooks, *server.hooks]
)
