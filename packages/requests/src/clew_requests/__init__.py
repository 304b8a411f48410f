"""Follows the calls that an application makes with requests."""

from typing import Any

from clew import Plugin, patch
from clew.conventions import http_client

__all__ = ["plugin"]


def read_request(adapter: Any, request: Any, *args: Any, **options: Any) -> http_client.Request:
    return http_client.request(request.method, request.url, request.headers)


def read_status(response: Any) -> int:
    return response.status_code  # type: ignore[no-any-return]


exchange = http_client.exchange(read_request, read_status)
plugin = Plugin("requests", versions=">=2.25", hooks=[patch("requests.adapters:HTTPAdapter.send", exchange)])
