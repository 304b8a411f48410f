"""Follows the calls that an application makes with httpx, sync and async: one for each request on the wire."""

from typing import Any

from clew import Plugin, patch
from clew.conventions import http_client

__all__ = ["plugin"]


def read_request(client: Any, request: Any) -> http_client.Request:
    return http_client.request(request.method, str(request.url), request.headers)


def read_answer(response: Any) -> http_client.Answer:
    return response.status_code, response.extensions.get("http_version"), 0


call = http_client.call()
exchange = http_client.exchange(read_request, read_answer)
plugin = Plugin(
    "httpx",
    versions=">=0.23",
    instrumentor="clew_httpx.instrumentor",
    hooks=[
        patch(f"httpx:{client}.{method}", operation)
        for client in ("Client", "AsyncClient")
        for method, operation in (("send", call), ("_send_single_request", exchange))
    ],
)
