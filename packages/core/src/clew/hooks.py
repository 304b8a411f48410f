"""Hooks: a hook is a function that installs something and returns its undo."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from types import FunctionType
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from clew.operation import Operation
from clew.places import Function, Switch, replace, resolve
from clew.places import Undo as Undo
from clew.probe import Probe
from clew.recorder import compile_operation
from clew.settings import Settings
from clew.shells import Shell as Shell
from clew.shells import is_coroutine, shell_for
from clew.telemetry import Telemetry

Hook = Callable[[Telemetry], Undo]


class Action(NamedTuple):
    """What a convention makes of a reader that is run beside a call, not around it."""

    #: Has the parameters of the watched function.
    read: Callable[..., Any]
    #: Gets what was read, unless that is None.
    tell: Callable[[Any], Any]
    #: Whether the settings ask for it at all.
    wanted: Callable[[Settings], bool] | None = None


def patch(target: str, operation: Operation, *, optional: bool = False) -> Hook:
    """Records each call of `target` ("module:Class.method") as one `operation`.

    The module is never imported for it: a target in a module that is not there yet is patched when it comes.
    Raises AttributeError at enable when the module has no such name and `optional` is false. What two targets both lead
    to is patched once, if they have the operation in common.
    """

    def hook(telemetry: Telemetry) -> Undo:
        probe = compile_operation(operation, telemetry)

        def make(function: Function) -> Function:
            if isinstance(function, FunctionType) and _watched.get(function) is operation:
                return function
            watched = surround(operation, telemetry, probe, function)
            if isinstance(watched, FunctionType):
                _watched[watched] = operation
            return watched

        return replace(target, make, probe.silence, probe.failed, optional)

    return hook


def surround(operation: Operation, telemetry: Telemetry, probe: Probe, function: Function) -> Function:
    """The function with the operation's shell around it."""
    shell = operation.shell or shell_for(function, brief=operation.innermost)
    return shell(probe, within(operation, telemetry, function))


def within(operation: Operation, telemetry: Telemetry, function: Function) -> Function:
    """The function with what is put around it inside the shell."""
    inside = None if operation.inside is None else operation.inside(telemetry)
    found = function if inside is None else inside(function)
    if telemetry.adapted is not None:
        found = telemetry.adapted.inside(operation, found)
    if telemetry.choice is not None:
        found = telemetry.choice.within(operation, function, found, lambda own: within(operation, own, function))
    return found


#: What each watched function is watched as. A mark on the function would be copied by whoever wraps it.
_watched: WeakKeyDictionary[FunctionType, Operation] = WeakKeyDictionary()


def enrich(target: str, action: Action, *, optional: bool = False) -> Hook:
    """Reads the arguments of `target` before each of its calls, and tells what they say."""
    read, tell, _ = action

    def hook(telemetry: Telemetry) -> Undo:
        failed, switch = telemetry.guard.failed, Switch()

        def act(args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
            try:
                found = read(*args, **kwargs)
                if found is not None:
                    tell(found)
            except Exception as error:  # noqa: BLE001
                failed(error, target)

        def make(function: Function) -> Function:
            return (_before_coroutine if is_coroutine(function) else _before)(act, switch, function)

        return replace(target, make, switch.off, failed, optional)

    return hook


def after(target: str, action: Action, *, optional: bool = False) -> Hook:
    """Reads the result, then the arguments, of `target` after each of its calls that did not raise."""
    read, tell, _ = action

    def hook(telemetry: Telemetry) -> Undo:
        failed, switch = telemetry.guard.failed, Switch()

        def act(result: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
            try:
                found = read(result, *args, **kwargs)
                if found is not None:
                    tell(found)
            except Exception as error:  # noqa: BLE001
                failed(error, target)

        def make(function: Function) -> Function:
            return (_after_coroutine if is_coroutine(function) else _after)(act, switch, function)

        return replace(target, make, switch.off, failed, optional)

    return hook


def instead(target: str, action: Action, *, optional: bool = False) -> Hook:
    """Answers a call of `target` with what the action tells; where there is nothing, the call is made as ever."""
    read, tell, wanted = action

    def hook(telemetry: Telemetry) -> Undo:
        failed, switch = telemetry.guard.failed, Switch()
        if wanted is not None and not wanted(telemetry.settings):
            return lambda: None

        def answer(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
            try:
                found = read(*args, **kwargs)
                return None if found is None else tell(found)
            except Exception as error:  # noqa: BLE001
                failed(error, target)
                return None

        def make(function: Function) -> Function:
            @wraps(function)
            def watched(*args: Any, **kwargs: Any) -> Any:
                found = answer(args, kwargs) if switch.on else None
                return function(*args, **kwargs) if found is None else found

            return watched

        return replace(target, make, switch.off, failed, optional)

    return hook


def listen(signal: str, action: Action, *, optional: bool = False) -> Hook:
    """Connects an action to a signal of the library ("module:signal", blinker's interface).

    `optional`: where the library was installed without signals (connect raises RuntimeError), go on without.
    """
    read, tell, _ = action

    def hook(telemetry: Telemetry) -> Undo:
        failed = telemetry.guard.failed

        def receiver(*args: Any, **kwargs: Any) -> None:
            try:
                found = read(*args, **kwargs)
                if found is not None:
                    tell(found)
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

        return resolve(signal, connect, failed)

    return hook


Act = Callable[[tuple[Any, ...], dict[str, Any]], None]


def _before(act: Act, switch: Switch, function: Function) -> Function:
    @wraps(function)
    def watched(*args: Any, **kwargs: Any) -> Any:
        if switch.on:
            act(args, kwargs)
        return function(*args, **kwargs)

    return watched


def _before_coroutine(act: Act, switch: Switch, function: Function) -> Function:
    @wraps(function)
    async def watched(*args: Any, **kwargs: Any) -> Any:
        if switch.on:
            act(args, kwargs)
        return await function(*args, **kwargs)

    return watched


def _after(act: Callable[..., None], switch: Switch, function: Function) -> Function:
    @wraps(function)
    def watched(*args: Any, **kwargs: Any) -> Any:
        result = function(*args, **kwargs)
        if switch.on:
            act(result, args, kwargs)
        return result

    return watched


def _after_coroutine(act: Callable[..., None], switch: Switch, function: Function) -> Function:
    @wraps(function)
    async def watched(*args: Any, **kwargs: Any) -> Any:
        result = await function(*args, **kwargs)
        if switch.on:
            act(result, args, kwargs)
        return result

    return watched
