"""What every plugin for a database driver with coroutines must show."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, contextmanager
from typing import Any, TypeVar

import pytest

from clew.testing.contracts.db_client import DbClientContract
from clew.testing.recording import Recording, enabled

T = TypeVar("T")


class AsyncDbClientContract(DbClientContract):
    """Subclass it as TestX, set `plugin` and `where`, and define `open`, `execute`, `execute_many`.

    The driver lives on an event loop in a thread of its own; what the contract asks of it runs there, in the context of
    who asks.
    """

    #: A statement that takes a minute.
    long_statement: str | None = None

    def open(self) -> AbstractAsyncContextManager[Any]:
        """A connection of the library, closed at the end; every statement takes effect at once."""
        raise NotImplementedError

    async def execute(self, connection: Any, sql: str, *parameters: Any) -> list[Any]:
        raise NotImplementedError

    async def execute_many(self, connection: Any, sql: str, parameters: list[tuple[Any, ...]]) -> None:
        raise NotImplementedError

    def async_ways(self, connection: Any) -> Mapping[str, Callable[[str], Awaitable[Any]]]:
        """Every other way of the library to run a statement."""
        return {}

    @pytest.fixture(autouse=True)
    def _loop(self) -> Iterator[None]:
        self.loop = asyncio.new_event_loop()
        thread = threading.Thread(target=self.loop.run_forever)
        thread.start()
        try:
            yield
        finally:
            self.loop.call_soon_threadsafe(self.loop.stop)
            thread.join()
            self.loop.close()

    def wait(self, work: Awaitable[T]) -> T:
        async def run() -> T:
            return await work

        coroutine: Coroutine[Any, Any, T] = run()
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result()

    @contextmanager
    def connect(self) -> Iterator[Any]:
        opened = self.open()
        connection = self.wait(opened.__aenter__())
        try:
            yield connection
        finally:
            self.wait(opened.__aexit__(None, None, None))

    def run(self, connection: Any, sql: str, *parameters: Any) -> list[Any]:
        return self.wait(self.execute(connection, sql, *parameters))

    def run_many(self, connection: Any, sql: str, parameters: list[tuple[Any, ...]]) -> None:
        self.wait(self.execute_many(connection, sql, parameters))

    def ways(self, connection: Any) -> Mapping[str, Callable[[str], Any]]:
        def blocking(way: Callable[[str], Awaitable[Any]]) -> Callable[[str], Any]:
            return lambda sql: self.wait(way(sql))

        return {name: blocking(way) for name, way in self.async_ways(connection).items()}

    def test_tasks_on_one_loop_do_not_mix(self, record: Recording, connection: Any) -> None:
        async def work(number: int) -> None:
            async with self.open() as own:
                await self.execute(own, f"SELECT {number} AS column_{number}")

        async def all_of_them() -> None:
            await asyncio.gather(*(work(number) for number in range(8)))

        self.wait(all_of_them())
        texts = sorted(str((span.attributes or {})["db.query.text"]) for span in record.spans())
        assert [text for text in texts if "column_" in text] == [f"SELECT ? AS column_{n}" for n in range(8)]

    def test_a_cancelled_statement_is_cancelled_and_ends_its_span(self) -> None:
        if self.long_statement is None:
            pytest.skip("this database has no statement that only waits")
        statement = self.long_statement

        async def main() -> None:
            async with self.open() as connection:
                task = asyncio.ensure_future(self.execute(connection, statement))
                await asyncio.wait([task], timeout=0.3)
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task

        with enabled(self.plugin) as record:
            self.wait(main())
        assert [span.name for span in record.spans()] == ["SELECT"]
        assert (record.span().attributes or {})["error.type"] == "asyncio.exceptions.CancelledError"
