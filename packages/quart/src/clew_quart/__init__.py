"""Follows the requests that a Quart application answers."""

from typing import Any

from clew import Plugin, enrich, handed, patch
from clew.conventions import http_server, job

__all__ = ["plugin"]


def read_route(app: Any, *context: Any) -> str | None:
    from quart import has_request_context, request, websocket

    rule = (request if has_request_context() else websocket).url_rule
    return rule.rule if rule is not None else None


def read_failure(app: Any, *context: Any) -> BaseException:
    error: BaseException = context[-1]  # newer versions hand over their context first
    return error


def read_task(function: Any, *args: Any, **options: Any) -> Any:
    return function


plugin = Plugin(
    "quart",
    versions=">=0.19",
    hooks=[
        patch("quart.app:Quart.__call__", http_server.asgi),
        enrich("quart.app:Quart.full_dispatch_request", http_server.route(read_route)),
        enrich("quart.app:Quart.full_dispatch_websocket", http_server.route(read_route)),
        enrich("quart.app:Quart.handle_exception", http_server.failure(read_failure)),
        enrich("quart.app:Quart.handle_websocket_exception", http_server.failure(read_failure)),
        handed("quart.app:Quart.add_background_task", 1, job.task(read_task)),
    ],
)
