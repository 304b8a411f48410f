"""Follows the requests that reach an aiohttp server, of whatever application."""

from typing import Any

from clew import enrich, patch
from clew.conventions import http_server


def read_request(protocol: Any, request: Any, start_time: Any, handler: Any) -> Any:
    if handler is not protocol._request_handler:
        return None  # what came was no HTTP
    version = f"HTTP/{request.version.major}.{request.version.minor}"
    return http_server.request(request.headers, request.method, request.scheme, request.raw_path, version)


def read_peer(protocol: Any, request: Any, *args: Any) -> str:
    return request.remote or ""


def read_answer(response: Any, request: Any) -> tuple[int, Any]:
    return response.status, response.headers


def read_route(match: Any) -> str | None:
    resource = match.route.resource
    return resource.canonical if resource is not None else None


def read_failure(protocol: Any, request: Any, status: int = 500, exc: Any = None, message: Any = None) -> Any:
    return exc if status >= 500 and request.transport is not None else None  # else the client has left


hooks = [
    patch("aiohttp.web_protocol:RequestHandler._handle_request", http_server.exchange(read_request, read_peer)),
    enrich("aiohttp.web_response:StreamResponse._start", http_server.answer(read_answer)),
    enrich("aiohttp.web_urldispatcher:UrlMappingMatchInfo.freeze", http_server.route(read_route)),
    enrich("aiohttp.web_protocol:RequestHandler.handle_error", http_server.failure(read_failure)),
]
