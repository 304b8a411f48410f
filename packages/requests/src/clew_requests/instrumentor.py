"""The requests plugin for who comes from OpenTelemetry's own: the same class, methods and keywords."""

from typing import Any

from clew.asking import begins, ends
from clew.instrumentor import Asks, Instrumentor
from clew_requests import exchange, plugin

__all__ = ["RequestsInstrumentor", "asks"]

asks: Asks = {
    "request_hook": (begins(lambda adapter, request, *args, **options: (request,), exchange),),
    "response_hook": (ends(lambda response, adapter, request, *args, **options: (request, response), exchange),),
}


class RequestsInstrumentor(Instrumentor):
    plugin = plugin

    @classmethod
    def uninstrument_session(cls, session: Any) -> None:
        """Leaves one session alone."""
        for adapter in session.adapters.values():
            cls.plugin.leave(adapter)
