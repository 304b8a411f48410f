"""What drivers of MySQL's protocol have in common: the server that they are tried against, and their cursors."""

from __future__ import annotations

import asyncio
from types import ModuleType
from typing import Any

import pytest

from clew.conventions.db_pool import Pool
from clew.testing.contracts.db_client import DbClientContract
from clew.testing.contracts.db_client_async import AsyncDbClientContract
from clew.testing.recording import Recording, assert_pool


class OnMariaDB:
    """Where the fixture `mariadb` is, as `server` (what `connect` takes) and `where`."""

    own_text: str | None = "SELECT info FROM information_schema.processlist WHERE id = connection_id()"
    placeholder = "%s"
    code_of_missing_table: str | None = "1146"
    long_statement: str | None = "SELECT SLEEP(60)"

    @pytest.fixture(autouse=True)
    def _server(self, mariadb: Any) -> None:
        self.server = mariadb._asdict()
        self.where = {
            "db.system.name": "mariadb",
            "db.namespace": mariadb.database,
            "server.address": mariadb.host,
            "server.port": mariadb.port,
        }


class MySqlContract(OnMariaDB, DbClientContract):
    """For the module that PyMySQL and mysqlclient both call `cursors`: set it, and define `connect` and `run`, whose
    line is the application's own."""

    cursors: ModuleType

    def run_many(self, connection: Any, sql: str, parameters: list[tuple[Any, ...]]) -> None:
        with connection.cursor() as cursor:
            cursor.executemany(sql, parameters)

    def ways(self, connection: Any) -> dict[str, Any]:
        return {
            kind.__name__: lambda sql, kind=kind: self.with_cursor(connection, kind, sql)
            for kind in (self.cursors.DictCursor, self.cursors.SSCursor, self.cursors.SSDictCursor)
        }

    def with_cursor(self, connection: Any, kind: Any, sql: str) -> None:
        with connection.cursor(kind) as cursor:
            cursor.execute(sql)
            assert list(cursor) == []

    def transact(self, connection: Any) -> None:
        super().transact(connection)
        connection.ping()
        connection.begin()
        connection.commit()
        connection.rollback()

    def test_a_procedure_is_one_span(self, record: Recording, connection: Any) -> None:
        self.run(connection, "CREATE OR REPLACE PROCEDURE twice(n INTEGER) SELECT 2 * n")
        record.clear()
        with connection.cursor() as cursor:
            cursor.callproc("twice", [21])
            assert cursor.fetchall() == ((42,),)
        assert record.span().name == "CALL twice"


class AsyncMySqlContract(OnMariaDB, AsyncDbClientContract):
    """For aiomysql and asyncmy (`module`), which differ in how they connect and are told the kind of cursor. `execute`
    stays with the test: its line is the application's own."""

    module: Any

    async def in_a_pool(self, sql: str) -> None:
        async with self.module.create_pool(**self.server, minsize=1) as pool, pool.acquire() as connection:
            await self.execute(connection, sql)

    def test_a_pool_says_how_full_it_is(self, record: Recording) -> None:
        async def main() -> None:
            async with self.module.create_pool(**self.server, minsize=2, maxsize=3) as pool, pool.acquire():
                assert_pool(record, Pool("", 1, 1, 3), waits=1)

        asyncio.run(main())

    async def execute_many(self, connection: Any, sql: str, parameters: list[tuple[Any, ...]]) -> None:
        async with connection.cursor() as cursor:
            await cursor.executemany(sql, parameters)

    def transact(self, connection: Any) -> None:
        super().transact(connection)
        for work in (connection.ping, connection.begin, connection.commit, connection.rollback):
            self.wait(work())
