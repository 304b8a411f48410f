"""Follows the requests that reach any WSGI application on waitress."""

from clew import Plugin, door
from clew.conventions import http_server

__all__ = ["plugin"]

plugin = Plugin(
    "waitress", versions=">=2.1", hooks=[door("waitress.server:BaseWSGIServer.application", http_server.wsgi)]
)
