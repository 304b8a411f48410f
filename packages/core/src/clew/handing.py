"""Hooks for work that a library is given now and does later, in a task of its own."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, wraps
from typing import Any

from clew.hooks import Hook, Undo
from clew.operation import Operation
from clew.places import Function, Switch, replace
from clew.probe import Probe
from clew.recorder import compile_operation
from clew.shells import call, coroutine, is_coroutine
from clew.telemetry import Telemetry


def handed(target: str, position: int, operation: Operation) -> Hook:
    """Records the call of the function that is argument number `position` of `target`, whenever it is made.

    The reader gets that function, and then its arguments.
    """

    def hook(telemetry: Telemetry) -> Undo:
        probe, switch = compile_operation(operation, telemetry), Switch()
        plain, awaited = call(probe, _call), coroutine(probe, _await)

        def make(function: Function) -> Function:
            @wraps(function)
            def watched(*args: Any, **kwargs: Any) -> Any:
                if switch.on and len(args) > position and callable(args[position]):
                    given = args[position]
                    follow = partial(awaited if is_coroutine(given) else plain, given)
                    args = *args[:position], follow, *args[position + 1 :]
                return function(*args, **kwargs)

            return watched

        return replace(target, make, switch.off, probe.failed)

    return hook


def _call(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    return function(*args, **kwargs)


async def _await(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    return await function(*args, **kwargs)


def promised(probe: Probe, function: Function) -> Function:
    """The shell for a plain function that returns a coroutine: it begins when that does, and where that runs."""

    @wraps(function)
    def watched(*args: Any, **kwargs: Any) -> Any:
        return _follow(probe, function(*args, **kwargs), args, kwargs)

    return watched


async def _follow(probe: Probe, promise: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    async def kept(*args: Any, **kwargs: Any) -> Any:
        return await promise

    return await coroutine(probe, kept)(*args, **kwargs)
