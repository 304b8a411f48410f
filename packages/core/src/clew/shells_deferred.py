"""How begin and end surround a function that returns a future: it is over when the future has a result."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from clew.probe import Probe
from clew.propagation import attach, reset


def deferred(probe: Probe, function: Callable[..., Any]) -> Callable[..., Any]:
    """For a future with `add_callbacks(callback, errback)`, which are called on any thread, and perhaps again."""

    @wraps(function)
    def watched(*args: Any, **kwargs: Any) -> Any:
        running = probe.begin(args, kwargs)
        if running is None:
            return function(*args, **kwargs)
        token = attach(running.inside)
        try:
            future = function(*args, **kwargs)
        except BaseException as error:
            reset(token)
            probe.end(running, None, error)
            raise
        reset(token)
        _end_with(future, probe, running)
        return future

    return watched


def _end_with(future: Any, probe: Probe, running: Any) -> None:
    open_ones = [running]

    def end(result: Any, error: BaseException | None = None) -> None:
        while open_ones:  # a future of many pages has many results
            probe.end(open_ones.pop(), result, error)

    try:
        future.add_callbacks(end, lambda error: end(None, error))
    except Exception as error:  # noqa: BLE001
        probe.failed(error, "future")
        end(None)
