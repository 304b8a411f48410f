"""A hook for classes of C that can neither be patched nor derived from: something stands in for their objects."""

from __future__ import annotations

from collections.abc import Mapping
from functools import wraps
from typing import Any, NamedTuple

from clew.hooks import Hook, surround
from clew.operation import Operation
from clew.places import Function, Switch, Undo, replace
from clew.recorder import compile_operation
from clew.telemetry import Telemetry


class Standing(NamedTuple):
    """What is watched of an object: by the name of its method the operation that it is, or what stands in for what it
    returns, or both."""

    methods: Mapping[str, Method]


class Method(NamedTuple):
    operation: Operation | None = None
    returns: Standing | None = None


def stand_in(target: str, standing: Standing) -> Hook:
    """Lets `target`, which returns an object of C, return what stands in for it.

    `isinstance` and attributes are those of the real object; what belongs to a connection also remembers it.
    """

    def hook(telemetry: Telemetry) -> Undo:
        switch = Switch()
        classes = _Classes(telemetry, switch)

        def make(function: Function) -> Function:
            @wraps(function)
            def watched(*args: Any, **kwargs: Any) -> Any:
                real = function(*args, **kwargs)
                return classes.in_place_of(real, standing, None) if switch.on else real

            return watched

        put_back = replace(target, make, switch.off, telemetry.guard.failed)

        def undo() -> None:
            put_back()
            classes.off()

        return undo

    return hook


def put_in_place(real: Any, standing: Standing, telemetry: Telemetry) -> Any:
    """What stands in for one object."""
    return _Classes(telemetry, Switch()).in_place_of(real, standing, None)


def real_of(subject: Any) -> Any:
    """The object that something stands in for; the subject itself where it is the real one."""
    return getattr(subject, "_clew_real", subject)


class _Classes:
    """The classes that stand in, by the real class."""

    def __init__(self, telemetry: Telemetry, switch: Switch) -> None:
        self._telemetry, self._switch = telemetry, switch
        self._made: dict[type, type[_StandIn]] = {}
        self._silences: list[Any] = []

    def off(self) -> None:
        self._switch.off()
        for silence in self._silences:
            silence()

    def in_place_of(self, real: Any, standing: Standing, owner: Any) -> Any:
        try:
            kind = self._made.get(type(real))
            if kind is None:
                kind = self._made[type(real)] = self._make(type(real), standing)
            return kind(real, owner)
        except Exception as error:  # noqa: BLE001
            self._telemetry.guard.failed(error, "stand-in")
            return real

    def _make(self, real: type, standing: Standing) -> type[_StandIn]:
        members: dict[str, Any] = {"__module__": real.__module__, "__qualname__": real.__qualname__}
        for name, method in standing.methods.items():
            members[name] = self._method(name, getattr(real, name), *method)
        return type(real.__name__, (_StandIn,), members)

    def _method(self, name: str, real: Any, operation: Operation | None, returns: Standing | None) -> Function:
        @wraps(real)
        def method(self: _StandIn, *args: Any, **kwargs: Any) -> Any:
            result = getattr(self._clew_real, name)(*args, **kwargs)
            if result is self._clew_real:
                return self
            return result if returns is None or result is None else in_place_of(result, returns, self)

        in_place_of = self.in_place_of
        if operation is None:
            return method
        probe = compile_operation(operation, self._telemetry)
        self._silences.append(probe.silence)
        return surround(operation, self._telemetry, probe, method)


class _StandIn:
    __slots__ = ("__weakref__", "_clew_owner", "_clew_real", "_clew_server")

    _clew_real: Any
    _clew_owner: Any

    def __init__(self, real: Any, owner: Any) -> None:
        object.__setattr__(self, "_clew_real", real)
        object.__setattr__(self, "_clew_owner", owner)

    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        return type(object.__getattribute__(self, "_clew_real"))

    @property
    def connection(self) -> Any:
        return self._clew_owner or self._clew_real.connection

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_clew_"):
            raise AttributeError(name)
        return getattr(self._clew_real, name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name.startswith("_clew_"):
            object.__setattr__(self, name, value)
        else:
            setattr(self._clew_real, name, value)

    def __delattr__(self, name: str) -> None:
        delattr(self._clew_real, name)

    def __dir__(self) -> list[str]:
        return dir(self._clew_real)

    def __repr__(self) -> str:
        return repr(self._clew_real)

    def __iter__(self) -> Any:
        return iter(self._clew_real)

    def __next__(self) -> Any:
        return next(self._clew_real)

    def __enter__(self) -> Any:
        self._clew_real.__enter__()
        return self

    def __exit__(self, *about: Any) -> Any:
        return self._clew_real.__exit__(*about)
