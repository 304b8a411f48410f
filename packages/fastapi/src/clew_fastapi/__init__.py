"""Follows the requests that a FastAPI application answers, instead of the telemetry of recent versions."""

from typing import Any

from clew import Plugin, enrich, patch
from clew.conventions import http_server

__all__ = ["plugin"]


def read_route(route: Any, scope: Any, receive: Any, send: Any) -> str:
    # An included router keeps the route as it was written and says the whole template in the scope (FastAPI 0.137).
    whole = scope.get("fastapi", {}).get("effective_route_context")
    return getattr(whole, "path_format", "") or route.path_format


plugin = Plugin(
    "fastapi",
    versions=">=0.100",
    instrumentor="clew_fastapi.instrumentor",
    hooks=[
        patch("fastapi:FastAPI.__call__", http_server.asgi),
        enrich("fastapi.routing:APIRoute.handle", http_server.route(read_route)),
    ],
)
