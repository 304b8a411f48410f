"""Follows the requests that a Bottle application answers."""

from typing import Any

from clew import Plugin, after, enrich, patch
from clew.conventions import http_server

__all__ = ["plugin"]


def read_route(found: Any, router: Any, environ: Any) -> str | None:
    return getattr(found[0], "rule", None)  # a router that the application uses by itself may hold anything


def read_failure(
    answer: Any, status: Any = None, body: Any = None, exception: Any = None, *more: Any, **rest: Any
) -> Any:
    return exception if isinstance(exception, BaseException) else None


plugin = Plugin(
    "bottle",
    versions=">=0.13",
    hooks=[
        patch("bottle:Bottle.__call__", http_server.wsgi),
        after("bottle:Router.match", http_server.route(read_route)),
        # Where it makes an answer of an unhandled exception.
        enrich("bottle:HTTPError.__init__", http_server.failure(read_failure)),
    ],
)
