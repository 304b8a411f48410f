"""Follows the requests that a Pyramid application answers."""

import re
from typing import Any

from clew import Plugin, enrich, patch
from clew.conventions import http_server

__all__ = ["plugin"]


def read_route(registry: Any, request: Any, *view: Any, **options: Any) -> str | None:
    route = getattr(request, "matched_route", None)
    return f"/{_EXPRESSION.sub('', route.pattern).lstrip('/')}" if route is not None else None


# `{number:[0-9]+}` reads `{number}`, also where the expression has braces of its own.
_EXPRESSION = re.compile(r"(?<=\w):(?:[^{}]|\{[^{}]*\})*(?=\})")


def read_failure(request: Any, error: BaseException) -> BaseException:
    return error


plugin = Plugin(
    "pyramid",
    versions=">=2.0",
    instrumentor="clew_pyramid.instrumentor",
    owner=lambda router, *args: router.registry,
    hooks=[
        patch("pyramid.router:Router.__call__", http_server.wsgi),
        enrich("pyramid.router:_call_view", http_server.route(read_route)),
        enrich("pyramid.tweens:_error_handler", http_server.failure(read_failure)),
    ],
)
