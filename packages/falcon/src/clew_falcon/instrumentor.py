"""The Falcon plugin for who comes from OpenTelemetry's own: the same class, methods and keywords."""

from contextvars import ContextVar
from typing import Any

from clew.asking import called
from clew.instrumentor import Asks, Instrumentor
from clew_falcon import plugin

__all__ = ["FalconInstrumentor", "asks"]

#: The request in hand, as an answer does not know what it answers.
_request: ContextVar[Any] = ContextVar("clew-falcon-request", default=None)


def read_request(app: Any, request: Any) -> tuple[Any]:
    return (request,)


def remember(app: Any, request: Any) -> None:
    _request.set(request)


def read_response(response: Any, *args: Any) -> tuple[Any, Any]:
    return _request.get(), response


asks: Asks = {
    "request_hook": (called("falcon.app:App._get_responder", read_request),),
    "response_hook": (
        called("falcon.app:App._get_responder", remember),
        called("falcon.response:Response._wsgi_headers", read_response),
        called("falcon.asgi.response:Response._asgi_headers", read_response),
    ),
}


class FalconInstrumentor(Instrumentor):
    plugin = plugin
