"""clew-asyncmy passes the contract of a database driver with coroutines against a real MariaDB."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncmy
from asyncmy.cursors import Cursor, DictCursor, SSCursor

from clew.testing.contracts.mysql import AsyncMySqlContract
from clew_asyncmy import plugin


class MyCursor(Cursor):
    pass


class TestAsyncmy(AsyncMySqlContract):
    plugin = plugin
    module = asyncmy

    @asynccontextmanager
    async def open(self, **options: Any) -> AsyncIterator[Any]:
        async with asyncmy.connect(**self.server, **options, autocommit=True) as connection:
            yield connection

    async def execute(self, connection: Any, sql: str, *parameters: Any) -> list[Any]:
        async with connection.cursor() as cursor:
            await cursor.execute(sql, parameters or None)
            return list(await cursor.fetchall())

    def async_ways(self, connection: Any) -> dict[str, Any]:
        return {
            "rows as dicts": lambda sql: self.with_cursor(connection, sql, cursor=DictCursor),
            "a class by position": lambda sql: self.with_cursor(connection, sql, SSCursor),
            "a class of its own": lambda sql: self.with_cursor(connection, sql, MyCursor),
            "a class of the connection": self.with_class,
            "a pool": self.in_a_pool,
        }

    async def with_cursor(self, connection: Any, sql: str, *kinds: Any, **options: Any) -> None:
        async with connection.cursor(*kinds, **options) as cursor:
            assert isinstance(cursor, (*kinds, *options.values()))
            await cursor.execute(sql)
            assert list(await cursor.fetchall()) == []

    async def with_class(self, sql: str) -> None:
        async with self.open(cursor_cls=DictCursor) as connection, connection.cursor() as cursor:
            assert isinstance(cursor, DictCursor)
            await cursor.execute(sql)
