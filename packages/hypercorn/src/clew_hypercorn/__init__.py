"""Follows the requests that reach any ASGI or WSGI application on hypercorn."""

from clew import Plugin, door
from clew.conventions import http_server

__all__ = ["plugin"]

plugin = Plugin(
    "hypercorn",
    versions=">=0.14",
    hooks=[
        door("hypercorn.app_wrappers:ASGIWrapper.app", http_server.asgi),
        door("hypercorn.app_wrappers:WSGIWrapper.app", http_server.wsgi),
    ],
)
