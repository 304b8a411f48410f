"""Follows the requests that a Falcon application answers, by WSGI and by ASGI."""

from typing import Any

from clew import Plugin, after, enrich, patch
from clew.conventions import http_server

__all__ = ["plugin"]


def read_route(found: Any, app: Any, request: Any) -> str | None:
    return found[3]  # type: ignore[no-any-return]


def read_failure(app: Any, request: Any, response: Any, error: Any, params: Any, **more: Any) -> Any:
    return error


plugin = Plugin(
    "falcon",
    versions=">=3.1",
    instrumentor="clew_falcon.instrumentor",
    hooks=[
        patch("falcon.app:App.__call__", http_server.wsgi),
        patch("falcon.asgi.app:App.__call__", http_server.asgi),
        after("falcon.app:App._get_responder", http_server.route(read_route)),
        enrich("falcon.app:App._handle_exception", http_server.failure(read_failure)),
        enrich("falcon.asgi.app:App._handle_exception", http_server.failure(read_failure)),
    ],
)
