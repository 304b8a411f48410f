"""How begin and end surround a function that returns a future: it is over when the future has a result."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from clew.probe import Probe
from clew.shells import call


def deferred(probe: Probe, function: Callable[..., Any]) -> Callable[..., Any]:
    """For a future with `add_callbacks(callback, errback)`, which are called on any thread, and perhaps again."""

    def begin(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        return probe.begin(args, kwargs)  # whichever it is then: it may have been silenced

    def end(running: Any, future: Any, error: BaseException | None) -> None:
        if error is None:
            _end_with(future, probe, running)
        else:
            probe.end(running, None, error)

    return call(Probe(begin, end, probe.failed), function)


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
