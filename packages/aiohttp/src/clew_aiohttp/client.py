"""Outgoing requests: each has a connection, from `connect` on, and an answer, which `start` has read the head of.

aiohttp's own tracing would not do: sessions take it when they are made, and those that are there already have none.
"""

from typing import Any

from clew import Parts, patch, patch_parts
from clew.conventions import http_client

__all__ = ["hooks"]


def read_request(connector: Any, request: Any, *args: Any, **options: Any) -> http_client.Request:
    return http_client.request(request.method, str(request.url), request.headers)


def read_answer(response: Any) -> http_client.Answer:
    return response.status, response.version, 0


parts = Parts(
    "aiohttp.connector:BaseConnector.connect",
    "aiohttp.client_reqrep:ClientResponse.start",
    "aiohttp.connector:Connection.close",
)
exchange = http_client.exchange(read_request, read_answer)
hooks = [
    patch("aiohttp.client:ClientSession._request", http_client.call()),
    patch_parts(parts, exchange),
]
