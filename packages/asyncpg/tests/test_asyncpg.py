"""clew-asyncpg passes the contract of a database driver with coroutines against a real PostgreSQL."""

import asyncio
import gc
import io
import weakref
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import pytest

from clew.conventions.db_pool import Pool
from clew.testing.contracts.db_client_async import AsyncDbClientContract
from clew.testing.recording import Recording, assert_pool
from clew_asyncpg import plugin


class TestAsyncpg(AsyncDbClientContract):
    plugin = plugin
    own_text = "SELECT query FROM pg_stat_activity WHERE pid = pg_backend_pid()"
    sends_text = False
    code_of_missing_table = "42P01"
    long_statement = "SELECT pg_sleep(60)"

    @pytest.fixture(autouse=True)
    def _server(self, postgres: str) -> None:
        self.url = postgres
        url = urlsplit(postgres)
        self.where = {
            "db.system.name": "postgresql",
            "db.namespace": url.path.strip("/"),
            "server.address": url.hostname,
            "server.port": url.port,
        }

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Any]:
        connection = await asyncpg.connect(self.url)
        try:
            yield connection
        finally:
            await connection.close()

    async def execute(self, connection: Any, sql: str, *parameters: Any) -> list[Any]:
        return [tuple(row) for row in await connection.fetch(numbered(sql), *parameters)]

    async def execute_many(self, connection: Any, sql: str, parameters: list[tuple[Any, ...]]) -> None:
        await connection.executemany(numbered(sql), parameters)

    def async_ways(self, connection: Any) -> dict[str, Any]:
        return {
            "execute": connection.execute,
            "fetchrow": connection.fetchrow,
            "fetchval": connection.fetchval,
            "a prepared statement": lambda sql: self.prepared(connection, sql, "fetch"),
            "one row of a prepared statement": lambda sql: self.prepared(connection, sql, "fetchrow"),
            "one value of a prepared statement": lambda sql: self.prepared(connection, sql, "fetchval"),
            "a cursor that is iterated": lambda sql: self.iterate(connection, sql),
            "a cursor that is awaited": lambda sql: self.awaited(connection, sql),
            "a pool": lambda sql: self.in_a_pool(sql, acquire=False),
            "a connection of a pool": lambda sql: self.in_a_pool(sql, acquire=True),
        }

    async def prepared(self, connection: Any, sql: str, method: str) -> None:
        statement = await connection.prepare(sql)
        await getattr(statement, method)()

    async def iterate(self, connection: Any, sql: str) -> None:
        async with connection.transaction():
            assert [row async for row in connection.cursor(sql)] == []

    async def awaited(self, connection: Any, sql: str) -> None:
        async with connection.transaction():
            assert await (await connection.cursor(sql)).fetch(10) == []

    async def in_a_pool(self, sql: str, acquire: bool) -> None:
        async with asyncpg.create_pool(self.url, min_size=1) as pool:
            if acquire:
                async with pool.acquire() as connection:
                    await connection.fetch(sql)
            else:
                await pool.fetch(sql)

    @pytest.mark.skipif(
        not hasattr(asyncpg.pool.PoolConnectionHolder, "__weakref__"), reason="its pools cannot be held weakly"
    )
    def test_a_pool_says_how_full_it_is_and_nothing_holds_on_to_it(self, record: Recording) -> None:
        async def main() -> weakref.ref[Any]:
            async with asyncpg.create_pool(self.url, min_size=2, max_size=3) as pool, pool.acquire():
                assert_pool(record, Pool(self.pool_name(), 1, 1, 3), waits=1)
                assert [value for _, value in record.levels("db.client.connection.pending_requests")] == [0]
            assert record.levels("db.client.connection.count") == []
            return weakref.ref(pool._holders[0])

        pool = asyncio.run(main())
        gc.collect()
        assert pool() is None

    def pool_name(self) -> str:
        return "{server.address}:{server.port}/{db.namespace}".replace("{", "{0[").replace("}", "]}").format(self.where)

    def transact(self, connection: Any) -> None:
        super().transact(connection)

        async def block() -> None:
            async with connection.transaction(), connection.transaction():
                pass

        self.wait(block())

    def test_a_cursor_over_many_rows_is_one_span(self, record: Recording, connection: Any) -> None:
        async def read() -> int:
            async with connection.transaction():
                rows = connection.cursor("SELECT generate_series(1, 1000) AS number", prefetch=50)
                return len([row async for row in rows])

        assert self.wait(read()) == 1000
        assert [span.name for span in record.spans()] == ["SELECT"]

    def test_a_copy_is_one_span(self, record: Recording, connection: Any) -> None:
        self.wait(connection.copy_records_to_table("items", records=[("a", 1)], columns=["sku", "number"]))
        self.wait(connection.copy_to_table("items", source=io.BytesIO(b"b\t2\n")))
        self.wait(connection.copy_from_query("SELECT sku FROM items WHERE sku = 'hunter2'", output=io.BytesIO()))
        assert [span.name for span in record.spans()] == ["COPY items", "COPY items", "COPY SELECT items"]


def numbered(sql: str) -> str:
    first, *rest = sql.split("?")
    return first + "".join(f"${number}{part}" for number, part in enumerate(rest, 1))
