"""How begin and end surround a function, by the shape of the function: plain, coroutine, generator, async generator."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Generator
from functools import partial, wraps
from time import perf_counter_ns as clock
from typing import Any

from clew.operation import FAMILY
from clew.probe import Probe
from clew.propagation import SUPPRESS, attach, detach, get_current, reset

COROUTINE, ASYNC_GENERATOR, GENERATOR = 0x80, 0x200, 0x20  # flags of a code object (inspect's CO_ constants)


Shell = Callable[[Probe, Callable[..., Any]], Callable[..., Any]]


def shell_for(function: Callable[..., Any], brief: bool = False) -> Shell:
    """The shell that fits the function's shape; `brief` for a call in which nothing else happens that is watched."""
    flags = getattr(getattr(function, "__code__", None), "co_flags", 0)
    if flags & COROUTINE:
        return brief_coroutine if brief else coroutine
    if flags & ASYNC_GENERATOR:
        return async_iterator
    if flags & GENERATOR:
        return iterator
    return brief_call if brief else call


def is_coroutine(function: Callable[..., Any]) -> bool:
    return bool(getattr(getattr(function, "__code__", None), "co_flags", 0) & COROUTINE)


def call(probe: Probe, function: Callable[..., Any]) -> Callable[..., Any]:
    """For a plain function."""

    @wraps(function)
    def watched(*args: Any, **kwargs: Any) -> Any:
        running = probe.begin(args, kwargs)
        if running is None:
            return function(*args, **kwargs)
        token = attach(running.inside)
        try:
            result = function(*args, **kwargs)
        except BaseException as error:
            reset(token)
            probe.end(running, None, error)
            raise
        reset(token)
        probe.end(running, result, None)
        return result

    return watched


def brief_call(probe: Probe, function: Callable[..., Any]) -> Callable[..., Any]:
    """For a plain function in which nothing else happens: nothing is attached, and it is noted when it is over."""
    ordinary = call(probe, function)

    @wraps(function)
    def watched(*args: Any, **kwargs: Any) -> Any:
        brief, context = probe.brief, get_current()
        if brief is None or not brief.scribe.brief or context.get(FAMILY) is brief.family or context.get(SUPPRESS):
            return ordinary(*args, **kwargs)
        began = clock()
        try:
            result = function(*args, **kwargs)
        except BaseException as error:
            brief.note(context, began, (args, kwargs), None, error)
            raise
        brief.note(context, began, (args, kwargs), result, None)
        return result

    return watched


def coroutine(probe: Probe, function: Callable[..., Any]) -> Callable[..., Any]:
    """For a coroutine function."""

    @wraps(function)
    async def watched(*args: Any, **kwargs: Any) -> Any:
        running = probe.begin(args, kwargs)
        if running is None:
            return await function(*args, **kwargs)
        token = attach(running.inside)
        try:
            result = await function(*args, **kwargs)
        except BaseException as error:
            detach(token)
            probe.end(running, None, error)
            raise
        detach(token)
        probe.end(running, result, None)
        return result

    return watched


def brief_coroutine(probe: Probe, function: Callable[..., Any]) -> Callable[..., Any]:
    """For a coroutine function in which nothing else happens."""
    ordinary = coroutine(probe, function)

    @wraps(function)
    async def watched(*args: Any, **kwargs: Any) -> Any:
        brief, context = probe.brief, get_current()
        if brief is None or not brief.scribe.brief or context.get(FAMILY) is brief.family or context.get(SUPPRESS):
            return await ordinary(*args, **kwargs)
        began = clock()
        try:
            result = await function(*args, **kwargs)
        except BaseException as error:
            brief.note(context, began, (args, kwargs), None, error)
            raise
        brief.note(context, began, (args, kwargs), result, None)
        return result

    return watched


def iterator(probe: Probe, function: Callable[..., Any]) -> Callable[..., Any]:
    """For a generator function: the context is current while it runs, never while its consumer does."""

    @wraps(function)
    def watched(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        running = probe.begin(args, kwargs)
        if running is None:
            return (yield from function(*args, **kwargs))
        items = function(*args, **kwargs)
        step: Callable[[], Any] = items.__next__
        try:
            while True:
                token = attach(running.inside)
                try:
                    item = step()
                finally:
                    detach(token)
                step = yield from _hand_over(items, item)
        except StopIteration as end:
            probe.end(running, end.value, None)
            return end.value
        except GeneratorExit:
            items.close()
            probe.end(running, None, None)
            raise
        except BaseException as error:
            probe.end(running, None, error)
            raise

    return watched


def _hand_over(items: Any, item: Any) -> Generator[Any, Any, Callable[[], Any]]:
    """Yields one item and returns what the consumer wants next of the generator: next, send or throw."""
    try:
        sent = yield item
    except GeneratorExit:
        raise
    except BaseException as thrown:  # noqa: BLE001  (it is thrown into the generator, as the consumer asked)
        return partial(items.throw, thrown)
    return items.__next__ if sent is None else partial(items.send, sent)


def async_iterator(probe: Probe, function: Callable[..., Any]) -> Callable[..., Any]:
    """For an async generator function; one that another task closes leaves nothing behind there."""

    @wraps(function)
    async def watched(*args: Any, **kwargs: Any) -> AsyncIterator[Any]:
        running = probe.begin(args, kwargs)
        items = function(*args, **kwargs)
        step: Callable[[], Any] = items.__anext__
        failure: BaseException | None = None
        try:
            while True:
                token = attach(running.inside) if running is not None else None
                try:
                    item = await step()
                finally:
                    if token is not None:
                        detach(token)
                try:
                    sent = yield item
                    step = items.__anext__ if sent is None else partial(items.asend, sent)
                except GeneratorExit:
                    await items.aclose()
                    raise
                except BaseException as thrown:  # noqa: BLE001  (thrown into the generator, as the consumer asked)
                    step = partial(items.athrow, thrown)
        except (StopAsyncIteration, GeneratorExit) as end:
            if isinstance(end, GeneratorExit):
                raise
        except BaseException as error:
            failure = error
            raise
        finally:
            if running is not None:
                probe.end(running, None, failure)

    return watched
