"""The urllib plugin for who comes from OpenTelemetry's own: the same class, methods and keywords."""

from typing import Any
from urllib.request import Request

from clew.asking import begins, ends
from clew.instrumentor import Asks, Instrumentor
from clew_urllib import exchange, plugin, read_headers, read_line

__all__ = ["URLLibInstrumentor", "asks"]

#: The attribute under which a connection remembers what it was asked.
REMEMBERED = "_clew_request"


def read_request(connection: Any, *args: Any, **options: Any) -> tuple[Request]:
    """A request as urllib has it, also where http.client was called by itself."""
    method, url = read_line(connection)
    request = Request(url, headers=dict(read_headers(connection)), method=method)
    vars(connection)[REMEMBERED] = request
    return (request,)


def remember(connection: Any, *args: Any, **options: Any) -> None:
    read_request(connection)


def read_response(response: Any, connection: Any, *args: Any, **options: Any) -> tuple[Any, Any]:
    return vars(connection).get(REMEMBERED), response


asks: Asks = {
    "request_hook": (begins(read_request, exchange),),
    "response_hook": (begins(remember, exchange), ends(read_response, exchange)),
}


class URLLibInstrumentor(Instrumentor):
    plugin = plugin
