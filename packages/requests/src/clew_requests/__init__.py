"""Follows the calls that an application makes with requests: one for each request on the wire."""

from typing import Any

from clew import Plugin, patch
from clew.conventions import http_client

__all__ = ["plugin"]


def read_request(adapter: Any, request: Any, *args: Any, **options: Any) -> http_client.Request:
    return http_client.request(request.method, request.url, request.headers)


def read_answer(response: Any) -> http_client.Answer:
    retries = getattr(response.raw, "retries", None)  # urllib3's, where an adapter was mounted that retries
    if retries is not None and retries.history:
        return response.status_code, len(retries.history)
    return response.status_code  # type: ignore[no-any-return]


exchange = http_client.exchange(read_request, read_answer)
plugin = Plugin(
    "requests",
    versions=">=2.25",
    hooks=[
        patch("requests.sessions:Session.send", http_client.call()),
        patch("requests.adapters:HTTPAdapter.send", exchange),
    ],
)
