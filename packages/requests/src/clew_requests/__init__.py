"""Follows the calls that an application makes with requests: one for each request on the wire."""

from typing import Any

from clew import Plugin, patch
from clew.conventions import http_client

__all__ = ["plugin"]


def read_request(adapter: Any, request: Any, *args: Any, **options: Any) -> http_client.Request:
    return http_client.request(request.method, request.url, request.headers)


def read_answer(response: Any) -> http_client.Answer:
    raw = response.raw  # urllib3's, unless an adapter of the application's own was mounted
    retries = getattr(raw, "retries", None)
    return response.status_code, getattr(raw, "version", None), 0 if retries is None else len(retries.history)


exchange = http_client.exchange(read_request, read_answer)
plugin = Plugin(
    "requests",
    versions=">=2.25",
    instrumentor="clew_requests.instrumentor",
    hooks=[
        patch("requests.sessions:Session.send", http_client.call()),
        patch("requests.adapters:HTTPAdapter.send", exchange),
    ],
)
