"""The shells keep what a function is and does, and end every call exactly once."""

import asyncio
import gc
import inspect
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest
from opentelemetry.context import Context

from clew.propagation import attach, context_api, detach
from clew.shells import Probe, shell_for


class Log:
    """A probe that writes down what happens; within a call the context holds `inside`."""

    def __init__(self) -> None:
        self.ended: list[Any] = []
        self.probe = Probe(self.begin, self.end, lambda error, place: None)

    def begin(self, *args: Any, **kwargs: Any) -> Any:
        return SimpleNamespace(inside=Context({"inside": True}))

    def end(self, call: Any, result: Any, error: BaseException | None) -> None:
        self.ended.append(error if error is not None else result)

    def around(self, function: Any) -> Any:
        return shell_for(function)(self.probe, function)


def inside() -> bool:
    return bool(context_api.get_value("inside"))


def test_a_plain_function() -> None:
    log = Log()
    double = log.around(lambda number: (number * 2, inside()))
    assert double(3) == (6, True)
    assert log.ended == [(6, True)]
    assert not inside()


def test_an_exception_passes_as_it_is() -> None:
    log = Log()
    error = KeyError("x")

    def fail() -> None:
        raise error

    with pytest.raises(KeyError) as raised:
        log.around(fail)()
    assert raised.value is error
    assert log.ended == [error]
    assert not inside()


def test_a_coroutine_function_stays_one_and_is_cancelled_as_ever() -> None:
    log = Log()

    async def sleep() -> None:
        assert inside()
        await asyncio.sleep(60)

    watched = log.around(sleep)
    assert inspect.iscoroutinefunction(watched)

    async def main() -> None:
        task = asyncio.ensure_future(watched())
        await asyncio.sleep(0)
        task.cancel()
        await task

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(main())
    assert [type(error) for error in log.ended] == [asyncio.CancelledError]


def numbers() -> Iterator[Any]:
    received = []
    for number in range(3):
        assert inside()
        try:
            received.append((yield number))
        except KeyError:
            received.append("thrown")
    return received


def test_a_generator_runs_inside_and_its_consumer_outside() -> None:
    log = Log()
    items = log.around(numbers)()
    assert inspect.isgenerator(items)
    assert next(items) == 0
    assert not inside()
    assert items.send("sent") == 1
    assert items.throw(KeyError()) == 2
    with pytest.raises(StopIteration) as stopped:
        next(items)
    assert stopped.value.value == ["sent", "thrown", None]
    assert log.ended == [["sent", "thrown", None]]


def test_an_abandoned_generator_ends_once() -> None:
    log = Log()
    items = log.around(numbers)()
    next(items)
    items.close()
    del items
    assert log.ended == [None]


def test_a_loop_that_breaks_off_leaves_nothing_behind() -> None:
    log = Log()
    before = context_api.get_current()
    for _ in log.around(numbers)():
        break
    gc.collect()
    assert log.ended == [None]
    assert context_api.get_current() is before


def test_a_generator_that_others_go_on_with_leaves_nothing_with_them() -> None:
    """Servers hand an answer's body to whichever thread is free."""
    log = Log()
    items = log.around(numbers)()

    def step() -> bool:
        next(items)
        return inside()

    with ThreadPoolExecutor(2) as pool:
        assert [pool.submit(step).result() for _ in range(3)] == [False, False, False]
    items.close()
    assert log.ended == [None]


async def slow_numbers() -> AsyncIterator[int]:
    for number in range(3):
        assert inside()
        await asyncio.sleep(0)
        yield number


def test_an_async_generator_may_be_closed_by_another_task(caplog: Any) -> None:
    log = Log()
    watched = log.around(slow_numbers)

    async def main() -> None:
        assert [number async for number in watched()] == [0, 1, 2]
        items = watched()
        token = attach(Context({"outside": True}))
        assert await items.__anext__() == 0
        assert not inside()
        await asyncio.ensure_future(items.aclose())
        assert context_api.get_value("outside")
        detach(token)

    asyncio.run(main())
    assert log.ended == [None, None]
    assert caplog.records == []


def test_an_async_loop_that_breaks_off_leaves_nothing_behind(caplog: Any) -> None:
    log = Log()

    async def main() -> None:
        before = context_api.get_current()
        async for _ in log.around(slow_numbers)():
            break
        gc.collect()  # the event loop closes it, in a task of its own
        await asyncio.sleep(0)
        assert context_api.get_current() is before

    asyncio.run(main())
    assert log.ended == [None]
    assert caplog.records == []


def test_an_async_generator_that_is_cancelled_says_so_and_is_over(caplog: Any) -> None:
    log = Log()

    async def forever() -> AsyncIterator[int]:
        yield 0
        await asyncio.get_running_loop().create_future()

    async def consume() -> None:
        before = context_api.get_current()
        try:
            async for _ in log.around(forever)():
                pass
        finally:
            assert context_api.get_current() is before

    async def main() -> None:
        task = asyncio.ensure_future(consume())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert [type(error) for error in log.ended] == [asyncio.CancelledError]
    assert caplog.records == []


def test_what_is_not_recorded_is_called_untouched() -> None:
    log = Log()
    log.probe.silence()
    assert log.around(lambda: 1)() == 1
    assert list(log.around(lambda: iter(()))()) == []
    assert asyncio.run(collect(log.around(slow_free)())) == [0]
    assert log.ended == []


async def slow_free() -> AsyncIterator[int]:
    yield 0


async def collect(items: Any) -> list[Any]:
    return [item async for item in items]
