"""Outgoing HTTP: https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-client-span and its metric."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from opentelemetry.trace import SpanKind

from clew import failures
from clew.conventions import keys
from clew.conventions.http import HTTP_BOUNDARIES, KNOWN, OTHER
from clew.operation import Attributes, Finished, Metric, Operation, Started
from clew.redaction import split_url

FAMILY = "http.client"
DURATION = Metric("http.client.request.duration", "Duration of HTTP client requests.", HTTP_BOUNDARIES)


class Request(NamedTuple):
    """One request as it goes onto the wire: redirects and retries are requests of their own."""

    method: str
    url: str
    #: Where `traceparent` and the request ID are written; anything with item assignment, or what `write` takes.
    headers: Any = None


class Response(NamedTuple):
    """The answer's head."""

    status: int


class _Facts(NamedTuple):
    method: str
    host: str
    port: int


def exchange(
    read_request: Callable[..., Request | None],
    read_response: Callable[[Any], Response],
    write: Callable[[Any, str, str], None] | None = None,
) -> Operation:
    """One HTTP request and its response. `read_request` mirrors the watched function; None means: do not record."""

    def start(*args: Any, **kwargs: Any) -> Started | None:
        request = read_request(*args, **kwargs)
        if request is None:
            return None
        method, url, headers = request
        origin, shown = split_url(url)
        _, host, port = origin
        known = KNOWN.get(method, OTHER)
        attributes: Attributes = {
            keys.HTTP_REQUEST_METHOD: known,
            keys.URL_FULL: shown,
            keys.SERVER_ADDRESS: host,
            keys.SERVER_PORT: port,
        }
        if known is OTHER:
            attributes[keys.HTTP_REQUEST_METHOD_ORIGINAL] = method[:64]
            return "HTTP", attributes, _Facts(known, host, port), headers
        return known, attributes, _Facts(known, host, port), headers

    def finish(facts: _Facts, result: Any, error: BaseException | None) -> Finished:
        method, host, port = facts
        if error is not None:
            kind = failures.type_name(error)
            return {keys.ERROR_TYPE: kind}, (method, host, port, None, kind), kind, None
        status = read_response(result).status
        if status < 400:
            return {keys.HTTP_RESPONSE_STATUS_CODE: status}, (method, host, port, status, None), None, None
        kind = str(status)
        attributes = {keys.HTTP_RESPONSE_STATUS_CODE: status, keys.ERROR_TYPE: kind}
        return attributes, (method, host, port, status, kind), kind, None

    return Operation(FAMILY, SpanKind.CLIENT, start, finish, DURATION, _point, write=write or _set_item)


def _point(method: str, host: str, port: int, status: int | None, error: str | None) -> Attributes:
    attributes: Attributes = {keys.HTTP_REQUEST_METHOD: method, keys.SERVER_ADDRESS: host, keys.SERVER_PORT: port}
    if status is not None:
        attributes[keys.HTTP_RESPONSE_STATUS_CODE] = status
    if error is not None:
        attributes[keys.ERROR_TYPE] = error
    return attributes


def _set_item(headers: Any, name: str, value: str) -> None:
    headers[name] = value
