"""Trace context and request ID: kept or made at the edge, written into what goes out, read from what comes in."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from fnmatch import fnmatchcase
from functools import cache, lru_cache, partial
from operator import attrgetter
from typing import TYPE_CHECKING, Any, cast

from opentelemetry import baggage, propagate
from opentelemetry import context as context_api
from opentelemetry.context import Context
from opentelemetry.propagators.composite import CompositePropagator
from opentelemetry.propagators.textmap import Getter, Setter, TextMapPropagator
from opentelemetry.trace import TraceState, set_span_in_context
from opentelemetry.trace.span import INVALID_SPAN

from clew import settings
from clew.operation import Facts, Operation, Remote, Scribe
from clew.queueing import HEADER

if TYPE_CHECKING:
    from clew.settings import Settings

#: The context key; a contract with clew-sdk (docs/architecture.md).
REQUEST_ID = "clew-request-id"
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
_textmap = "_HTTP_TEXT_FORMAT"
get_textmap: Callable[[], TextMapPropagator] = (
    partial(attrgetter(_textmap), propagate) if hasattr(propagate, _textmap) else propagate.get_global_textmap
)
#: Raises ValueError in another context than attach was called in; `detach` does not.
reset: Callable[[Any], None] = _variable.reset if _direct else context_api.detach

#: Writes into a context that is not yet anybody's; it refuses to be changed, and copying costs as much as making it.
amend: Callable[[Context, Mapping[str, object]], None] = cast("Any", dict.update)

Inject = Callable[[Facts, Any, Context], None]
Accept = Callable[[Any, Context], "tuple[str, Remote | None, Context]"]


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


def acceptor(chosen: Settings, operation: Operation) -> Accept:
    """Makes the function that reads request ID and caller's span from a carrier, and what else came into the context.

    The request ID is empty when none came or when it is malformed (1 to 128 of `A-Za-z0-9._-`).
    """
    spell = operation.spell or str
    name, parent, state, carried = map(
        spell, (chosen.request_id_header.lower(), "traceparent", "tracestate", "baggage")
    )
    getter = _Getter(spell)

    def accept(carrier: Any, context: Context) -> tuple[str, Remote | None, Context]:
        get = carrier.get
        request_id = get(name)
        if request_id is None or not _REQUEST_ID.fullmatch(request_id):
            request_id = ""
        if not _is_default(get_textmap()):
            return request_id, None, propagate.extract(carrier, context, getter)
        came, members = get(parent), get(carried)
        if members is not None:
            context = _with_baggage(context, members)
        return request_id, _caller(came, get(state)) if came is not None else None, context

    return accept


class _Getter(Getter[Any]):
    def __init__(self, spell: Callable[[str], str]) -> None:
        self._spell = spell

    def get(self, carrier: Any, key: str) -> list[str] | None:
        found = carrier.get(self._spell(key.lower()))
        return None if found is None else [found]

    def keys(self, carrier: Any) -> list[str]:
        return [name.removeprefix("HTTP_").replace("_", "-").lower() for name in carrier]


def incoming_headers() -> frozenset[str]:
    """The headers that `acceptor` may want, in lower case."""
    return _incoming_headers(get_textmap())


@lru_cache(8)
def _incoming_headers(textmap: TextMapPropagator) -> frozenset[str]:
    return frozenset(
        {*(field.lower() for field in textmap.fields), settings.current().request_id_header.lower(), HEADER}
    )


def _caller(parent: str, state: str | None) -> Remote | None:
    match = _TRACEPARENT.fullmatch(parent) if len(parent) < 512 else None
    if match is None or (match[1] == "00" and match[5]):
        return None
    return Remote(int(match[2], 16), int(match[3], 16), int(match[4], 16) & 3, _trace_state(state) if state else None)


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


def random_bits(count: int) -> int:
    """A number of so many bits of the system's: applications seed what is Python's, and forked children repeat it."""
    return int.from_bytes(os.urandom(count // 8), "big")


def random_id() -> str:
    """A request ID where there is no trace to give one."""
    return f"{random_bits(128):032x}"


# --- out --------------------------------------------------------------------------------------------------------


def injector(chosen: Settings, operation: Operation, scribe: Scribe) -> Inject | None:
    """Makes the function that writes trace context and request ID into the carrier among the facts, if there is one."""
    carrier_of, host_of, write, again = operation.carrier, operation.host, operation.write, operation.again
    if carrier_of is None or host_of is None or write is None:
        return None
    name, traceparent, setter = chosen.request_id_header, scribe.traceparent, _Setter(write)
    own, told = _hosts(chosen.own_hosts), None if "*" in chosen.told_hosts else _hosts(chosen.told_hosts)

    def inject(facts: Facts, call: Any, context: Context) -> None:
        carrier = carrier_of(facts)
        if carrier is None:
            return
        if told is not None and not told(host_of(facts)):
            if again is not None and again(facts):
                _withdraw(carrier, name if REQUEST_ID in context else "", *get_textmap().fields)
            return
        request_id = context.get(REQUEST_ID)
        if request_id:
            write(carrier, name, cast("str", request_id))
        if BAGGAGE in context and not own(host_of(facts)):
            context = Context({key: value for key, value in context.items() if key != BAGGAGE})
            if again is not None and again(facts):
                _withdraw(carrier, "baggage")
        if not _is_default(get_textmap()):
            propagate.inject(carrier, Context({**context, SPAN: call.inside.get(SPAN)}), setter)
            return
        parent, state = traceparent(call)
        if parent:
            write(carrier, "traceparent", parent)
            if state:
                write(carrier, "tracestate", state)
        if BAGGAGE in context:
            _baggage().inject(carrier, context, setter)

    return inject


def _withdraw(carrier: Any, *names: str) -> None:
    """Takes out of a carrier what was written into it for another host: redirects copy the headers."""
    for name in names:
        if hasattr(carrier, "pop"):
            carrier.pop(name, None)


class _Setter(Setter[Any]):
    def __init__(self, write: Callable[[Any, str, str], None]) -> None:
        self._write = write

    def set(self, carrier: Any, key: str, value: str) -> None:
        self._write(carrier, key, value)


def _hosts(patterns: tuple[str, ...]) -> Callable[[str], bool]:
    @lru_cache(1024)
    def among(host: str) -> bool:
        if "NODOT" in patterns and "." not in host and ":" not in host:
            return True
        return any(fnmatchcase(host, pattern) for pattern in patterns)

    return among


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
