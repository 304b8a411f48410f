"""Doors of servers: where a server holds the application that it calls, whichever framework that is made with."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, wraps
from typing import Any

from clew.hooks import Hook, Undo, surround
from clew.operation import Operation
from clew.places import Function, replace, resolve
from clew.probe import Probe
from clew.recorder import compile_operation
from clew.shells_asgi import asgi
from clew.shells_edge import edge
from clew.shells_wsgi import wsgi
from clew.telemetry import Telemetry


def door(target: str, operation: Operation, *, argument: int | None = None, optional: bool = False) -> Hook:
    """Records each call of the application that a server keeps in its attribute `target` ("module:Class.attribute"),
    or that the function `target` gets as its positional `argument`, as one `operation`.

    Servers that run already, and the applications that they have, are followed from then on.
    """

    def hook(telemetry: Telemetry) -> Undo:
        probe = compile_operation(operation, telemetry)
        failed = telemetry.guard.failed
        follow = _following(telemetry, probe, operation)
        if argument is None:
            owner, _, name = target.rpartition(".")
            put = partial(_put, name, follow)
            # The class says nothing of an attribute that its objects get, but every class has this.
            undo = resolve(f"{owner}.__init__", lambda kind, _: put(kind), failed, optional)
        else:
            _open[target] = follow
            undo = replace(target, partial(_hand_over, target, argument), probe.silence, failed, optional)

        def close() -> None:
            _open.pop(target, None)
            probe.silence()  # for what a server has read before
            undo()

        return close

    return hook


def _following(telemetry: Telemetry, probe: Probe, operation: Operation) -> Callable[[Any], Any]:
    """Makes the function from an application to what is called in its place; cheap, as it is made for each request."""
    watched = surround(operation, telemetry, probe, _CALLS[operation.shell])
    return lambda application: partial(watched, application) if callable(application) else application


def _call_wsgi(application: Any, environ: Any, start_response: Any) -> Any:
    return application(environ, start_response)


def _call_asgi(application: Any, scope: Any, receive: Any, send: Any) -> Any:
    return application(scope, receive, send)


#: What the doors that a server got as arguments do now: it keeps them for as long as it runs.
_open: dict[str, Callable[[Any], Any]] = {}


def _call_edge(application: Any, request: Any) -> Any:
    return application(request)


_CALLS: dict[Any, Any] = {wsgi: _call_wsgi, asgi: _call_asgi, edge: _call_edge}


def _hand_over(target: str, position: int, function: Function) -> Function:
    @wraps(function)
    def watched(*args: Any, **kwargs: Any) -> Any:
        if len(args) > position and callable(args[position]):
            args = *args[:position], partial(_enter, target, args[position]), *args[position + 1 :]
        return function(*args, **kwargs)

    return watched


def _enter(target: str, application: Any, *args: Any) -> Any:
    follow = _open.get(target)
    return application(*args) if follow is None else follow(application)(*args)


def _put(name: str, follow: Callable[[Any], Any], kind: Any) -> Undo:
    """Puts a descriptor on the class: the objects keep what they have, and whoever reads it gets the followed one."""
    raw = vars(kind).get(name, _MISSING)
    ours = (_Held if raw is _MISSING else _HeldInSlot)(name, follow, raw)
    setattr(kind, name, ours)

    def undo() -> None:
        if vars(kind).get(name) is not ours:
            return
        if raw is _MISSING:
            delattr(kind, name)
        else:
            setattr(kind, name, raw)

    return undo


class _Held:
    """Reads and writes the object's own attribute."""

    __slots__ = ("_follow", "_name", "_slot")

    def __init__(self, name: str, follow: Callable[[Any], Any], slot: Any) -> None:
        self._name, self._follow, self._slot = name, follow, slot

    def __get__(self, holder: Any, kind: Any = None) -> Any:
        if holder is None:
            return self
        try:
            held = holder.__dict__[self._name]
        except KeyError:
            raise AttributeError(self._name) from None
        return self._follow(held)

    def __set__(self, holder: Any, value: Any) -> None:
        holder.__dict__[self._name] = value

    def __delete__(self, holder: Any) -> None:
        del holder.__dict__[self._name]


class _HeldInSlot(_Held):
    """The same where the class has `__slots__`."""

    __slots__ = ()

    def __get__(self, holder: Any, kind: Any = None) -> Any:
        return self if holder is None else self._follow(self._slot.__get__(holder, kind))

    def __set__(self, holder: Any, value: Any) -> None:
        self._slot.__set__(holder, value)

    def __delete__(self, holder: Any) -> None:
        self._slot.__delete__(holder)


_MISSING = object()
