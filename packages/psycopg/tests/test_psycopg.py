"""clew-psycopg passes the contract of a database driver against a real PostgreSQL: sync, async, server-side, pool."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import psycopg
import pytest
from psycopg import sql

from clew.testing.contracts.db_client import DbClientContract
from clew.testing.recording import Recording, enabled
from clew_psycopg import plugin


class TestPsycopg(DbClientContract):
    plugin = plugin
    placeholder = "%s"

    @pytest.fixture(autouse=True)
    def _server(self, postgres: str) -> None:
        self.url = postgres
        info = psycopg.conninfo.conninfo_to_dict(postgres)
        self.where = {
            "db.system.name": "postgresql",
            "db.namespace": info["dbname"],
            "server.address": info["host"],
            "server.port": int(info["port"]),
        }

    @contextmanager
    def connect(self) -> Iterator[Any]:
        with psycopg.connect(self.url, autocommit=True) as connection:
            yield connection

    def run(self, connection: Any, sql: str, *parameters: Any) -> list[Any]:
        cursor = connection.execute(sql, parameters or None)
        return cursor.fetchall() if cursor.description else []

    def run_many(self, connection: Any, sql: str, parameters: list[tuple[Any, ...]]) -> None:
        connection.cursor().executemany(sql, parameters)

    def test_bytes_and_composed_statements_are_read(self, record: Recording, connection: Any) -> None:
        connection.execute(b"SELECT sku FROM items")
        connection.execute(sql.SQL("SELECT sku FROM {} WHERE sku = {}").format(sql.Identifier("items"), "hunter2"))
        assert [span.name for span in record.spans()] == ["SELECT items", "SELECT items"]
        assert "hunter2" not in repr([span.attributes for span in record.spans()])

    def test_a_failure_has_its_sqlstate(self, record: Recording, connection: Any) -> None:
        with pytest.raises(psycopg.errors.UndefinedTable):
            connection.execute("SELECT nothing FROM nowhere")
        assert (record.span().attributes or {})["db.response.status_code"] == "42P01"

    def test_a_server_side_cursor_is_one_span(self, record: Recording, connection: Any) -> None:
        with connection.transaction():
            record.clear()
            with connection.cursor("named") as cursor:
                cursor.execute("SELECT generate_series(1, 1000) AS number")
                assert len(cursor.fetchall()) == 1000
        assert [span.name for span in record.spans() if span.name.startswith("SELECT")] == ["SELECT"]

    def test_a_stream_is_one_span_to_its_last_row(self, record: Recording, connection: Any) -> None:
        rows = connection.cursor().stream("SELECT generate_series(1, 100) AS number")
        assert next(rows)
        assert list(record.spans()) == []
        assert len(list(rows)) == 99
        assert record.span().name == "SELECT"

    def test_an_abandoned_stream_ends_its_span(self, record: Recording, connection: Any) -> None:
        rows = connection.cursor().stream("SELECT generate_series(1, 100) AS number")
        next(rows)
        rows.close()
        assert record.span().name == "SELECT"

    def test_connections_of_a_pool_are_followed(self, record: Recording) -> None:
        pool = pytest.importorskip("psycopg_pool")
        with pool.ConnectionPool(self.url, min_size=1) as connections, connections.connection() as connection:
            connection.execute("SELECT 7 AS number")
        assert "SELECT" in {span.name for span in record.spans()}


class TestAsyncPsycopg:
    @asynccontextmanager
    async def connect(self, url: str) -> AsyncIterator[Any]:
        connection = await psycopg.AsyncConnection.connect(url, autocommit=True)
        async with connection:
            yield connection

    def test_tasks_do_not_mix_and_each_statement_is_one_span(self, postgres: str) -> None:
        async def work(number: int) -> None:
            async with self.connect(postgres) as connection:
                cursor = await connection.execute(f"SELECT {number} AS column_{number}")
                assert await cursor.fetchone() == (number,)

        async def main() -> None:
            await asyncio.gather(*(work(number) for number in range(8)))

        with enabled(plugin) as record:
            asyncio.run(main())
        texts = {(span.attributes or {})["db.query.text"] for span in record.spans()}
        assert texts == {f"SELECT ? AS column_{number}" for number in range(8)}

    def test_batches_and_streams_are_one_span_each(self, postgres: str) -> None:
        async def main() -> int:
            async with self.connect(postgres) as connection:
                cursor = connection.cursor()
                await cursor.execute("CREATE TEMPORARY TABLE numbers (number INTEGER)")
                await cursor.executemany("INSERT INTO numbers VALUES (%s)", [(n,) for n in range(10)])
                return len([row async for row in cursor.stream("SELECT number FROM numbers")])

        with enabled(plugin) as record:
            assert asyncio.run(main()) == 10
        assert [span.name for span in record.spans()] == ["CREATE TABLE numbers", "INSERT numbers", "SELECT numbers"]
        assert (record.spans()[1].attributes or {})["db.operation.batch.size"] == 10

    def test_a_cancelled_statement_ends_its_span(self, postgres: str) -> None:
        async def main() -> None:
            async with self.connect(postgres) as connection:
                await asyncio.wait_for(connection.execute("SELECT pg_sleep(60)"), 0.3)

        with enabled(plugin) as record, pytest.raises(asyncio.TimeoutError):
            asyncio.run(main())
        assert [span.name for span in record.spans()] == ["SELECT"]
