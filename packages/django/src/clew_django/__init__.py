"""Follows the requests that a Django project answers, from before its first middleware, by WSGI and by ASGI."""

import sys
from typing import Any

from clew import Plugin, after, listen, patch
from clew.conventions import http_server
from clew.conventions.routes import simplified

__all__ = ["plugin"]


def read_route(match: Any, handler: Any, request: Any) -> str:
    return f"/{simplified(match.route)}"


def read_failure(**event: Any) -> BaseException | None:
    return sys.exc_info()[1]  # the signal comes from within `except`, and its sender does not tell the exception


plugin = Plugin(
    "django",
    versions=">=4.2",
    instrumentor="clew_django.instrumentor",
    hooks=[
        patch("django.core.handlers.wsgi:WSGIHandler.__call__", http_server.wsgi),
        patch("django.core.handlers.asgi:ASGIHandler.__call__", http_server.asgi),
        after("django.core.handlers.base:BaseHandler.resolve_request", http_server.route(read_route)),
        listen("django.core.signals:got_request_exception", http_server.failure(read_failure)),
    ],
)
