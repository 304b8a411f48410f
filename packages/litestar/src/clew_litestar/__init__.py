"""Follows the requests that a Litestar application answers."""

from typing import Any

from clew import Plugin, enrich, patch
from clew.conventions import http_server, job

__all__ = ["plugin"]


def read_route(connection: Any, scope: Any, *args: Any, **options: Any) -> str | None:
    return scope.get("path_template")  # type: ignore[no-any-return]


def read_failure(middleware: Any, *args: Any, exc: Any = None, **options: Any) -> Any:
    return exc or args[-1]


def read_task(task: Any) -> Any:
    return task.fn


handle = "exceptions.middleware:ExceptionHandlerMiddleware.handle_request_exception"
plugin = Plugin(
    "litestar",
    versions=">=2.14",
    hooks=[
        patch("litestar.app:Litestar.__call__", http_server.asgi),
        # What handles a request is bound when the application is made; but the request itself is made anew.
        enrich("litestar.connection.base:ASGIConnection.__init__", http_server.route(read_route)),
        patch("litestar.background_tasks:BackgroundTask.__call__", job.task(read_task)),
        # It has moved.
        enrich(f"litestar.middleware.{handle}", http_server.failure(read_failure), optional=True),
        enrich(f"litestar.middleware._internal.{handle}", http_server.failure(read_failure), optional=True),
    ],
)
