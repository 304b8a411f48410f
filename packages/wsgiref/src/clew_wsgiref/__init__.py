"""Follows the requests that reach any WSGI application on the standard library's server."""

from clew import Plugin, door
from clew.conventions import http_server

__all__ = ["plugin"]

plugin = Plugin("wsgiref", hooks=[door("wsgiref.handlers:BaseHandler.run", http_server.wsgi, argument=1)])
