"""The Tornado plugin for who comes from OpenTelemetry's own: the same class, methods and keywords."""

from clew.asking import comes
from clew.instrumentor import Asks, Instrumentor
from clew_tornado import plugin

__all__ = ["TornadoInstrumentor", "asks"]

asks: Asks = {"server_request_hook": (comes(lambda handler, *args, **options: (handler,)),)}
#: Keywords that there is nothing to do for, and why.
WITHOUT_EFFECT = {
    "client_request_hook": "Tornado's own client is not followed",
    "client_response_hook": "Tornado's own client is not followed",
}


class TornadoInstrumentor(Instrumentor):
    plugin = plugin
