"""Hooks: a hook is a function that installs something and returns its undo."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, NamedTuple

from clew.imports import is_half_imported, when_imported
from clew.operation import Operation
from clew.propagation import attach, detach, get_current
from clew.recorder import compile_operation
from clew.shells import COROUTINE, Probe, shell_for
from clew.shells import Shell as Shell
from clew.telemetry import Telemetry

Undo = Callable[[], None]
Hook = Callable[[Telemetry], Undo]
#: Made once per plugin; then called with the watched function's own arguments.
Action = Callable[[Telemetry], "Callable[..., Any] | None"]
_MISSING = object()


def patch(target: str, operation: Operation, *, optional: bool = False) -> Hook:
    """Records each call of `target` ("module:Class.method") as one `operation`.

    The module is never imported for it: a target in a module that is not there yet is patched when it comes.
    Raises AttributeError at enable when the module has no such name and `optional` is false.
    """

    def hook(telemetry: Telemetry) -> Undo:
        begin, end = compile_operation(operation, telemetry)
        probe = Probe(begin, end, telemetry.guard.failed)

        def make(function: Callable[..., Any]) -> Callable[..., Any]:
            return (operation.shell or shell_for(function))(probe, function)

        return _install(target, make, probe, optional)

    return hook


def enrich(target: str, action: Action, *, optional: bool = False) -> Hook:
    """Runs an action with the arguments of `target` before each of its calls."""

    def hook(telemetry: Telemetry) -> Undo:
        failed = telemetry.guard.failed
        probe = Probe(action(telemetry) or _ended, _ended, failed)

        def act(*args: Any, **kwargs: Any) -> None:
            try:
                probe.begin(*args, **kwargs)
            except Exception as error:  # noqa: BLE001
                failed(error, target)

        def make(function: Callable[..., Any]) -> Callable[..., Any]:
            return _before_coroutine(act, function) if _is_coroutine(function) else _before(act, function)

        return _install(target, make, probe, optional)

    return hook


def after(target: str, action: Action, *, optional: bool = False) -> Hook:
    """Runs an action with the result and the arguments of `target` after each of its calls that did not raise."""

    def hook(telemetry: Telemetry) -> Undo:
        failed = telemetry.guard.failed
        probe = Probe(action(telemetry) or _ended, _ended, failed)

        def make(function: Callable[..., Any]) -> Callable[..., Any]:
            @wraps(function)
            def watched(*args: Any, **kwargs: Any) -> Any:
                result = function(*args, **kwargs)
                try:
                    probe.begin(result, *args, **kwargs)
                except Exception as error:  # noqa: BLE001
                    failed(error, target)
                return result

            return watched

        return _install(target, make, probe, optional)

    return hook


def instead(target: str, action: Action) -> Hook:
    """Answers a call of `target` with what the action returns; where that is None, the call is made as ever.

    An action that is None (its setting is off) installs nothing.
    """

    def hook(telemetry: Telemetry) -> Undo:
        failed, act = telemetry.guard.failed, action(telemetry)
        if act is None:
            return lambda: None
        probe = Probe(act, _ended, failed)

        def make(function: Callable[..., Any]) -> Callable[..., Any]:
            @wraps(function)
            def watched(*args: Any, **kwargs: Any) -> Any:
                try:
                    answer = probe.begin(*args, **kwargs)
                except Exception as error:  # noqa: BLE001
                    failed(error, target)
                    answer = None
                return function(*args, **kwargs) if answer is None else answer

            return watched

        return _install(target, make, probe, optional=False)

    return hook


def carry(target: str, position: int) -> Hook:
    """Lets the function that is argument number `position` of `target` run in the context of the caller."""

    def hook(telemetry: Telemetry) -> Undo:
        probe = Probe(_in_context, _ended, telemetry.guard.failed)

        def make(function: Callable[..., Any]) -> Callable[..., Any]:
            @wraps(function)
            def watched(*args: Any, **kwargs: Any) -> Any:
                carried = probe.begin(args[position]) if len(args) > position else None
                if carried is None:
                    return function(*args, **kwargs)
                return function(*args[:position], carried, *args[position + 1 :], **kwargs)

            return watched

        return _install(target, make, probe, optional=False)

    return hook


def _in_context(function: Callable[..., Any]) -> Callable[..., Any]:
    context = get_current()

    def run(*args: Any, **kwargs: Any) -> Any:
        token = attach(context)
        try:
            return function(*args, **kwargs)
        finally:
            detach(token)

    return run


def listen(signal: str, action: Action, *, optional: bool = False) -> Hook:
    """Connects an action to a signal of the library ("module:signal", blinker's interface).

    `optional`: where the library was installed without signals (connect raises RuntimeError), go on without.
    """

    def hook(telemetry: Telemetry) -> Undo:
        failed, act = telemetry.guard.failed, action(telemetry) or _ended

        def receiver(*args: Any, **kwargs: Any) -> None:
            try:
                act(*args, **kwargs)
            except Exception as error:  # noqa: BLE001
                failed(error, signal)

        def connect(owner: Any, name: str) -> Undo:
            sender = getattr(owner, name)
            try:
                sender.connect(receiver, weak=False)
            except RuntimeError:
                if optional:
                    return lambda: None
                raise
            return lambda: sender.disconnect(receiver)

        return _resolve(signal, connect)

    return hook


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
        subclass = _subclasses(derived, telemetry)
        probe = Probe(subclass, _ended, telemetry.guard.failed)

        def make(function: Callable[..., Any]) -> Callable[..., Any]:
            return _with_factory(function, keyword, probe)

        return _install(target, make, probe, optional=False)

    return hook


def _subclasses(derived: Derived, telemetry: Telemetry) -> Callable[[Any], Any]:
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
            begin, end = compile_operation(what, telemetry)
            members[name] = shell_for(function)(Probe(begin, end, telemetry.guard.failed), function)
        else:
            keyword, inner = what
            members[name] = _with_factory(
                function, keyword, Probe(_subclasses(inner, telemetry), _ended, telemetry.guard.failed)
            )
    return type(base.__name__, (base,), members)


def _with_factory(function: Callable[..., Any], keyword: str, probe: Probe) -> Callable[..., Any]:
    @wraps(function)
    def watched(*args: Any, **kwargs: Any) -> Any:
        try:
            chosen = probe.begin(kwargs.get(keyword))
        except Exception as error:  # noqa: BLE001
            probe.failed(error, function.__name__)
            chosen = None
        if chosen is None or _positional(args, keyword):
            return function(*args, **kwargs)
        return function(*args, **{**kwargs, keyword: chosen})

    return watched


def _positional(args: tuple[Any, ...], keyword: str) -> bool:
    # A class among the positional arguments is a factory given by position: it is the application's choice.
    return any(isinstance(arg, type) for arg in args)


def _ended(*args: Any) -> None:
    return None


def _is_coroutine(function: Callable[..., Any]) -> bool:
    return bool(getattr(getattr(function, "__code__", None), "co_flags", 0) & COROUTINE)


def _before(act: Callable[..., None], function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    def watched(*args: Any, **kwargs: Any) -> Any:
        act(*args, **kwargs)
        return function(*args, **kwargs)

    return watched


def _before_coroutine(act: Callable[..., None], function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    async def watched(*args: Any, **kwargs: Any) -> Any:
        act(*args, **kwargs)
        return await function(*args, **kwargs)

    return watched


# --- finding the place ------------------------------------------------------------------------------------------


def _install(target: str, make: Callable[..., Any], probe: Probe, optional: bool) -> Undo:
    def replace(owner: Any, name: str) -> Undo:
        return _replace(owner, name, make, probe)

    return _resolve(target, replace, optional, probe)


def _resolve(
    target: str, install: Callable[[Any, str], Undo], optional: bool = False, probe: Probe | None = None
) -> Undo:
    """Installs now when the module is there, otherwise when it comes; the undo covers both."""
    module_name, _, path = target.partition(":")
    *outer, name = path.split(".")
    undos: list[Undo] = []

    def now(module: Any) -> None:
        owner = module
        try:
            for part in outer:
                owner = getattr(owner, part)
            getattr(owner, name)
        except AttributeError:
            if optional:
                return
            raise AttributeError(f"{module_name} has no {path}") from None
        undos.append(install(owner, name))

    def later(module: Any) -> None:
        try:
            now(module)
        except Exception as error:  # noqa: BLE001
            if probe is not None:
                probe.failed(error, target)

    module = sys.modules.get(module_name)
    if module is not None and not is_half_imported(module_name):
        now(module)
    else:
        undos.append(when_imported(module_name, later))

    def undo() -> None:
        while undos:
            undos.pop()()

    return undo


def _replace(owner: Any, name: str, make: Callable[..., Any], probe: Probe) -> Undo:
    raw = vars(owner).get(name, _MISSING)
    if isinstance(raw, (staticmethod, classmethod)):
        ours: Any = type(raw)(make(raw.__func__))
    else:
        ours = make(getattr(owner, name))
    setattr(owner, name, ours)

    def undo() -> None:
        if vars(owner).get(name) is not ours:
            probe.silence()  # somebody patched over us: their wrapper stays, ours beneath it goes quiet
        elif raw is _MISSING:
            delattr(owner, name)
        else:
            setattr(owner, name, raw)

    return undo
