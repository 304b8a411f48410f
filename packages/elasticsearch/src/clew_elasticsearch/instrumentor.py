"""The Elasticsearch plugin for who comes from OpenTelemetry's own: the same class, methods and keywords."""

from typing import Any

from clew.asking import begins, ends
from clew.instrumentor import Asks, Instrumentor
from clew_elasticsearch import plugin

__all__ = ["ElasticsearchInstrumentor", "asks"]


def read_request(client: Any, method: str, path: str, **options: Any) -> tuple[str, str, dict[str, Any]]:
    return method, path, {name: value for name in ("params", "body") if (value := options.get(name)) is not None}


asks: Asks = {
    "request_hook": (begins(read_request),),
    "response_hook": (ends(lambda response, *args, **options: (response.body,)),),
}


class ElasticsearchInstrumentor(Instrumentor):
    plugin = plugin
