"""Follows the calls that an application makes with aiohttp."""

from clew import Plugin
from clew_aiohttp import client

__all__ = ["plugin"]

plugin = Plugin("aiohttp", versions=">=3.8", hooks=[*client.hooks])
