"""One call of a library that may send several requests: redirects, retries, authorization. It counts them."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar, Token
from functools import wraps
from typing import Any

from clew.probe import Probe
from clew.shells import is_coroutine

#: The client that is called, and how many requests the call has sent so far; OVER when it has ended: a task that was
#: begun inside has it still.
Sending = list[Any]
OVER = -1
#: Not in OpenTelemetry's context, which would have to be copied for it at each call.
_sending: ContextVar[Sending | None] = ContextVar("clew-sending", default=None)


def count() -> int:
    """Which request of the call in hand this is: 0 for the first."""
    sending = _sending.get()
    if sending is None or sending[1] == OVER:
        return 0
    number: int = sending[1]
    sending[1] = number + 1
    return number


def shell(probe: Probe, function: Callable[..., Any]) -> Callable[..., Any]:
    """For a method of a client, plain or coroutine. It is recorded only when it fails before it has sent anything."""
    return (_coroutine if is_coroutine(function) else _plain)(probe, function)


def _plain(probe: Probe, function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    def watched(*args: Any, **kwargs: Any) -> Any:
        if _goes_on(args):
            return function(*args, **kwargs)
        sending = [args[0] if args else None, 0]
        token = _sending.set(sending)
        try:
            result = function(*args, **kwargs)
        except BaseException as error:
            if not _leave(token, sending):
                _unsent(probe, (args, kwargs), error)
            raise
        _leave(token, sending)
        return result

    return watched


def _coroutine(probe: Probe, function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    async def watched(*args: Any, **kwargs: Any) -> Any:
        if _goes_on(args):
            return await function(*args, **kwargs)
        sending = [args[0] if args else None, 0]
        token = _sending.set(sending)
        try:
            result = await function(*args, **kwargs)
        except BaseException as error:
            if not _leave(token, sending):
                _unsent(probe, (args, kwargs), error)
            raise
        _leave(token, sending)
        return result

    return watched


def _goes_on(args: tuple[Any, ...]) -> bool:
    """Whether this is a step of a call in hand; another client of the same kind (for a token, say) is not."""
    sending = _sending.get()
    if sending is None or sending[1] == OVER:
        return False
    return not args or sending[0] is args[0] or type(sending[0]) is not type(args[0])


def _leave(token: Token[Sending | None], sending: Sending) -> int:
    """How many requests it has sent."""
    number: int = sending[1]
    sending[1] = OVER
    try:
        _sending.reset(token)
    except ValueError:  # a coroutine that was moved to another context: there is nothing to restore here
        pass
    return number


def _unsent(probe: Probe, arguments: tuple[tuple[Any, ...], dict[str, Any]], error: BaseException) -> None:
    running = probe.begin(*arguments)
    if running is not None:
        probe.end(running, None, error)
