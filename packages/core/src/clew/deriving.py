"""A hook for classes of C, which cannot be patched: the application is handed a subclass."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, NamedTuple
from weakref import WeakSet

from clew.hooks import Hook, surround
from clew.operation import Operation
from clew.places import Function, Switch, Undo, replace
from clew.probe import Probe
from clew.recorder import compile_operation
from clew.telemetry import Telemetry


class Derived(NamedTuple):
    """A class of C that cannot be patched: which one, and what its subclass watches."""

    base: str
    #: Method name -> the operation it is, or the class that it is given as a factory.
    methods: Mapping[str, Operation | tuple[str, Derived]]
    #: The attribute, of the object whose method takes the factory, that holds the class it takes when none is given.
    default: str = ""


def derive(target: str, keyword: str, derived: Derived) -> Hook:
    """Gives `target`, which takes a class as argument `keyword`, a subclass of that class with watched methods.

    What the application gets is still an instance of the class that it asked for.
    """

    def hook(telemetry: Telemetry) -> Undo:
        derivation = _Derivation(telemetry)

        def make(function: Function) -> Function:
            return derivation.with_factory(function, keyword, derived)

        put_back = replace(target, make, derivation.off, telemetry.guard.failed)

        def undo() -> None:
            put_back()
            derivation.off()

        return undo

    return hook


def derived_from(telemetry: Telemetry, derived: Derived, asked: Any = None) -> Any:
    """A subclass of a class that is asked for (None for the library's own), with watched methods."""
    return _Derivation(telemetry).chooser(derived)(asked)


def is_derived(subject: Any) -> bool:
    """Whether an object is of one of these subclasses."""
    return any(kind in _every for kind in type(subject).__mro__)


#: Every subclass that there is.
_every: WeakSet[type] = WeakSet()
Choose = Callable[[Any], Any]


class _Derivation:
    """The subclasses of one hook, which end their watch together: their instances may live on when it is undone."""

    def __init__(self, telemetry: Telemetry) -> None:
        self._telemetry, self._switch = telemetry, Switch()
        self._probes: list[Probe] = []
        self._made: WeakSet[type] = WeakSet()

    def off(self) -> None:
        self._switch.off()
        for probe in self._probes:
            probe.silence()

    def chooser(self, derived: Derived) -> Choose:
        """From the class that is asked for (None for the library's own) to its subclass."""
        module, _, name = derived.base.partition(":")
        memo: dict[type, type] = {}

        def choose(asked: Any) -> Any:
            root = getattr(sys.modules[module], name)
            base = asked or root
            if base.__class__ is type and base in memo:  # nearly always: the rest takes 4 us
                return memo[base]
            # A factory function is handed on: what it makes is its own business. So is a class of another kind.
            if not isinstance(base, type) or not issubclass(base, root) or base in self._made:
                return base
            for kind in (root, base):
                if kind not in memo:
                    memo[kind] = self._derive(kind, memo.get(root), derived)
                    self._made.add(memo[kind])
                    _every.add(memo[kind])
            return memo[base]

        return choose

    def with_factory(self, function: Function, keyword: str, derived: Derived) -> Function:
        """The function, given a subclass of the class that it is asked to take."""
        switch, failed = self._switch, self._telemetry.guard.failed
        choose, default = self.chooser(derived), derived.default

        @wraps(function)
        def watched(*args: Any, **kwargs: Any) -> Any:
            if not switch.on:
                return function(*args, **kwargs)
            try:
                if len(args) > 1 and any(isinstance(arg, type) for arg in args):  # by position
                    chosen_args = tuple(choose(arg) if isinstance(arg, type) else arg for arg in args)
                else:
                    chosen = choose(kwargs.get(keyword) or (getattr(args[0], default, None) if default else None))
                    chosen_args, kwargs = args, {**kwargs, keyword: chosen}
            except Exception as error:  # noqa: BLE001
                failed(error, function.__name__)
                return function(*args, **kwargs)
            return function(*chosen_args, **kwargs)

        return watched

    def _derive(self, base: type, below: type | None, derived: Derived) -> type:
        """A subclass of `base`. The root's own subclass, `below`, comes after the classes of the application, so that
        factories are chosen when these have made their choice."""
        members: dict[str, Any] = {
            "__module__": base.__module__,
            "__qualname__": base.__qualname__,
            "__doc__": base.__doc__,
        }
        for name, what in derived.methods.items():
            function = getattr(base, name, None)
            if function is None:
                continue
            if isinstance(what, Operation):
                # A method that the application's class has for itself may well call the one beneath: one call, not two.
                whole = below is not None and function is not getattr(below.__base__, name, None)
                members[name] = self._recorded(function, what._replace(innermost=False) if whole else what)
            elif below is None:
                keyword, inner = what
                members[name] = self.with_factory(function, keyword, inner)
        return type(base.__name__, (base,) if below is None else (base, below), members)

    def _recorded(self, function: Function, operation: Operation) -> Function:
        probe = compile_operation(operation, self._telemetry)
        self._probes.append(probe)
        return surround(operation, self._telemetry, probe, function)
