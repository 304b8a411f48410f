"""clew-aiomysql passes the contract of a database driver with coroutines against a real MariaDB."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiomysql
import pytest

from clew.testing.contracts.db_client_async import AsyncDbClientContract
from clew_aiomysql import plugin


class TestAiomysql(AsyncDbClientContract):
    plugin = plugin
    own_text = "SELECT info FROM information_schema.processlist WHERE id = connection_id()"
    placeholder = "%s"
    code_of_missing_table = "1146"
    long_statement = "SELECT SLEEP(60)"

    @pytest.fixture(autouse=True)
    def _server(self, mariadb: Any) -> None:
        self.server = {**mariadb._asdict(), "db": mariadb.database}
        del self.server["database"]
        self.where = {
            "db.system.name": "mariadb",
            "db.namespace": mariadb.database,
            "server.address": mariadb.host,
            "server.port": mariadb.port,
        }

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

    async def execute_many(self, connection: Any, sql: str, parameters: list[tuple[Any, ...]]) -> None:
        async with connection.cursor() as cursor:
            await cursor.executemany(sql, parameters)

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

    def transact(self, connection: Any) -> None:
        super().transact(connection)
        for work in (connection.ping, connection.begin, connection.commit, connection.rollback):
            self.wait(work())
