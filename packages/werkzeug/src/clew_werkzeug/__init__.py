"""Follows the requests that reach any WSGI application on Werkzeug's development server."""

from clew import Plugin, door
from clew.conventions import http_server

__all__ = ["plugin"]

plugin = Plugin("werkzeug", versions=">=2.2", hooks=[door("werkzeug.serving:BaseWSGIServer.app", http_server.wsgi)])
