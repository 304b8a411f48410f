"""A hook for classes of C, which cannot be patched: the application is handed a subclass."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, NamedTuple

from clew.hooks import Hook
from clew.operation import Operation
from clew.places import Function, Switch, Undo, replace
from clew.recorder import compile_operation
from clew.shells import shell_for
from clew.telemetry import Telemetry


class Derived(NamedTuple):
    """A class of C that cannot be patched: which one, and what its subclass watches."""

    base: str
    #: Method name -> the operation it is, or the class that it is given as a factory.
    methods: Mapping[str, Operation | tuple[str, Derived]]


def derive(target: str, keyword: str, derived: Derived) -> Hook:
    """Gives `target`, which takes a class as argument `keyword`, a subclass of that class with watched methods.

    What the application gets is still an instance of the class that it asked for.
    """

    def hook(telemetry: Telemetry) -> Undo:
        switch = Switch()
        subclass = _subclasses(derived, telemetry)

        def make(function: Function) -> Function:
            return _with_factory(function, keyword, subclass, switch, telemetry)

        return replace(target, make, switch.off, telemetry.guard.failed)

    return hook


Subclass = Callable[[Any], Any]


def _subclasses(derived: Derived, telemetry: Telemetry) -> Subclass:
    memo: dict[type, type] = {}
    module, _, name = derived.base.partition(":")

    def subclass(asked: Any) -> Any:
        base = asked or getattr(sys.modules[module], name)
        if not isinstance(base, type):  # a factory function: what it makes is its own business
            return base
        if base not in memo:
            memo[base] = _derive(base, derived, telemetry)
        return memo[base]

    return subclass


def _derive(base: type, derived: Derived, telemetry: Telemetry) -> type:
    members: dict[str, Any] = {
        "__module__": base.__module__,
        "__qualname__": base.__qualname__,
        "__doc__": base.__doc__,
    }
    for name, what in derived.methods.items():
        function = getattr(base, name)
        if isinstance(what, Operation):
            shell = shell_for(function, brief=what.innermost)
            members[name] = shell(compile_operation(what, telemetry), function)
        else:
            keyword, inner = what
            members[name] = _with_factory(function, keyword, _subclasses(inner, telemetry), Switch(), telemetry)
    return type(base.__name__, (base,), members)


def _with_factory(
    function: Function, keyword: str, subclass: Subclass, switch: Switch, telemetry: Telemetry
) -> Function:
    @wraps(function)
    def watched(*args: Any, **kwargs: Any) -> Any:
        # A class among the positional arguments is a factory given by position: it is the application's choice.
        if not switch.on or any(isinstance(arg, type) for arg in args):
            return function(*args, **kwargs)
        try:
            chosen = subclass(kwargs.get(keyword))
        except Exception as error:  # noqa: BLE001
            telemetry.guard.failed(error, function.__name__)
            return function(*args, **kwargs)
        return function(*args, **{**kwargs, keyword: chosen})

    return watched
