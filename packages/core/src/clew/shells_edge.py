"""The shell around a server's own coroutine function, which handles one request to its last byte."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from clew.probe import Probe
from clew.propagation import attach, detach


def edge(probe: Probe, function: Callable[..., Any]) -> Callable[..., Any]:
    """For a coroutine function from which an exception escapes only when there is nobody left to answer."""

    @wraps(function)
    async def watched(*args: Any, **kwargs: Any) -> Any:
        work = probe.begin(args, kwargs)
        if work is None:
            return await function(*args, **kwargs)
        token = attach(work.inside)
        try:
            result = await function(*args, **kwargs)
        except BaseException as error:
            detach(token)
            probe.end(work, work, None if isinstance(error, ConnectionError) else error)
            raise
        detach(token)
        probe.end(work, work, work.told())
        return result

    return watched
