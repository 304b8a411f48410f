"""Follows the requests that reach any ASGI or WSGI application on Granian."""

from clew import Plugin, door
from clew.conventions import http_server

__all__ = ["plugin"]

plugin = Plugin(
    "granian",
    versions=">=2.3",
    hooks=[
        # What each kind of worker calls, once, with the application that it has loaded.
        door(f"granian.server.{worker}:_{interface}_call_wrap", operation, argument=0, optional=True)
        for worker in ("mp", "mt", "embed")
        for interface, operation in (("asgi", http_server.asgi), ("wsgi", http_server.wsgi))
    ],
)
