"""Incoming HTTP: https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-server-span and its metric."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from operator import itemgetter
from typing import Any

from opentelemetry.trace import SpanKind

from clew import settings
from clew.conventions import keys
from clew.conventions.http import HTTP_BOUNDARIES, KNOWN, OTHER, name_of
from clew.hooks import Action
from clew.operation import WORK, Attributes, Closing, Metric, Opening, Operation, Own, Work
from clew.propagation import get_current, incoming_headers
from clew.redaction import redact_query
from clew.shells_asgi import asgi as asgi_shell
from clew.shells_edge import edge as edge_shell
from clew.shells_wsgi import MARK
from clew.shells_wsgi import wsgi as wsgi_shell

FAMILY = "http.server"
DURATION = Metric("http.server.request.duration", "Duration of HTTP server requests.", HTTP_BOUNDARIES)


#: What requests have in common: method, scheme, protocol version, address and port as the client spells them, the
#: client itself; and whether they are WebSockets.
_Common = tuple[str, str, str, str, "str | None", bool]


# --- what a plugin says -----------------------------------------------------------------------------------------


def route(read_template: Callable[..., str | None]) -> Action:
    """Adds the template that the request matched, below the mounts that it came through: `/items/{sku}`."""
    return Action(read_template, _tell_route)


def mount(read_prefix: Callable[..., str]) -> Action:
    """Adds the template under which an application within the application stands: `/shop`."""
    return Action(read_prefix, _tell_mount)


def failure(read_error: Callable[..., BaseException | None]) -> Action:
    """Adds the exception that a framework turns into an answer by itself, where no shell can see it."""
    return Action(read_error, _tell_failure)


def answer(read_answer: Callable[..., tuple[int, Any] | None]) -> Action:
    """Adds the status, and our headers to the headers (anything with item assignment) that are about to be sent."""
    return Action(read_answer, _tell_answer)


def request(headers: Any, method: str, scheme: str, target: str, version: str) -> tuple[tuple[Any, ...], Any]:
    """A request as a server of its own kind has read it: `version` as in HTTP/1.1, `headers` with `get` in any case."""
    path, _, query = target.partition("?")
    get = headers.get
    return (method, scheme, version[5:], get("host") or "", get("user-agent"), path, query), headers


def exchange(read_request: Callable[..., Any], read_peer: Callable[..., str]) -> Operation:
    """One request and its answer, in a coroutine function of a server that is neither of WSGI nor of ASGI.

    `read_request` gives a `request`, or None for what is not to be recorded; `answer` tells the status.
    """
    return _door(
        read_request, itemgetter(5), common=_common_other, own=_own_other, shell=edge_shell, peer=read_peer
    )  # fmt: skip


def _common_other(read: tuple[Any, ...]) -> _Common:
    return *read[:5], False


def _own_other(read: tuple[Any, ...]) -> Own:
    return _own(read[5], read[6])


def _tell_answer(told: tuple[int, Any]) -> None:
    work: Any = get_current().get(WORK)
    if work is None:
        return
    work.status, headers = told
    if work.heard is not None:
        work.heard(*told)
    for name, value in ((settings.current().request_id_header, work.request_id), *work.answer):
        if name not in headers:
            headers[name] = value


def _tell_route(template: str) -> None:
    work: Any = get_current().get(WORK)
    if work is not None:
        work.route = work.prefix + template


def _tell_mount(prefix: str) -> None:
    work: Any = get_current().get(WORK)
    if work is not None:
        work.prefix += prefix


def _tell_failure(error: BaseException) -> None:
    work: Any = get_current().get(WORK)
    if work is not None:
        work.failure = error


# --- the two doors ------------------------------------------------------------------------------------------------


def _read_wsgi(*args: Any) -> tuple[tuple[Any, ...], Any] | None:
    environ = args[-2]
    if MARK in environ:
        return None
    get = environ.get
    read = (
        get("REQUEST_METHOD", "GET"), get("wsgi.url_scheme", "http"), get("SERVER_PROTOCOL", ""),
        get("SCRIPT_NAME", ""), get("PATH_INFO", ""), get("HTTP_HOST") or get("SERVER_NAME", ""),
        get("QUERY_STRING", ""), get("HTTP_USER_AGENT"),
    )  # fmt: skip
    return read, environ


def _common_wsgi(read: tuple[Any, ...]) -> _Common:
    method, scheme, protocol, _, _, host, _, agent = read
    return method, scheme, protocol[5:], host, agent, False  # HTTP/1.1


def _own_wsgi(read: tuple[Any, ...]) -> Own:
    return _own(_path_wsgi(read), read[6])


def _path_wsgi(read: tuple[Any, ...]) -> str:
    path: str = read[3] + read[4]
    # WSGI hands bytes over as latin-1 (PEP 3333, unicode issues); paths are UTF-8.
    return path if path.isascii() else path.encode("latin-1", "replace").decode("utf-8", "replace")


def _peer_wsgi(*args: Any) -> str:
    return str(args[-2].get("REMOTE_ADDR", ""))


def _spell_wsgi(header: str) -> str:
    return "HTTP_" + header.upper().replace("-", "_")


#: What FastAPI and Starlette's middleware say in the scope of a request that they follow themselves: they leave one
#: alone where it is said already.
_NATIVE = {"fastapi.telemetry": None, "starlette.opentelemetry": True}


def _read_asgi(*args: Any) -> tuple[tuple[Any, ...], Any] | None:
    scope = args[-3]
    kind = scope["type"]
    if (kind != "http" and kind != "websocket") or MARK in scope:
        return None
    if any(map(scope.get, _NATIVE)):
        return None
    # First, so that the framework stays quiet also when what follows fails.
    scope.update(_NATIVE)
    get = scope.get  # a scope made by hand, as in tests of an application, may have next to nothing
    headers = _asgi_headers(_pairs_asgi(scope))
    read = (
        kind, get("method", "GET"), get("scheme", "http"), get("http_version", "1.1"), get("path", ""),
        headers.get("host"), get("server"), get("query_string"), headers.get("user-agent"),
    )  # fmt: skip
    return read, headers


def _peer_asgi(*args: Any) -> str:
    client = args[-3].get("client")
    return client[0] if client else ""


def _common_asgi(read: tuple[Any, ...]) -> _Common:
    kind, method, scheme, version, _, host, server, _, agent = read
    if not host and server:
        address, port = server
        host = f"{address}:{port}" if port else address
    return method, scheme, version, host or "", agent, kind == "websocket"


def _own_asgi(read: tuple[Any, ...]) -> Own:
    query = read[7]
    return _own(read[4], query.decode("latin-1") if query else "")


def _pairs_asgi(scope: Any) -> Any:
    """The headers; ASGI calls them and each pair iterable, so what can be gone through but once is kept for others."""
    pairs = scope.get("headers") or ()
    if hasattr(pairs, "__next__"):
        pairs = scope["headers"] = list(map(tuple, pairs))
    return pairs


def _asgi_headers(pairs: Any) -> dict[str, str]:
    """The headers that somebody wants, by their names in lower case."""
    wanted = _wanted(incoming_headers())
    headers: dict[str, str] = {}
    for raw, value in pairs:
        name = wanted.get(raw)
        if name is not None:
            # A header that came twice is joined as HTTP says; two traceparents are then none (W3C Trace Context).
            headers[name] = (
                value.decode("latin-1") if name not in headers else f"{headers[name]},{value.decode('latin-1')}"
            )
    return headers


@lru_cache(4)
def _wanted(names: frozenset[str]) -> Mapping[bytes, str]:
    return {name.encode("latin-1"): name for name in (*names, "host", "user-agent")}


# --- what they mean -----------------------------------------------------------------------------------------------


def _opening(common: _Common) -> Opening:
    method, scheme, version, host, agent, _ = common
    known = KNOWN.get(method, OTHER)
    attributes: Attributes = {
        keys.HTTP_REQUEST_METHOD: known,
        keys.URL_SCHEME: scheme,
        keys.NETWORK_PROTOCOL_VERSION: version,
    }
    address, port = _address(host, scheme)
    if address:
        attributes[keys.SERVER_ADDRESS] = address
        attributes[keys.SERVER_PORT] = port
    if agent:
        attributes[keys.USER_AGENT_ORIGINAL] = agent
    if known is OTHER:
        attributes[keys.HTTP_REQUEST_METHOD_ORIGINAL] = method[:64]
    return name_of(known), attributes


def _own(path: str, query: str) -> Own:
    shown = (keys.URL_PATH, path or "/")
    return (shown, (keys.URL_QUERY, redact_query(query))) if query else (shown,)


@lru_cache(1024)
def _address(host: str, scheme: str) -> tuple[str, int]:
    """Address and port of a Host header; nothing when it is malformed."""
    match = _HOST.fullmatch(host)
    if match is None:
        return "", 0
    default = 443 if scheme in ("https", "wss") else 80
    return match[1].strip("[]"), int(match[2] or default)


_HOST = re.compile(r"(\[[0-9a-fA-F:.%]+\]|[^\s:/?#@\[\]]{1,255})(?::(\d{1,5}))?")


#: Status, route, scheme and host as the application sees them.
_Learnt = tuple["int | None", "str | None", "str | None", "str | None"]


def _learnt(work: Work) -> _Learnt:
    return work.status, work.route, *work.origin


def _closing(common: _Common, opened: Attributes, learnt: _Learnt | None, kind: str | None) -> Closing:
    status, found, scheme, host = learnt or (None, None, None, None)
    if kind is not None and status is None:
        status = 500  # what every server answers then
    elif kind is None and status is not None and status >= 500:
        kind = str(status)
    attributes = _moved(common, scheme, host)
    if status is not None:
        attributes[keys.HTTP_RESPONSE_STATUS_CODE] = status
    if kind is not None:
        attributes[keys.ERROR_TYPE] = kind
    method = opened[keys.HTTP_REQUEST_METHOD]
    # A proxy's header may say any scheme, and some servers hand on any version.
    shown = _SCHEMES.get(scheme or common[1], OTHER), _VERSIONS.get(common[2], "")
    labels = method, *shown, found, status, kind
    better = None
    if found is not None:
        attributes[keys.HTTP_ROUTE] = found
        better = f"{name_of(method)} {found}"
    # A WebSocket lives as long as its client likes: its duration is no request's.
    return attributes, None if common[5] or status == 101 else labels, kind, better


_SCHEMES = {scheme: scheme for scheme in ("http", "https", "ws", "wss")}
_VERSIONS = {version: version for version in ("1.0", "1.1", "2", "2.0", "3", "3.0")}


def _moved(common: _Common, scheme: str | None, host: str | None) -> Attributes:
    """What is to be corrected, once a middleware further in has read what a proxy says of the client's request."""
    attributes: Attributes = {}
    scheme, host = scheme or common[1], host or common[3]
    if scheme != common[1]:
        attributes[keys.URL_SCHEME] = scheme
    address, port = _address(host, scheme)
    if address and (address, port) != _address(common[3], common[1]):
        attributes[keys.SERVER_ADDRESS], attributes[keys.SERVER_PORT] = address, port
    return attributes


def _departed(error: BaseException) -> bool:
    """Whether the client left, which is nobody's failure. By name: nothing is imported to know it."""
    return any(kind.__name__ in _DEPARTURES for kind in type(error).__mro__)


_DEPARTURES = frozenset(
    {"GeneratorExit", "CancelledError", "ClientDisconnect", "WebSocketDisconnect", "RequestAborted"}
)


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


def _door(read: Any, path: Any, **own: Any) -> Operation:
    def address(facts: Any) -> str:
        _, scheme, _, host, *_ = own["common"](facts)
        return f"{scheme}://{host}{path(facts) or '/'}"

    return Operation(
        FAMILY, SpanKind.SERVER, read, _opening, _closing, DURATION, _point,
        read_result=_learnt, blameless=_departed, edge=True, address=address, **own,
    )  # fmt: skip


#: A WSGI application: a callable whose last arguments are environ and start_response.
wsgi = _door(
    _read_wsgi, _path_wsgi, common=_common_wsgi, own=_own_wsgi, shell=wsgi_shell, spell=_spell_wsgi, peer=_peer_wsgi
)  # fmt: skip
#: An ASGI application: a coroutine function whose last arguments are scope, receive and send.
asgi = _door(_read_asgi, itemgetter(4), common=_common_asgi, own=_own_asgi, shell=asgi_shell, peer=_peer_asgi)
