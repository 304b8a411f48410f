"""Outgoing HTTP: https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-client-span and its metric."""

from __future__ import annotations

import re
from collections.abc import Callable
from operator import itemgetter, setitem
from typing import Any

from opentelemetry.trace import SpanKind

from clew.conventions import keys
from clew.conventions.http import HTTP_BOUNDARIES, KNOWN, OTHER, name_of
from clew.operation import Attributes, Closing, Metric, Opening, Operation, Own
from clew.redaction import origin_of, redact_url
from clew.sending import count
from clew.sending import shell as sending_shell

FAMILY = "http.client"
DURATION = Metric("http.client.request.duration", "Duration of HTTP client requests.", HTTP_BOUNDARIES)


#: Method, URL, the carrier of our headers, and which request of the same call it is.
Request = tuple[str, str, Any, int]
#: Status; protocol version as the library spells it; how often the library has sent it again where we did not see it.
Answer = tuple[int, Any, int]
#: The versions, by what libraries say: http.client, urllib3, aiohttp, httpx.
VERSIONS: dict[Any, str] = {
    10: "1.0", 11: "1.1", 20: "2", (1, 0): "1.0", (1, 1): "1.1",
    b"HTTP/1.0": "1.0", b"HTTP/1.1": "1.1", b"HTTP/2": "2", b"HTTP/3": "3",
}  # fmt: skip


def request(method: str, url: str, headers: Any = None) -> Request:
    """One request as it goes onto the wire: redirects and retries are requests of their own.

    `headers` is where `traceparent` and the request ID are written: anything with item assignment, or what `write`
    takes.
    """
    return method, url, headers, count()


def exchange(
    read_request: Callable[..., Request | None],
    read_answer: Callable[[Any], Answer],
    write: Callable[[Any, str, str], None] = setitem,
    copied: str | None = None,
    read_headers: Callable[[Any], Any] | None = None,
) -> Operation:
    """One HTTP request and its response. `read_request` mirrors the watched function; None means: do not record.

    It ends when the head of the answer has arrived, also where the application asks for the whole body at once: nobody
    knows when, or whether, the rest is read, and the conventions do not want a span to end when a library cleans up
    behind its application ("HTTP client span duration"). `copied` is the keyword argument with the headers, where
    these are the application's own and must stay as they are; `read_headers` gives those that are in the carrier.
    """
    return Operation(
        FAMILY, SpanKind.CLIENT, read_request, _opening, _closing, DURATION, _point, common=_common, own=_own,
        read_result=read_answer, carrier=itemgetter(2), host=_host, write=write, again=itemgetter(3), copied=copied,
        headers=read_headers,
        heading="http", alike=_alike, address=_address,
    )  # fmt: skip


def call(read_request: Callable[..., Request | None] = lambda *args, **options: None) -> Operation:
    """What the application calls, and what may send several requests: each one after the first is counted as resent.

    `read_request` is asked only about a call that has failed before it sent anything.
    """
    return Operation(
        FAMILY, SpanKind.CLIENT, read_request, _opening, _closing, DURATION, _point, common=_common, own=_own,
        shell=sending_shell, address=_address,
    )  # fmt: skip


def _common(read: Request) -> tuple[str, str, int]:
    """The method, the URL up to its path, and which request of the same call it is."""
    method, url, _, number = read
    path = url.find("/", 8)  # after https://
    return method, url if path < 0 else url[:path], number


def _alike(read: Request) -> str:
    """Method and URL with a placeholder for each part of the path that has a digit in it, and without query."""
    method, url, _, _ = read
    origin = url.find("/", 8)
    path = url[origin:].partition("?")[0] if origin >= 0 else ""
    return f"{method} {origin_of(url).host}{_PARTICULAR.sub('/{}', path[:1024])}"


def _address(read: Request) -> str:
    """What a person may exclude by a pattern: the URL without its query."""
    return redact_url(read[1].partition("?")[0])


_PARTICULAR = re.compile(r"/[^/]*\d[^/]*")


def _own(read: Request) -> Own:
    return ((keys.URL_FULL, redact_url(read[1])),)


def _opening(common: tuple[str, str, int]) -> Opening:
    method, url, number = common
    _, host, port = origin_of(url)
    known = KNOWN.get(method, OTHER)
    attributes: Attributes = {
        keys.HTTP_REQUEST_METHOD: known,
        keys.SERVER_ADDRESS: host,
        keys.SERVER_PORT: port,
    }
    if known is OTHER:
        attributes[keys.HTTP_REQUEST_METHOD_ORIGINAL] = method[:64]
    if number:
        attributes[keys.HTTP_REQUEST_RESEND_COUNT] = number
    return name_of(known), attributes


def _closing(common: tuple[str, str, int], opened: Attributes, answer: Answer | None, kind: str | None) -> Closing:
    attributes: Attributes = {}
    status, version = None, None
    if answer is not None:
        status, spelt, resent = answer
        version = VERSIONS.get(spelt)
        attributes[keys.HTTP_RESPONSE_STATUS_CODE] = status
        if version is not None:
            attributes[keys.NETWORK_PROTOCOL_VERSION] = version
        if resent:
            attributes[keys.HTTP_REQUEST_RESEND_COUNT] = opened.get(keys.HTTP_REQUEST_RESEND_COUNT, 0) + resent
        if status >= 400 and kind is None:
            kind = str(status)
    if kind is not None:
        attributes[keys.ERROR_TYPE] = kind
    where = opened[keys.HTTP_REQUEST_METHOD], opened[keys.SERVER_ADDRESS], opened[keys.SERVER_PORT]
    return attributes, (where, status, version, kind), kind, None


def _host(read: Request) -> str:
    return origin_of(_common(read)[1]).host


def _point(where: tuple[str, str, int], status: int | None, version: str | None, error: str | None) -> Attributes:
    method, host, port = where
    attributes: Attributes = {keys.HTTP_REQUEST_METHOD: method, keys.SERVER_ADDRESS: host, keys.SERVER_PORT: port}
    if status is not None:
        attributes[keys.HTTP_RESPONSE_STATUS_CODE] = status
    if version is not None:
        attributes[keys.NETWORK_PROTOCOL_VERSION] = version
    if error is not None:
        attributes[keys.ERROR_TYPE] = error
    return attributes
