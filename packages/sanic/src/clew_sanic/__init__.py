"""Follows the requests that a Sanic application answers, on its own server and by ASGI."""

from typing import Any

from clew import Plugin, door, enrich, patch
from clew.conventions import http_server, job
from clew.handing import promised

__all__ = ["plugin"]


def read_request(application: Any, request: Any) -> Any:
    method, target = request.method, request.raw_url.decode("latin-1")
    return http_server.request(request.headers, method, request.scheme, target, f"HTTP/{request.version}")


def read_peer(application: Any, request: Any) -> str:
    return request.ip or ""


def read_answer(stream: Any, response: Any) -> tuple[int, Any]:
    return response.status, response.headers


def read_route(stream: Any, response: Any) -> str | None:
    route = stream.request.route
    return f"/{route.path}" if route is not None else None


def read_handshake(protocol: Any, request: Any, *args: Any, **options: Any) -> tuple[int, Any]:
    return 101, {}


def read_socket(protocol: Any, request: Any, *args: Any, **options: Any) -> str:
    return f"/{request.route.path}"


def read_failure(handler: Any, request: Any, error: BaseException) -> BaseException:
    return error


def read_task(application: Any, task: Any, *args: Any) -> Any:
    return task


socket = "sanic.server.protocols.websocket_protocol:WebSocketProtocol.websocket_handshake"
# Sanic writes many of its methods anew when it starts, from their source: these are not among them.
plugin = Plugin(
    "sanic",
    versions=">=23.12",
    hooks=[
        door(
            "sanic.server.protocols.http_protocol:HttpProtocol.request_handler",
            http_server.exchange(read_request, read_peer),
        ),
        patch("sanic.app:Sanic.__call__", http_server.asgi),
        enrich("sanic.http.http1:Http.respond", http_server.answer(read_answer)),
        enrich("sanic.http.http1:Http.respond", http_server.route(read_route)),
        enrich("sanic.asgi:ASGIApp.respond", http_server.route(read_route)),
        enrich(socket, http_server.answer(read_handshake)),
        enrich(socket, http_server.route(read_socket)),
        enrich("sanic.handlers:ErrorHandler.response", http_server.failure(read_failure)),
        patch("sanic.app:Sanic._prep_task", job.task(read_task, promised)),
    ],
)
