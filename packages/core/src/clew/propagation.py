"""Trace context and request ID: kept or made at the edge, written into what goes out, read from what comes in."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from fnmatch import fnmatchcase
from functools import cache, lru_cache
from random import Random
from typing import TYPE_CHECKING, Any, cast

from opentelemetry import baggage, propagate
from opentelemetry import context as context_api
from opentelemetry.context import Context
from opentelemetry.propagators.composite import CompositePropagator
from opentelemetry.propagators.textmap import Setter, TextMapPropagator
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, TraceState, set_span_in_context
from opentelemetry.trace.span import INVALID_SPAN

from clew import settings

if TYPE_CHECKING:
    from opentelemetry.trace import Span

    from clew.settings import Settings

#: The context keys. The first is a contract with clew-sdk (docs/architecture.md).
REQUEST_ID = "clew-request-id"
WORK = "clew-work"
FAMILY = "clew-family"
#: The API's own keys, found through its public functions where there is one.
SPAN = next(iter(set_span_in_context(INVALID_SPAN, Context())))
BAGGAGE = next(iter(baggage.set_baggage("a", "b", Context())))
SUPPRESS: str = getattr(context_api, "_SUPPRESS_INSTRUMENTATION_KEY", "suppress_instrumentation")

#: The API keeps its context in this variable; its three functions are two calls deep each, and a request needs ten of
#: them (3 us of a request of 20). Another runtime context (OTEL_PYTHON_CONTEXT) is used through the API.
_variable: Any = getattr(getattr(context_api, "_RUNTIME_CONTEXT", None), "_current_context", None)
_direct = isinstance(_variable, ContextVar)
get_current: Callable[[], Context] = _variable.get if _direct else context_api.get_current
attach: Callable[[Context], Any] = _variable.set if _direct else context_api.attach
#: Raises ValueError in another context than attach was called in; `detach` does not.
reset: Callable[[Any], None] = _variable.reset if _direct else context_api.detach

Inject = Callable[[Any, "Span", Context, str], None]
Accept = Callable[[Mapping[str, str], Context], "tuple[Context, str]"]


def detach(token: Any) -> None:
    """Restores what was current before; silent when that is no longer possible, unlike the API's own function."""
    try:
        reset(token)
    except ValueError:  # a coroutine that was moved to another context: there is nothing to restore here
        pass


def current_request_id() -> str:
    """The request ID of the work in hand, or an empty string outside of any."""
    return cast("str", get_current().get(REQUEST_ID, ""))


@contextmanager
def suppress() -> Iterator[None]:
    """Within this block no plugin makes spans, metric points or headers (OpenTelemetry's suppression key)."""
    token = attach(context_api.set_value(SUPPRESS, True))
    try:
        yield
    finally:
        detach(token)


# --- in ---------------------------------------------------------------------------------------------------------

# Version 00 has exactly this form; later ones may go on after another dash (W3C Trace Context, versioning).
_TRACEPARENT = re.compile(r"(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_TRACESTATE = re.compile(
    r"[a-z0-9][_0-9a-z\-*/@]{0,255}=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]"
)
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")
_BAGGAGE_BYTES, _BAGGAGE_MEMBERS, _STATE_MEMBERS, _STATE_BYTES = 8192, 64, 32, 512


def acceptor(chosen: Settings) -> Accept:
    """Makes the function that reads parent and request ID from headers with lower-case names.

    It returns the parent's context and the request ID, which is empty when none came or when it is malformed
    (1 to 128 of `A-Za-z0-9._-`).
    """
    name = chosen.request_id_header.lower()

    def accept(headers: Mapping[str, str], context: Context) -> tuple[Context, str]:
        request_id = headers.get(name)
        if request_id is None or not _REQUEST_ID.fullmatch(request_id):
            request_id = ""
        if not _is_default(propagate.get_global_textmap()):
            return propagate.extract(headers, context), request_id
        parent = headers.get("traceparent")
        if parent is not None:
            context = _with_parent(context, parent, headers.get("tracestate"))
        carried = headers.get("baggage")
        if carried is not None:
            context = _with_baggage(context, carried)
        return context, request_id

    return accept


def incoming_headers() -> tuple[tuple[str, str], ...]:
    """The headers that `acceptor` may want, each in lower case and as the variable of a WSGI environ."""
    return _incoming_headers(propagate.get_global_textmap())


@lru_cache(8)
def _incoming_headers(textmap: TextMapPropagator) -> tuple[tuple[str, str], ...]:
    names = {*(field.lower() for field in textmap.fields), settings.current().request_id_header.lower()}
    return tuple((name, "HTTP_" + name.upper().replace("-", "_")) for name in sorted(names))


def _with_parent(context: Context, parent: str, state: str | None) -> Context:
    match = _TRACEPARENT.fullmatch(parent) if len(parent) < 512 else None
    if match is None or (match[1] == "00" and match[5]):
        return context
    flags = TraceFlags(int(match[4], 16) & 3)
    came = SpanContext(int(match[2], 16), int(match[3], 16), True, flags, _trace_state(state) if state else None)
    return Context({**context, SPAN: NonRecordingSpan(came)})


def _trace_state(text: str) -> TraceState | None:
    members = [member.strip(" \t") for member in text.split(",", _STATE_MEMBERS + 1)]
    members = [member for member in members if member]
    if len(text) > _STATE_BYTES or len(members) > _STATE_MEMBERS or not all(map(_TRACESTATE.fullmatch, members)):
        return None
    return TraceState([cast("tuple[str, str]", tuple(member.split("=", 1))) for member in members])


def _with_baggage(context: Context, text: str) -> Context:
    if len(text) > _BAGGAGE_BYTES or text.count(",") >= _BAGGAGE_MEMBERS:
        return context
    from urllib.parse import unquote_plus

    for member in text.split(","):
        name, found, value = member.partition(";")[0].partition("=")
        if found and name.strip():
            context = baggage.set_baggage(unquote_plus(name.strip()), unquote_plus(value.strip()), context)
    return context


_random = Random()


def new_request_id(span: Span) -> str:
    """The trace ID, so that a person needs one ID only; random when there is no trace."""
    trace_id = span.get_span_context().trace_id
    return f"{trace_id or _random.getrandbits(128):032x}"


# --- out --------------------------------------------------------------------------------------------------------


def injector(chosen: Settings, write: Callable[[Any, str, str], None]) -> Inject:
    """Makes the function that writes trace context and request ID into a carrier of one kind."""
    name = chosen.request_id_header
    own = _own_hosts(chosen.own_hosts)
    setter = _Setter(write)
    get_textmap = propagate.get_global_textmap

    def inject(carrier: Any, span: Span, context: Context, host: str) -> None:
        request_id = context.get(REQUEST_ID)
        if request_id:
            write(carrier, name, cast("str", request_id))
        if not _is_default(get_textmap()):
            propagate.inject(carrier, context, setter)
            return
        # A SpanContext is a tuple; its properties are a call each.
        trace_id, span_id, _, flags, state, valid = span.get_span_context()
        if valid:
            write(carrier, "traceparent", f"00-{trace_id:032x}-{span_id:016x}-{flags:02x}")
            if state:
                write(carrier, "tracestate", state.to_header())
        if BAGGAGE in context and own(host):
            _baggage().inject(carrier, context, setter)

    return inject


class _Setter(Setter[Any]):
    def __init__(self, write: Callable[[Any, str, str], None]) -> None:
        self._write = write

    def set(self, carrier: Any, key: str, value: str) -> None:
        self._write(carrier, key, value)


def _own_hosts(patterns: tuple[str, ...]) -> Callable[[str], bool]:
    @lru_cache(1024)
    def own(host: str) -> bool:
        if "NODOT" in patterns and "." not in host and ":" not in host:
            return True
        return any(fnmatchcase(host, pattern) for pattern in patterns)

    return own


def _default_parts(textmap: object) -> tuple[str, ...]:
    parts = getattr(textmap, "_propagators", ()) if isinstance(textmap, CompositePropagator) else ()
    return tuple(type(part).__name__ for part in parts)


@lru_cache(8)
def _is_default(textmap: object) -> bool:
    # W3C trace context and baggage, the default of the specification, are read and written by our own, cheaper code.
    return _default_parts(textmap) == ("TraceContextTextMapPropagator", "W3CBaggagePropagator")


@cache
def _baggage() -> TextMapPropagator:
    from opentelemetry.baggage.propagation import W3CBaggagePropagator

    return W3CBaggagePropagator()
