"""Follows the calls that an application makes with urllib3: one for each request on the wire."""

from typing import Any

from clew import Plugin, patch
from clew.conventions import http_client

__all__ = ["plugin"]


def read_request(pool: Any, connection: Any, method: str, url: str, **options: Any) -> http_client.Request:
    return http_client.request(method, read_url(pool, url), options["headers"])


def read_call(pool: Any, method: str, url: str, *args: Any, **options: Any) -> http_client.Request:
    return http_client.request(method, read_url(pool, url))


def read_url(pool: Any, url: str) -> str:
    if "://" in url:  # asked of a pool manager, or of a proxy
        return url
    host = f"[{pool.host}]" if ":" in pool.host else pool.host
    port = "" if pool.port in (None, pool.ConnectionCls.default_port) else f":{pool.port}"
    return f"{pool.scheme}://{host}{port}{url}"


def read_answer(response: Any) -> http_client.Answer:
    return response.status, response.version, 0


call = http_client.call(read_call)
# The headers may be those of the pool, which others use at the same time.
exchange = http_client.exchange(read_request, read_answer, copied="headers")
plugin = Plugin(
    "urllib3",
    versions=">=1.26",
    instrumentor="clew_urllib3.instrumentor",
    hooks=[
        patch("urllib3.poolmanager:PoolManager.urlopen", call),
        patch("urllib3.connectionpool:HTTPConnectionPool.urlopen", call),
        patch("urllib3.connectionpool:HTTPConnectionPool._make_request", exchange),
    ],
)
