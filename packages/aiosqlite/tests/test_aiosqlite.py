"""clew-aiosqlite passes the contract of a database driver with coroutines."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiosqlite
import pytest

from clew.testing.contracts.db_client_async import AsyncDbClientContract
from clew_aiosqlite import plugin


class TestAiosqlite(AsyncDbClientContract):
    plugin = plugin
    where = {"db.system.name": "sqlite", "db.namespace": "shop.db"}
    code_of_missing_table = "SQLITE_ERROR" if sys.version_info >= (3, 11) else None

    @pytest.fixture(autouse=True)
    def _file(self, tmp_path: Path) -> None:
        self.path = tmp_path / "shop.db"

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Any]:
        async with aiosqlite.connect(self.path, isolation_level=None) as connection:
            yield connection

    async def execute(self, connection: Any, sql: str, *parameters: Any) -> list[Any]:
        async with connection.execute(sql, parameters) as cursor:
            return list(await cursor.fetchall())

    async def execute_many(self, connection: Any, sql: str, parameters: list[tuple[Any, ...]]) -> None:
        await connection.executemany(sql, parameters)

    def async_ways(self, connection: Any) -> dict[str, Any]:
        return {
            "execute_fetchall": connection.execute_fetchall,
            "a script": connection.executescript,
            "a cursor": lambda sql: self.cursor(connection, sql),
            "a cursor that is iterated": lambda sql: self.iterate(connection, sql),
        }

    async def cursor(self, connection: Any, sql: str) -> None:
        async with connection.cursor() as cursor:
            await cursor.execute(sql)
            await cursor.fetchone()

    async def iterate(self, connection: Any, sql: str) -> None:
        async with connection.execute(sql) as cursor:
            assert [row async for row in cursor] == []

    def transact(self, connection: Any) -> None:
        super().transact(connection)
        self.wait(connection.commit())
        self.wait(connection.rollback())
