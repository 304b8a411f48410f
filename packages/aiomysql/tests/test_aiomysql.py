"""clew-aiomysql passes the contract of a database driver with coroutines against a real MariaDB."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiomysql
import pytest

from clew.testing.contracts.mysql import AsyncMySqlContract
from clew.testing.recording import Recording
from clew_aiomysql import plugin


class TestAiomysql(AsyncMySqlContract):
    plugin = plugin

    @pytest.fixture(autouse=True)
    def _database(self, _server: None) -> None:
        self.server["db"] = self.server.pop("database")

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Any]:
        connection = await aiomysql.connect(**self.server, autocommit=True)
        try:
            yield connection
        finally:
            connection.close()

    async def execute(self, connection: Any, sql: str, *parameters: Any) -> list[Any]:
        async with connection.cursor() as cursor:
            await cursor.execute(sql, parameters or None)
            return list(await cursor.fetchall())

    def async_ways(self, connection: Any) -> dict[str, Any]:
        return {
            "rows as dicts": lambda sql: self.with_cursor(connection, aiomysql.DictCursor, sql),
            "a server-side cursor": lambda sql: self.with_cursor(connection, aiomysql.SSCursor, sql),
            "a pool": self.in_a_pool,
        }

    async def with_cursor(self, connection: Any, kind: Any, sql: str) -> None:
        async with connection.cursor(kind) as cursor:
            await cursor.execute(sql)
            assert list(await cursor.fetchall()) == []

    async def in_a_pool(self, sql: str) -> None:
        async with aiomysql.create_pool(**self.server, minsize=1) as pool, pool.acquire() as connection:
            await self.execute(connection, sql)

    def test_a_pool_says_how_full_it_is(self, record: Recording) -> None:
        async def main() -> None:
            async with aiomysql.create_pool(**self.server, minsize=2, maxsize=3) as pool, pool.acquire():
                assert [value for _, value in record.levels("db.client.connection.count")] == [1, 1]
                assert [value for _, value in record.levels("db.client.connection.max")] == [3]
                assert [count for _, count in record.points("db.client.connection.wait_time")] == [1]

        asyncio.run(main())
