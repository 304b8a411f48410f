"""How begin and end surround a function that returns a context manager: from its enter to its exit."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from clew.probe import Probe
from clew.propagation import attach, detach


def context_manager(probe: Probe, function: Callable[..., Any]) -> Callable[..., Any]:
    """For a function whose result is a context manager, with or without coroutines."""

    @wraps(function)
    def watched(*args: Any, **kwargs: Any) -> Any:
        manager = function(*args, **kwargs)
        return (_AsyncWatched if hasattr(manager, "__aenter__") else _Watched)(probe, manager, args, kwargs)

    return watched


class _Watched:
    """Nothing is attached while the block runs: what happens there is beside the call, not inside."""

    def __init__(self, probe: Probe, manager: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self._probe, self._manager, self._call = probe, manager, (args, kwargs)
        self._running: Any = None
        self._token: Any = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._manager, name)

    def __enter__(self) -> Any:
        self._begin()
        try:
            return self._manager.__enter__()
        except BaseException as error:
            self._end(error)
            raise
        finally:
            self._pause()

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> Any:
        try:
            swallowed = self._manager.__exit__(kind, error, trace)
        except BaseException as failure:
            self._end(failure)
            raise
        self._end(error)
        return swallowed

    def _begin(self) -> None:
        self._running = self._probe.begin(*self._call)
        self._token = None if self._running is None else attach(self._running.inside)

    def _pause(self) -> None:
        if self._token is not None:
            detach(self._token)

    def _end(self, error: BaseException | None) -> None:
        running, self._running = self._running, None
        if running is not None:
            self._probe.end(running, None, error)


class _AsyncWatched(_Watched):
    async def __aenter__(self) -> Any:
        self._begin()
        try:
            return await self._manager.__aenter__()
        except BaseException as error:
            self._end(error)
            raise
        finally:
            self._pause()

    async def __aexit__(self, kind: Any, error: BaseException | None, trace: Any) -> Any:
        try:
            swallowed = await self._manager.__aexit__(kind, error, trace)
        except BaseException as failure:
            self._end(failure)
            raise
        self._end(error)
        return swallowed
