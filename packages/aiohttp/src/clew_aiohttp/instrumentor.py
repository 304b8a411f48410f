"""The aiohttp plugin for who comes from OpenTelemetry's own: the same class, methods and keywords."""

from typing import Any

from clew import Plugin
from clew.asking import begins, ends, fails, filters_url
from clew.instrumentor import Asks, Instrumentor
from clew_aiohttp import client, server

__all__ = ["AioHttpClientInstrumentor", "AioHttpServerInstrumentor", "asks"]


def read_start(connector: Any, request: Any, *args: Any, **options: Any) -> tuple[Any]:
    from aiohttp import TraceRequestStartParams

    return (TraceRequestStartParams(request.method, request.url, request.headers),)


def read_end(response: Any, connector: Any, request: Any, *args: Any, **options: Any) -> tuple[Any]:
    from aiohttp import TraceRequestEndParams

    return (TraceRequestEndParams(request.method, request.url, request.headers, response),)


def read_failure(error: Any, connector: Any, request: Any, *args: Any, **options: Any) -> tuple[Any]:
    from aiohttp import TraceRequestExceptionParams

    return (TraceRequestExceptionParams(request.method, request.url, request.headers, error),)


asks: Asks = {
    "request_hook": (begins(read_start, client.exchange),),
    "url_filter": (filters_url(lambda connector, request, *args, **options: (request.url,), client.exchange),),
    "response_hook": (ends(read_end, client.exchange), fails(read_failure, client.exchange)),
}

#: Keywords that there is nothing to do for, and why.
WITHOUT_EFFECT = {"trace_configs": "sessions keep their own", "middlewares": "it needs no middleware"}


class AioHttpClientInstrumentor(Instrumentor):
    plugin = Plugin("aiohttp", versions=">=3.8", instrumentor=__name__, hooks=client.hooks)
    whole = plugin

    @classmethod
    def uninstrument_session(cls, client_session: Any) -> None:
        """Leaves one session alone."""
        cls.plugin.leave(client_session.connector)


class AioHttpServerInstrumentor(Instrumentor):
    plugin = Plugin("aiohttp", versions=">=3.8", hooks=server.hooks, instrumentor=__name__)
    whole = plugin
