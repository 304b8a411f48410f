"""The httpx plugin for who comes from OpenTelemetry's own: the same class, methods and keywords."""

from collections.abc import Callable, Mapping
from inspect import iscoroutinefunction
from typing import Any, NamedTuple

from clew.asking import Ask, begins, ends
from clew.instrumentor import Asks, ClientInstrumentor
from clew_httpx import exchange, plugin

__all__ = ["HTTPXClientInstrumentor", "RequestInfo", "ResponseInfo", "asks"]


class RequestInfo(NamedTuple):
    method: str
    url: Any
    headers: Any
    stream: Any
    extensions: Any


class ResponseInfo(NamedTuple):
    status_code: int
    headers: Any
    stream: Any
    extensions: Any


def info_of(request: Any) -> RequestInfo:
    return RequestInfo(request.method, request.url, request.headers, request.stream, request.extensions)


def is_async(client: Any) -> bool:
    return hasattr(client, "aclose")


def asked(of_async: bool) -> tuple[Ask, Ask]:
    """For a request and for its answer."""

    def read_request(client: Any, request: Any) -> tuple[Any] | None:
        return (info_of(request),) if is_async(client) is of_async else None

    def read_response(response: Any, client: Any, request: Any) -> tuple[Any, Any] | None:
        answer = ResponseInfo(response.status_code, response.headers, response.stream, response.extensions)
        return (info_of(request), answer) if is_async(client) is of_async else None

    return begins(read_request, exchange), ends(read_response, exchange)


asks: Asks = {
    f"{prefix}{name}": (ask,)
    for prefix, of_async in (("", False), ("async_", True))
    for name, ask in zip(("request_hook", "response_hook"), asked(of_async), strict=True)
}


def spelt(options: Mapping[str, Any], is_for_async: Callable[[Any], bool]) -> dict[str, Any]:
    """The options, with what is for an async client by its name."""
    found = dict(options)
    for name in ("request_hook", "response_hook"):
        if name in found and is_for_async(found[name]):
            found.setdefault(f"async_{name}", found.pop(name))
    return found


class HTTPXClientInstrumentor(ClientInstrumentor):
    plugin = plugin

    def instrument(self, **options: Any) -> None:
        super().instrument(**spelt(options, iscoroutinefunction))

    @classmethod
    def instrument_client(cls, client: Any, **options: Any) -> None:
        super().instrument_client(client, **spelt(options, lambda hook: is_async(client)))
