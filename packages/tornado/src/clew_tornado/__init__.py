"""Follows the requests that a Tornado application answers."""

from typing import Any

from clew import Plugin, enrich, patch
from clew.conventions import http_server
from clew.conventions.routes import simplified

__all__ = ["plugin"]


def read_request(handler: Any, *args: Any, **options: Any) -> Any:
    request = handler.request
    return http_server.request(request.headers, request.method, request.protocol, request.uri, request.version)


def read_peer(handler: Any, *args: Any, **options: Any) -> str:
    return handler.request.remote_ip or ""


def read_route(handler: Any, *args: Any, **options: Any) -> str | None:
    return _matched(handler.application.default_router, handler.request)


def _matched(router: Any, request: Any) -> str | None:
    """The pattern that the request matches, as the router does not tell it."""
    for rule in router.rules:
        if rule.matcher.match(request) is not None:
            if hasattr(rule.target, "rules"):
                found = _matched(rule.target, request)
            else:
                found = simplified(rule.matcher.regex.pattern) if hasattr(rule.matcher, "regex") else None
            if found is not None:
                return found
    return None


def read_failure(handler: Any, error: BaseException) -> BaseException | None:
    stream = getattr(handler.request.connection, "stream", None)
    return None if stream is None or stream.closed() else error  # or the client has left


def read_answer(connection: Any, start_line: Any, headers: Any, chunk: Any = None) -> tuple[int, Any] | None:
    code = getattr(start_line, "code", None)  # it also writes the requests of Tornado's own client
    return (code, headers) if code is not None else None


plugin = Plugin(
    "tornado",
    versions=">=6.1",
    instrumentor="clew_tornado.instrumentor",
    hooks=[
        # First what is within the request, then the request around it.
        enrich("tornado.web:RequestHandler._execute", http_server.route(read_route)),
        patch("tornado.web:RequestHandler._execute", http_server.exchange(read_request, read_peer)),
        enrich("tornado.web:RequestHandler._handle_request_exception", http_server.failure(read_failure)),
        enrich("tornado.http1connection:HTTP1Connection.write_headers", http_server.answer(read_answer)),
    ],
)
