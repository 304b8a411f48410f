"""A hook for a call in two parts: it begins in one function of the library and ends in another."""

from __future__ import annotations

from functools import partial, wraps
from typing import Any, NamedTuple

from clew.hooks import Hook
from clew.operation import Operation
from clew.places import Function, Undo, all_or_none, replace
from clew.probe import Probe
from clew.recorder import compile_operation
from clew.shells import is_coroutine
from clew.telemetry import Telemetry

#: The attribute under which a connection remembers the call that it is in, and who ends it.
REMEMBERED = "_clew_call"


class Abandoned(Exception):
    """The `error.type` of a call whose connection was given up before an answer had come; it is never raised."""

    __module__ = "clew"


class Parts(NamedTuple):
    """Where a call begins, where its answer has come, and where a connection is given up, answer or not.

    The connection is the last positional argument of the latter two. Of the first it is the result; when that is None,
    the first argument.
    """

    begins: str
    answers: str
    gives_up: str


def patch_parts(parts: Parts, operation: Operation) -> Hook:
    """Records the calls that go from one function to another as one `operation`; nothing is attached in between."""

    def hook(telemetry: Telemetry) -> Undo:
        probe = compile_operation(operation, telemetry)
        return all_or_none(
            partial(replace, target, partial(shell, probe), probe.silence, probe.failed)
            for target, shell in zip(parts, (_begins, _answers, _gives_up), strict=True)
        )

    return hook


def _keep(connection: Any, probe: Probe, running: Any) -> None:
    try:
        _abandon(connection)
        vars(connection)[REMEMBERED] = probe, running
    except Exception as error:  # noqa: BLE001
        probe.failed(error, "first part")
        probe.end(running, None, error)


def _take(args: tuple[Any, ...]) -> Any:
    return getattr(args[-1], "__dict__", {}).pop(REMEMBERED, None) if args else None


def _abandon(connection: Any) -> None:
    kept = _take((connection,))
    if kept is not None:
        probe, running = kept
        probe.end(running, None, Abandoned("the connection was given up before an answer had come"))


def _begins(probe: Probe, function: Function) -> Function:
    @wraps(function)
    def plain(*args: Any, **kwargs: Any) -> Any:
        running = probe.begin(args, kwargs)
        if running is None:
            return function(*args, **kwargs)
        try:
            result = function(*args, **kwargs)
        except BaseException as error:
            probe.end(running, None, error)
            raise
        _keep(args[0] if result is None else result, probe, running)
        return result

    @wraps(function)
    async def coroutine(*args: Any, **kwargs: Any) -> Any:
        running = probe.begin(args, kwargs)
        if running is None:
            return await function(*args, **kwargs)
        try:
            result = await function(*args, **kwargs)
        except BaseException as error:
            probe.end(running, None, error)
            raise
        _keep(args[0] if result is None else result, probe, running)
        return result

    return coroutine if is_coroutine(function) else plain


def _answers(probe: Probe, function: Function) -> Function:
    @wraps(function)
    def plain(*args: Any, **kwargs: Any) -> Any:
        kept = _take(args)
        if kept is None:
            return function(*args, **kwargs)
        try:
            result = function(*args, **kwargs)
        except BaseException as error:
            probe.end(kept[1], None, error)
            raise
        probe.end(kept[1], result, None)
        return result

    @wraps(function)
    async def coroutine(*args: Any, **kwargs: Any) -> Any:
        kept = _take(args)
        if kept is None:
            return await function(*args, **kwargs)
        try:
            result = await function(*args, **kwargs)
        except BaseException as error:
            probe.end(kept[1], None, error)
            raise
        probe.end(kept[1], result, None)
        return result

    return coroutine if is_coroutine(function) else plain


def _gives_up(probe: Probe, function: Function) -> Function:
    @wraps(function)
    def watched(*args: Any, **kwargs: Any) -> Any:
        if args:
            _abandon(args[-1])
        return function(*args, **kwargs)

    return watched
