"""clew-mysql-connector passes the contract of a database driver against a real MariaDB, in Python, C and coroutines."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from typing import Any

import mysql.connector
import mysql.connector.version
import pytest
from mysql.connector import pooling

from clew.conventions.db_pool import Pool
from clew.testing.contracts.db_client import DbClientContract
from clew.testing.contracts.db_client_async import AsyncDbClientContract
from clew.testing.contracts.mysql import OnMariaDB
from clew.testing.recording import Recording, assert_pool
from clew_mysql_connector import plugin

KINDS = ({"dictionary": True}, {"buffered": True}, {"raw": True}, {"prepared": True})


class TestInPython(OnMariaDB, DbClientContract):
    plugin = plugin
    options: dict[str, Any] = {"use_pure": True}

    @contextmanager
    def connect(self) -> Iterator[Any]:
        with closing(mysql.connector.connect(**self.server, **self.options, autocommit=True)) as connection:
            yield connection

    def run(self, connection: Any, sql: str, *parameters: Any) -> list[Any]:
        with closing(connection.cursor()) as cursor:
            cursor.execute(sql, parameters or None)
            return cursor.fetchall() if cursor.description else []

    def run_many(self, connection: Any, sql: str, parameters: list[tuple[Any, ...]]) -> None:
        with closing(connection.cursor()) as cursor:
            cursor.executemany(sql, parameters)

    def ways(self, connection: Any) -> dict[str, Any]:
        def with_cursor(sql: str, **kind: Any) -> None:
            with closing(connection.cursor(**kind)) as cursor:
                cursor.execute(operation=sql)
                assert list(cursor) == []

        return {str(kind): lambda sql, kind=kind: with_cursor(sql, **kind) for kind in KINDS}

    def transact(self, connection: Any) -> None:
        super().transact(connection)
        connection.ping()
        connection.start_transaction()
        connection.commit()
        connection.rollback()

    def test_a_pool_says_how_full_it_is(self, record: Recording) -> None:
        pool = pooling.MySQLConnectionPool(pool_name="shop", pool_size=2, **self.server, **self.options)
        with closing(pool.get_connection()):
            assert_pool(record, Pool("shop", 1, 1, 2), waits=1)
            with closing(pool.get_connection()), pytest.raises(pooling.PoolError):
                pool.get_connection()
        assert_pool(record, Pool("", 0, 2, 2), waits=2)
        while pool._remove_connections():
            pass


@pytest.mark.skipif(not mysql.connector.HAVE_CEXT, reason="mysql-connector-python was installed without C")
class TestInC(TestInPython):
    options = {"use_pure": False}


@pytest.mark.skipif(mysql.connector.version.VERSION < (9,), reason="before 9.0 its coroutines cannot be cancelled")
class TestCoroutines(OnMariaDB, AsyncDbClientContract):
    plugin = plugin

    @pytest.fixture(autouse=True)
    def _aio(self) -> None:
        self.aio = pytest.importorskip("mysql.connector.aio")

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Any]:
        connection = await self.aio.connect(**self.server, autocommit=True, ssl_disabled=True)
        try:
            yield connection
        finally:
            await connection.close()

    def test_a_pool_says_how_full_it_is(self, record: Recording) -> None:
        aio = pytest.importorskip("mysql.connector.aio.pooling")

        async def main() -> None:
            pool = aio.MySQLConnectionPool(pool_name="shop", pool_size=2, **self.server, ssl_disabled=True)
            await pool.initialize_pool()
            connection = await pool.get_connection()
            assert_pool(record, Pool("shop", 1, 1, 2), waits=1)
            await connection.close()
            await pool._remove_connections()

        asyncio.run(main())

    async def execute(self, connection: Any, sql: str, *parameters: Any) -> list[Any]:
        cursor = await connection.cursor()
        await cursor.execute(sql, parameters or ())
        return await cursor.fetchall() if cursor.description else []

    async def execute_many(self, connection: Any, sql: str, parameters: list[tuple[Any, ...]]) -> None:
        cursor = await connection.cursor()
        await cursor.executemany(sql, parameters)
