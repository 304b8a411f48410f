"""One call of a library that may send several requests: redirects, retries, authorization. It counts them."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from opentelemetry.context import Context

from clew.probe import Probe
from clew.propagation import attach, detach, get_current
from clew.shells import is_coroutine

#: Context key of ours alone.
SENDING = "clew-sending"


#: The client that is called, and how many requests the call has sent so far.
Sending = list[Any]
_put: Callable[[Any, str, Any], None] = dict.__setitem__  # a Context refuses to be changed, but a new one is nobody's


def count() -> int:
    """Which request of the call in hand this is: 0 for the first."""
    sending: Any = get_current().get(SENDING)
    if sending is None:
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
        context = get_current()
        if SENDING in context and _goes_on(context, args):
            return function(*args, **kwargs)
        inside, sending = Context(context), [args[0] if args else None, 0]
        _put(inside, SENDING, sending)
        token = attach(inside)
        try:
            result = function(*args, **kwargs)
        except BaseException as error:
            detach(token)
            if not sending[1]:
                _unsent(probe, (args, kwargs), error)
            raise
        detach(token)
        return result

    return watched


def _coroutine(probe: Probe, function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    async def watched(*args: Any, **kwargs: Any) -> Any:
        context = get_current()
        if SENDING in context and _goes_on(context, args):
            return await function(*args, **kwargs)
        inside, sending = Context(context), [args[0] if args else None, 0]
        _put(inside, SENDING, sending)
        token = attach(inside)
        try:
            result = await function(*args, **kwargs)
        except BaseException as error:
            detach(token)
            if not sending[1]:
                _unsent(probe, (args, kwargs), error)
            raise
        detach(token)
        return result

    return watched


def _goes_on(context: Context, args: tuple[Any, ...]) -> bool:
    """Whether this is a step of a call in hand; another client of the same kind (for a token, say) is not."""
    sending: Any = context[SENDING]
    return not args or sending[0] is args[0] or type(sending[0]) is not type(args[0])


def _unsent(probe: Probe, arguments: tuple[tuple[Any, ...], dict[str, Any]], error: BaseException) -> None:
    running = probe.begin(*arguments)
    if running is not None:
        probe.end(running, None, error)
