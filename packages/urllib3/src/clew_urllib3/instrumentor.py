"""The urllib3 plugin for who comes from OpenTelemetry's own: the same class, methods and keywords."""

from typing import Any, NamedTuple

from clew.asking import begins, ends, filters_url
from clew.instrumentor import Asks, Instrumentor
from clew_urllib3 import exchange, plugin, read_url

__all__ = ["RequestInfo", "URLLib3Instrumentor", "asks"]


class RequestInfo(NamedTuple):
    method: str
    url: str
    headers: Any
    body: Any


def read_info(pool: Any, connection: Any, method: str, url: str, body: Any = None, **options: Any) -> tuple[Any, Any]:
    return pool, RequestInfo(method, read_url(pool, url), options.get("headers"), body)


asks: Asks = {
    "request_hook": (begins(read_info, exchange),),
    "url_filter": (filters_url(lambda pool, *args, **options: (read_info(pool, *args, **options)[1].url,), exchange),),
    "response_hook": (ends(lambda response, pool, *args, **options: (pool, response), exchange),),
}


class URLLib3Instrumentor(Instrumentor):
    plugin = plugin
