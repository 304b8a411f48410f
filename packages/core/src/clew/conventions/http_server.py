"""Incoming HTTP: https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-server-span and its metric."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from opentelemetry.trace import SpanKind

from clew import failures
from clew.conventions import keys
from clew.conventions.http import HTTP_BOUNDARIES, KNOWN, OTHER, name_of
from clew.hooks import Action
from clew.operation import Attributes, Finished, Metric, Operation, Started, Work
from clew.propagation import WORK, get_current, incoming_headers
from clew.redaction import redact_query
from clew.shells_asgi import asgi as asgi_shell
from clew.shells_wsgi import MARK, STATUS
from clew.shells_wsgi import wsgi as wsgi_shell
from clew.telemetry import Telemetry

FAMILY = "http.server"
DURATION = Metric("http.server.request.duration", "Duration of HTTP server requests.", HTTP_BOUNDARIES)
ROUTE, PREFIX = "route", "prefix"


class Route(NamedTuple):
    """The template that the request matched, below the mounts that it came through: `/items/{sku}`."""

    template: str


class Mount(NamedTuple):
    """The template under which an application within the application stands: `/shop`."""

    prefix: str


#: Method, scheme, protocol version, whether it is a WebSocket.
_Facts = tuple[str, str, str, bool]


# --- what a plugin says -----------------------------------------------------------------------------------------


def route(read_route: Callable[..., Route | Mount | None]) -> Action:
    """Adds a route, or a mount on the way to it, to the request in hand; `read_route` mirrors the watched function."""

    def action(telemetry: Telemetry) -> Callable[..., None]:
        def act(*args: Any, **kwargs: Any) -> None:
            work: Any = get_current().get(WORK)
            if work is None:
                return
            found = read_route(*args, **kwargs)
            if found is None:
                return
            known = work.found
            if type(found) is Mount:
                known[PREFIX] = known.get(PREFIX, "") + found.prefix
            else:
                known[ROUTE] = known.get(PREFIX, "") + found[0]

        return act

    return action


def failure(read_error: Callable[..., BaseException | None]) -> Action:
    """Adds the exception that a framework turns into an answer by itself, where no shell can see it."""

    def action(telemetry: Telemetry) -> Callable[..., None]:
        def act(*args: Any, **kwargs: Any) -> None:
            work: Any = get_current().get(WORK)
            if work is not None:
                work.failure = read_error(*args, **kwargs)

        return act

    return action


# --- WSGI ---------------------------------------------------------------------------------------------------------


def _start_wsgi(*args: Any) -> Started | None:
    environ = args[-2]
    if MARK in environ:
        return None
    headers = {name: environ[variable] for name, variable in incoming_headers() if variable in environ}
    method, scheme = environ["REQUEST_METHOD"], environ["wsgi.url_scheme"]
    version = environ.get("SERVER_PROTOCOL", "")[5:]  # HTTP/1.1
    path = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
    known = KNOWN.get(method, OTHER)
    attributes: Attributes = {
        keys.HTTP_REQUEST_METHOD: known,
        keys.URL_SCHEME: scheme,
        keys.URL_PATH: (path if path.isascii() else _decoded(path)) or "/",
        keys.NETWORK_PROTOCOL_VERSION: version,
    }
    _add(attributes, environ.get("HTTP_HOST") or environ.get("SERVER_NAME", ""), scheme)
    query, agent = environ.get("QUERY_STRING"), environ.get("HTTP_USER_AGENT")
    if query:
        attributes[keys.URL_QUERY] = redact_query(query)
    if agent:
        attributes[keys.USER_AGENT_ORIGINAL] = agent
    if known is OTHER:
        attributes[keys.HTTP_REQUEST_METHOD_ORIGINAL] = method[:64]
    return name_of(known), attributes, (known, scheme, version, False), headers


def _decoded(path: str) -> str:
    # WSGI hands bytes over as latin-1 (PEP 3333, unicode issues); paths are UTF-8.
    return path.encode("latin-1", "replace").decode("utf-8", "replace")


# --- ASGI ---------------------------------------------------------------------------------------------------------


def _start_asgi(*args: Any) -> Started | None:
    scope = args[-3]
    kind = scope["type"]
    if (kind != "http" and kind != "websocket") or MARK in scope:
        return None
    headers = _asgi_headers(scope["headers"])
    method, scheme = scope.get("method", "GET"), scope.get("scheme", "http")
    version = scope.get("http_version", "1.1")
    known = KNOWN.get(method, OTHER)
    attributes: Attributes = {
        keys.HTTP_REQUEST_METHOD: known,
        keys.URL_SCHEME: scheme,
        keys.URL_PATH: scope["path"] or "/",
        keys.NETWORK_PROTOCOL_VERSION: version,
    }
    _add(attributes, headers.get("host") or _server(scope), scheme)
    query, agent = scope.get("query_string"), headers.get("user-agent")
    if query:
        attributes[keys.URL_QUERY] = redact_query(query.decode("latin-1"))
    if agent:
        attributes[keys.USER_AGENT_ORIGINAL] = agent
    if known is OTHER:
        attributes[keys.HTTP_REQUEST_METHOD_ORIGINAL] = method[:64]
    return name_of(known), attributes, (known, scheme, version, kind == "websocket"), headers


def _server(scope: Any) -> str:
    address, port = scope.get("server") or ("", None)
    return f"{address}:{port}" if port else address


def _asgi_headers(pairs: Any) -> dict[str, str]:
    wanted = _wanted()
    headers: dict[str, str] = {}
    for raw, value in pairs:
        name = wanted.get(raw)
        if name is not None:
            # A header that came twice is joined as HTTP says; two traceparents are then none (W3C Trace Context).
            headers[name] = (
                value.decode("latin-1") if name not in headers else f"{headers[name]},{value.decode('latin-1')}"
            )
    return headers


def _wanted() -> Mapping[bytes, str]:
    return _wanted_of(incoming_headers())


@lru_cache(4)
def _wanted_of(names: tuple[tuple[str, str], ...]) -> Mapping[bytes, str]:
    return {name.encode("latin-1"): name for name in (*(name for name, _ in names), "host", "user-agent")}


# --- both ---------------------------------------------------------------------------------------------------------


def _add(attributes: Attributes, host: str, scheme: str) -> None:
    address, port = _address(host, scheme)
    if address:
        attributes[keys.SERVER_ADDRESS] = address
        attributes[keys.SERVER_PORT] = port


@lru_cache(1024)
def _address(host: str, scheme: str) -> tuple[str, int]:
    """Address and port of a Host header; nothing when it is malformed."""
    match = _HOST.fullmatch(host)
    if match is None:
        return "", 0
    default = 443 if scheme in ("https", "wss") else 80
    return match[1].strip("[]"), int(match[2] or default)


_HOST = re.compile(r"(\[[0-9a-fA-F:.%]+\]|[^\s:/?#@\[\]]{1,255})(?::(\d{1,5}))?")


def _finish(facts: _Facts, work: Work, error: BaseException | None) -> Finished:
    method, scheme, version, websocket = facts
    found, status = work.found.get(ROUTE), work.found.get(STATUS)
    failed = None
    if error is not None and not _departed(error):
        failed = failures.type_name(error)
        if status is None:
            status = 500  # what every server answers then
    elif status is not None and status >= 500:
        failed = str(status)
    attributes: Attributes = {}
    if status is not None:
        attributes[keys.HTTP_RESPONSE_STATUS_CODE] = status
    if failed is not None:
        attributes[keys.ERROR_TYPE] = failed
    labels = None if websocket else (method, scheme, version, found, status, failed)
    if found is None:
        return attributes, labels, failed, None
    attributes[keys.HTTP_ROUTE] = found
    return attributes, labels, failed, f"{name_of(method)} {found}"


def _departed(error: BaseException) -> bool:
    """Whether the client left, which is nobody's failure. By name: importing asyncio for it would cost 50 ms."""
    return isinstance(error, GeneratorExit) or type(error).__name__ == "CancelledError"


def _point(*labels: Any) -> Attributes:
    method, scheme, version, found, status, error = labels
    attributes: Attributes = {keys.HTTP_REQUEST_METHOD: method, keys.URL_SCHEME: scheme}
    optional = (
        (keys.NETWORK_PROTOCOL_VERSION, version),
        (keys.HTTP_ROUTE, found),
        (keys.HTTP_RESPONSE_STATUS_CODE, status),
        (keys.ERROR_TYPE, error),
    )
    attributes.update((key, value) for key, value in optional if value)
    return attributes


#: A WSGI application: a callable whose last arguments are environ and start_response.
wsgi = Operation(FAMILY, SpanKind.SERVER, _start_wsgi, _finish, DURATION, _point, edge=True, shell=wsgi_shell)
#: An ASGI application: a coroutine function whose last arguments are scope, receive and send.
asgi = Operation(FAMILY, SpanKind.SERVER, _start_asgi, _finish, DURATION, _point, edge=True, shell=asgi_shell)


def asgi_with(marks: Mapping[str, Any], native: tuple[str, ...] = ()) -> Operation:
    """`asgi` for a framework with telemetry of its own: `marks` in the scope keep that quiet while ours is open.

    A scope in which one of `native` holds something is followed by the framework already, and left to it.
    """

    def start(*args: Any) -> Started | None:
        scope = args[-3]
        if MARK not in scope and any(scope.get(name) for name in native):
            return None
        # First, so that the framework stays quiet also when what follows fails.
        scope.update(marks)
        return _start_asgi(*args)

    return asgi._replace(start=start)
