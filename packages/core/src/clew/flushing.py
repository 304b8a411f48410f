"""A hook for the last thing that a server does: what is recorded is sent before somebody else ends the process."""

from __future__ import annotations

from functools import wraps
from typing import Any

from opentelemetry import trace

from clew.hooks import Hook
from clew.places import Function, Switch, Undo, replace
from clew.telemetry import Telemetry

MILLISECONDS = 2000  # as long as a child of multiprocessing may take, which nobody expects to linger either


def flush_after(target: str) -> Hook:
    """Sends what was recorded when the coroutine function `target` has ended; for at most two seconds.

    For servers whose process is then killed by a signal that nobody can handle any more.
    """

    def hook(telemetry: Telemetry) -> Undo:
        switch, failed = Switch(), telemetry.guard.failed

        def make(function: Function) -> Function:
            @wraps(function)
            async def watched(*args: Any, **kwargs: Any) -> Any:
                try:
                    return await function(*args, **kwargs)
                finally:
                    if switch.on:
                        try:
                            flush: Any = getattr(trace.get_tracer_provider(), "force_flush", None)
                            if flush is not None:
                                flush(MILLISECONDS)
                        except Exception as error:  # noqa: BLE001
                            failed(error, target)

            return watched

        return replace(target, make, switch.off, failed)

    return hook
