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


class Sending:
    """How many requests the call has sent; `owner` is the client that was called."""

    __slots__ = ("owner", "requests")

    def __init__(self, owner: Any) -> None:
        self.owner, self.requests = owner, 0


def count() -> int:
    """Which request of the call in hand this is: 0 for the first."""
    sending: Any = get_current().get(SENDING)
    if sending is None:
        return 0
    number: int = sending.requests
    sending.requests = number + 1
    return number


def shell(probe: Probe, function: Callable[..., Any]) -> Callable[..., Any]:
    """For a method of a client, plain or coroutine. It is recorded only when it fails before it has sent anything."""
    return (_coroutine if is_coroutine(function) else _plain)(probe, function)


def _plain(probe: Probe, function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    def watched(*args: Any, **kwargs: Any) -> Any:
        context = get_current()
        if probe.silent or _goes_on(context, args):
            return function(*args, **kwargs)
        sending = Sending(args[0])
        token = attach(Context({**context, SENDING: sending}))
        try:
            result = function(*args, **kwargs)
        except BaseException as error:
            detach(token)
            if not sending.requests:
                _unsent(probe, (args, kwargs), error)
            raise
        detach(token)
        return result

    return watched


def _coroutine(probe: Probe, function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    async def watched(*args: Any, **kwargs: Any) -> Any:
        context = get_current()
        if probe.silent or _goes_on(context, args):
            return await function(*args, **kwargs)
        sending = Sending(args[0])
        token = attach(Context({**context, SENDING: sending}))
        try:
            result = await function(*args, **kwargs)
        except BaseException as error:
            detach(token)
            if not sending.requests:
                _unsent(probe, (args, kwargs), error)
            raise
        detach(token)
        return result

    return watched


def _goes_on(context: Context, args: tuple[Any, ...]) -> bool:
    """Whether this is a step of a call in hand; another client of the same kind (for a token, say) is not."""
    sending: Any = context.get(SENDING)
    if sending is None:
        return False
    return sending.owner is args[0] or type(sending.owner) is not type(args[0])


def _unsent(probe: Probe, arguments: tuple[tuple[Any, ...], dict[str, Any]], error: BaseException) -> None:
    running = probe.begin(*arguments)
    if running is not None:
        probe.end(running, None, error)
