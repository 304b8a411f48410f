"""What is submitted to a thread pool runs in the context of who submitted it, and a reused thread keeps nothing."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest

import clew
from clew.propagation import REQUEST_ID, attach, context_api, detach
from clew.testing.recording import enabled
from clew_threads import plugin


def within(request_id: str, function: object) -> object:
    token = attach(context_api.set_value(REQUEST_ID, request_id))
    try:
        return function()  # type: ignore[operator]
    finally:
        detach(token)


def test_submit_and_map_keep_the_request_and_a_reused_thread_keeps_nothing() -> None:
    with enabled(plugin), ThreadPoolExecutor(1) as pool:
        first = within("order-1", lambda: pool.submit(clew.current_request_id))
        second = within("order-2", lambda: list(pool.map(lambda _: clew.current_request_id(), range(3))))
        third = pool.submit(clew.current_request_id)
        assert (first.result(), second, third.result()) == ("order-1", ["order-2"] * 3, "")  # type: ignore[attr-defined]


def test_an_executor_of_an_event_loop_keeps_the_request() -> None:
    async def main() -> str:
        return await asyncio.get_running_loop().run_in_executor(None, clew.current_request_id)

    with enabled(plugin):
        assert within("order-1", lambda: asyncio.run(main())) == "order-1"


def test_results_and_exceptions_are_those_of_the_function() -> None:
    with enabled(plugin), ThreadPoolExecutor(1) as pool:
        assert pool.submit(divmod, 7, 2).result() == (3, 1)
        assert pool.submit(dict, a=1).result() == {"a": 1}
        with pytest.raises(ZeroDivisionError):
            pool.submit(lambda: 1 / 0).result()
        with pytest.raises(TypeError):
            pool.submit()  # type: ignore[call-arg]
