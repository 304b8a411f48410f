"""clew-aiomysql passes the contract of a database driver with coroutines against a real MariaDB."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiomysql
import pytest

from clew.testing.contracts.mysql import AsyncMySqlContract
from clew_aiomysql import plugin


class TestAiomysql(AsyncMySqlContract):
    plugin = plugin
    module = aiomysql

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
