"""Follows the requests that a Flask application answers."""

from typing import Any

from clew import Plugin, enrich, listen, patch
from clew.conventions import http_server

__all__ = ["plugin"]


def read_route(app: Any, *context: Any) -> str | None:
    from flask import request

    rule = request.url_rule
    return rule.rule if rule is not None else None


def read_failure(app: Any, *context: Any, exception: BaseException | None = None, **extra: Any) -> BaseException:
    return exception or context[-1]


plugin = Plugin(
    "flask",
    versions=">=2.2",
    instrumentor="clew_flask.instrumentor",
    hooks=[
        patch("flask:Flask.__call__", http_server.wsgi),
        enrich("flask:Flask.full_dispatch_request", http_server.route(read_route)),
        # The signal also comes from extensions that answer errors themselves; Flask 2.2 has it only with blinker.
        listen("flask:got_request_exception", http_server.failure(read_failure), optional=True),
        enrich("flask:Flask.handle_exception", http_server.failure(read_failure)),
    ],
)
