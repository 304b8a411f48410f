"""What is submitted to a thread pool runs in the context of who submitted it, and a reused thread keeps nothing."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

import clew
from clew.testing.contracts.carrying import CarryingContract
from clew.testing.recording import enabled
from clew_threads import plugin


class TestSubmit(CarryingContract):
    plugin = plugin

    @pytest.fixture(autouse=True)
    def _pool(self) -> Iterator[None]:
        with ThreadPoolExecutor(1) as self.pool:
            yield

    def run(self, function: Any, *args: Any) -> Any:
        return self.pool.submit(function, *args).result()


class TestMap(TestSubmit):
    def run(self, function: Any, *args: Any) -> Any:
        return next(self.pool.map(lambda _: function(*args), [None]))


class TestEventLoop(TestSubmit):
    def run(self, function: Any, *args: Any) -> Any:
        async def main() -> Any:
            return await asyncio.get_running_loop().run_in_executor(self.pool, function, *args)

        return asyncio.run(main())


def test_a_wrong_call_is_refused_as_ever() -> None:
    with enabled(plugin), ThreadPoolExecutor(1) as pool:
        assert pool.submit(dict, a=1).result() == {"a": 1}
        with pytest.raises(TypeError):
            pool.submit()  # type: ignore[call-arg]
    assert clew.current_request_id() == ""
