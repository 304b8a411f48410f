"""The Django plugin for who comes from OpenTelemetry's own: the same class, methods and keywords."""

from clew.asking import called, returned
from clew.instrumentor import Asks, Instrumentor
from clew_django import plugin

__all__ = ["DjangoInstrumentor", "asks"]

HANDLER = "django.core.handlers.base:BaseHandler"
asks: Asks = {
    "request_hook": tuple(
        called(f"{HANDLER}.{method}", lambda handler, request: (request,))
        for method in ("get_response", "get_response_async")
    ),
    "response_hook": tuple(
        returned(f"{HANDLER}.{method}", lambda response, handler, request: (request, response))
        for method in ("get_response", "get_response_async")
    ),
}


class DjangoInstrumentor(Instrumentor):
    plugin = plugin
