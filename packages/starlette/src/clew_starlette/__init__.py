"""Follows the requests that a Starlette application answers, with the full template of every route and mount."""

from typing import Any

from clew import Plugin, enrich, patch
from clew.conventions import http_server, job

__all__ = ["plugin"]


def read_route(route: Any, scope: Any, receive: Any, send: Any) -> str:
    return route.path_format  # type: ignore[no-any-return]


def read_prefix(mount: Any, scope: Any, receive: Any, send: Any) -> str:
    return mount.path  # type: ignore[no-any-return]


def read_task(task: Any) -> Any:
    return task.func


plugin = Plugin(
    "starlette",
    versions=">=0.27",
    instrumentor="clew_starlette.instrumentor",
    hooks=[
        patch("starlette.applications:Starlette.__call__", http_server.asgi),
        *(
            enrich(f"starlette.routing:{kind}.handle", http_server.route(read_route))
            for kind in ("Route", "WebSocketRoute")
        ),
        enrich("starlette.routing:Mount.handle", http_server.mount(read_prefix)),
        patch("starlette.background:BackgroundTask.__call__", job.task(read_task)),
    ],
)
