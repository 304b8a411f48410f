"""Incoming HTTP: https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-server-span and its metric."""

from __future__ import annotations

from asyncio import CancelledError
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from opentelemetry.trace import SpanKind

from clew import failures
from clew.conventions import keys
from clew.conventions.http import HTTP_BOUNDARIES, known_method, name_of
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


class _Facts(NamedTuple):
    method: str
    scheme: str
    version: str
    websocket: bool


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
            facts = work.facts
            if type(found) is Mount:
                facts[PREFIX] = facts.get(PREFIX, "") + found.prefix
            else:
                facts[ROUTE] = facts.get(PREFIX, "") + found[0]

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
    version = environ.get("SERVER_PROTOCOL", "").rpartition("/")[2]
    known = known_method(method)
    address, port = _address(
        environ.get("HTTP_HOST") or environ.get("SERVER_NAME", ""), environ.get("SERVER_PORT"), scheme
    )
    attributes = _attributes(known, method, scheme, version)
    attributes[keys.URL_PATH] = _text(environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")) or "/"
    _add(attributes, environ.get("QUERY_STRING"), address, port, environ.get("HTTP_USER_AGENT"))
    return Started(name_of(known), attributes, _Facts(known, scheme, version, False), headers)


def _text(path: str) -> str:
    # WSGI hands bytes over as latin-1 (PEP 3333, unicode issues); paths are UTF-8.
    return path if path.isascii() else path.encode("latin-1", "replace").decode("utf-8", "replace")


# --- ASGI ---------------------------------------------------------------------------------------------------------


def _start_asgi(*args: Any) -> Started | None:
    scope = args[-3]
    kind = scope["type"]
    if (kind != "http" and kind != "websocket") or MARK in scope:
        return None
    headers = _asgi_headers(scope["headers"])
    method, scheme = scope.get("method", "GET"), scope.get("scheme", "http")
    version = scope.get("http_version", "")
    known = known_method(method)
    server = scope.get("server") or ("", None)
    address, port = _address(headers.get("host") or server[0] or "", server[1], scheme)
    attributes = _attributes(known, method, scheme, version)
    attributes[keys.URL_PATH] = scope["path"] or "/"
    query = scope.get("query_string")
    _add(attributes, query.decode("latin-1") if query else "", address, port, headers.get("user-agent"))
    return Started(name_of(known), attributes, _Facts(known, scheme, version, kind == "websocket"), headers)


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


def _attributes(known: str, method: str, scheme: str, version: str) -> Attributes:
    attributes: Attributes = {keys.HTTP_REQUEST_METHOD: known, keys.URL_SCHEME: scheme}
    if known != method:
        attributes[keys.HTTP_REQUEST_METHOD_ORIGINAL] = method[:64]
    if version:
        attributes[keys.NETWORK_PROTOCOL_VERSION] = version
    return attributes


def _add(attributes: Attributes, query: str | None, address: str, port: int, agent: str | None) -> None:
    if query:
        attributes[keys.URL_QUERY] = redact_query(query)
    if address:
        attributes[keys.SERVER_ADDRESS] = address
        if port:
            attributes[keys.SERVER_PORT] = port
    if agent:
        attributes[keys.USER_AGENT_ORIGINAL] = agent


@lru_cache(1024)
def _address(host: str, port: object, scheme: str) -> tuple[str, int]:
    """Address and port of a Host header; the header's own port wins over the socket's."""
    name, colon, digits = host.rpartition(":")
    if colon and digits.isdigit() and not name.endswith(":") and len(digits) <= 5:
        return name.strip("[]"), int(digits)
    if host.startswith("[") or not colon:
        default = 443 if scheme in ("https", "wss") else 80
        return host.strip("[]"), default if host else 0
    return "", 0


def _finish(started: Started, work: Work, error: BaseException | None) -> Finished:
    method, scheme, version, websocket = started.facts
    found, status = work.facts.get(ROUTE), work.facts.get(STATUS)
    if isinstance(error, (CancelledError, GeneratorExit)):  # the client left: nobody failed
        error = None
    elif error is not None and status is None:
        status = 500  # what every server answers then
    failed = None
    if error is not None:
        failed = failures.type_name(error)
    elif status is not None and status >= 500:
        failed = str(status)
    attributes: Attributes = {}
    if status is not None:
        attributes[keys.HTTP_RESPONSE_STATUS_CODE] = status
    if found:
        attributes[keys.HTTP_ROUTE] = found
    if failed:
        attributes[keys.ERROR_TYPE] = failed
    labels = None if websocket else (method, scheme, version, found, status, failed)
    return Finished(attributes, labels, failed, f"{name_of(method)} {found}" if found else None)


def _point(
    method: str, scheme: str, version: str, found: str | None, status: int | None, error: str | None
) -> Attributes:
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
