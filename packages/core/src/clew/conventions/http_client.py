"""Outgoing HTTP: https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-client-span and its metric."""

from __future__ import annotations

from collections.abc import Callable
from operator import itemgetter, setitem
from typing import Any

from opentelemetry.trace import SpanKind

from clew.conventions import keys
from clew.conventions.http import HTTP_BOUNDARIES, KNOWN, OTHER, name_of
from clew.operation import Attributes, Closing, Metric, Opening, Operation, Own
from clew.redaction import origin_of, redact_url

FAMILY = "http.client"
DURATION = Metric("http.client.request.duration", "Duration of HTTP client requests.", HTTP_BOUNDARIES)


#: Method, URL, and the carrier of our headers.
Request = tuple[str, str, Any]


def request(method: str, url: str, headers: Any = None) -> Request:
    """One request as it goes onto the wire: redirects and retries are requests of their own.

    `headers` is where `traceparent` and the request ID are written: anything with item assignment, or what `write`
    takes.
    """
    return method, url, headers


def exchange(
    read_request: Callable[..., Request | None],
    read_status: Callable[[Any], int],
    write: Callable[[Any, str, str], None] = setitem,
) -> Operation:
    """One HTTP request and its response. `read_request` mirrors the watched function; None means: do not record."""
    return Operation(
        FAMILY, SpanKind.CLIENT, read_request, _opening, _closing, DURATION, _point, common=_common, own=_own,
        read_result=read_status, carrier=itemgetter(2), host=_host, write=write,
    )  # fmt: skip


def _common(read: Request) -> tuple[str, str]:
    """The method, and the URL up to its path."""
    method, url, _ = read
    path = url.find("/", 8)  # after https://
    return method, url if path < 0 else url[:path]


def _own(read: Request) -> Own:
    return ((keys.URL_FULL, redact_url(read[1])),)


def _opening(common: tuple[str, str]) -> Opening:
    method, url = common
    _, host, port = origin_of(url)
    known = KNOWN.get(method, OTHER)
    attributes: Attributes = {
        keys.HTTP_REQUEST_METHOD: known,
        keys.SERVER_ADDRESS: host,
        keys.SERVER_PORT: port,
    }
    if known is OTHER:
        attributes[keys.HTTP_REQUEST_METHOD_ORIGINAL] = method[:64]
    return name_of(known), attributes


def _closing(common: tuple[str, str], opened: Attributes, status: int | None, kind: str | None) -> Closing:
    attributes: Attributes = {}
    if status is not None:
        attributes[keys.HTTP_RESPONSE_STATUS_CODE] = status
        if status >= 400 and kind is None:
            kind = str(status)
    if kind is not None:
        attributes[keys.ERROR_TYPE] = kind
    labels = opened[keys.HTTP_REQUEST_METHOD], opened[keys.SERVER_ADDRESS], opened[keys.SERVER_PORT], status, kind
    return attributes, labels, kind, None


def _host(read: Request) -> str:
    return origin_of(read[1]).host


def _point(method: str, host: str, port: int, status: int | None, error: str | None) -> Attributes:
    attributes: Attributes = {keys.HTTP_REQUEST_METHOD: method, keys.SERVER_ADDRESS: host, keys.SERVER_PORT: port}
    if status is not None:
        attributes[keys.HTTP_RESPONSE_STATUS_CODE] = status
    if error is not None:
        attributes[keys.ERROR_TYPE] = error
    return attributes
