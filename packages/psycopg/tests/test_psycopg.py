"""clew-psycopg passes the contract of a database driver against a real PostgreSQL: sync, async, server-side, pool."""

import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import psycopg
import pytest
from opentelemetry import trace
from psycopg import sql
from psycopg.rows import dict_row

from clew import explaining, settings
from clew.testing.contracts.db_client import DbClientContract
from clew.testing.contracts.db_client_async import AsyncDbClientContract
from clew.testing.recording import Recording, configured, enabled
from clew_psycopg import plugin


def where(url: str) -> dict[str, Any]:
    info = psycopg.conninfo.conninfo_to_dict(url)
    return {
        "db.system.name": "postgresql",
        "db.namespace": info["dbname"],
        "server.address": info["host"],
        "server.port": int(info["port"]),
    }


class TestPsycopg(DbClientContract):
    plugin = plugin
    plan = r"^Seq Scan on items \(\d+ rows, cost [\d.]+, filter .*= \?"
    own_text = "SELECT query FROM pg_stat_activity WHERE pid = pg_backend_pid()"
    placeholder = "%s"
    code_of_missing_table = "42P01"

    @pytest.fixture(autouse=True)
    def _server(self, postgres: str) -> None:
        self.url = postgres
        self.where = where(postgres)

    @contextmanager
    def connect(self) -> Iterator[Any]:
        with psycopg.connect(self.url, autocommit=True) as connection:
            yield connection

    def run(self, connection: Any, sql: str, *parameters: Any) -> list[Any]:
        cursor = connection.execute(sql, parameters or None)
        return cursor.fetchall() if cursor.description else []

    def run_many(self, connection: Any, sql: str, parameters: list[tuple[Any, ...]]) -> None:
        connection.cursor().executemany(sql, parameters)

    def ways(self, connection: Any) -> dict[str, Any]:
        return {
            "a cursor": lambda sql: connection.cursor().execute(sql),
            "a cursor that is iterated": lambda sql: list(connection.cursor().execute(sql)),
            "a cursor with its own rows": lambda sql: connection.cursor(row_factory=dict_row).execute(sql),
            "a client-side cursor": lambda sql: psycopg.ClientCursor(connection).execute(sql),
            "a stream": lambda sql: list(connection.cursor().stream(sql)),
            "a server-side cursor": lambda sql: self.in_a_block(connection, sql, name="named"),
            "a transaction": lambda sql: self.in_a_block(connection, sql),
            "a pipeline": lambda sql: self.in_a_pipeline(connection, sql),
            "a pool": self.in_a_pool,
        }

    def in_a_block(self, connection: Any, sql: str, **options: Any) -> None:
        with connection.transaction(), connection.cursor(**options) as cursor:
            cursor.execute(sql)
            cursor.fetchall()

    def in_a_pipeline(self, connection: Any, sql: str) -> None:
        with connection.pipeline():
            connection.execute(sql)

    def in_a_pool(self, sql: str) -> None:
        pool = pytest.importorskip("psycopg_pool")
        with pool.ConnectionPool(self.url, min_size=1) as connections, connections.connection() as connection:
            connection.execute(sql)

    def transact(self, connection: Any) -> None:
        super().transact(connection)
        with connection.transaction(), connection.transaction():
            pass
        connection.commit()
        connection.rollback()

    def test_bytes_and_composed_statements_are_read(self, record: Recording, connection: Any) -> None:
        connection.execute(b"SELECT sku FROM items")
        connection.execute(sql.SQL("SELECT sku FROM {} WHERE sku = {}").format(sql.Identifier("items"), "hunter2"))
        assert [span.name for span in record.spans()] == ["SELECT items", "SELECT items"]
        assert "hunter2" not in repr([span.attributes for span in record.spans()])

    def test_a_copy_is_one_span_from_its_first_row_to_its_last(self, record: Recording, connection: Any) -> None:
        with connection.cursor() as cursor, cursor.copy("COPY items (sku, number) FROM STDIN") as copy:
            for number in range(3):
                copy.write_row((f"s{number}", number))
            assert list(record.spans()) == []
        assert record.span().name == "COPY items"
        record.clear()
        with connection.cursor() as cursor, cursor.copy("COPY (SELECT sku FROM items) TO STDOUT") as copy:
            assert len(list(copy.rows())) == 3
        assert record.span().name == "COPY SELECT items"

    def test_a_copy_that_fails_is_recorded_once(self, record: Recording, connection: Any) -> None:
        cursor = connection.cursor()
        with pytest.raises(psycopg.errors.UndefinedTable), cursor.copy("COPY nowhere FROM STDIN"):
            pass
        assert (record.span().attributes or {})["db.response.status_code"] == "42P01"

    def test_a_pool_says_how_full_it_is_and_how_long_one_waits(self, record: Recording) -> None:
        pool = pytest.importorskip("psycopg_pool")
        with pool.ConnectionPool(self.url, min_size=2, max_size=3, name="shop") as connections:
            connections.wait()
            with connections.connection():
                name = {"db.client.connection.pool.name": "shop"}
                assert [
                    value for at, value in record.levels("db.client.connection.count") if name.items() <= at.items()
                ] == [1, 1]
                assert (name, 3) in record.levels("db.client.connection.max")
                assert record.points("db.client.connection.wait_time") == [(name, 1)]

    @pytest.mark.parametrize("limits", [None, "SELECT 1 / 0"], ids=["a plan", "a failure"])
    def test_asking_for_a_plan_leaves_the_transaction_as_it_was(
        self, limits: str | None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("clew.explaining._asked", set())
        monkeypatch.setattr("clew.explaining._plans", {})
        monkeypatch.setattr("clew.explaining.clock", lambda: time.perf_counter_ns() + 10**12)
        if limits:
            monkeypatch.setattr("clew.plans._LIMITS", limits)
        with configured(CLEW_EXPLAIN="on"), enabled(plugin), psycopg.connect(self.url) as connection:
            connection.execute("SET LOCAL statement_timeout = '7s'")
            rows = connection.cursor("named").execute("SELECT generate_series(1, 3)")
            assert rows.fetchone() == (1,)
            connection.execute("CREATE TEMP TABLE basket (sku TEXT) ON COMMIT DROP")
            found = connection.execute("SELECT sku FROM basket WHERE sku = %s", ["a"], prepare=True)
            assert (found.fetchall(), found.rownumber, explaining._asked) == ([], 0, {"SELECT basket"})
            assert ("SELECT basket" in explaining._plans) == (limits is None)
            assert connection.execute("SHOW statement_timeout").fetchone() == ("7s",)
            assert rows.fetchall() == [(2,), (3,)]
            assert connection.info.transaction_status == psycopg.pq.TransactionStatus.INTRANS

    def test_what_the_server_prepares_gets_no_comment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Each would be another statement to prepare, to plan and to remember."""
        monkeypatch.setenv("CLEW_SQL_COMMENT", "request")
        settings.current.cache_clear()
        try:
            with (
                enabled(plugin),
                self.connect() as connection,
                trace.get_tracer("test").start_as_current_span("parent"),
            ):
                assert "/*" in connection.execute(self.own_text).fetchone()[0]
                assert "/*" not in connection.execute(self.own_text, prepare=True).fetchone()[0]
                with connection.transaction(), connection.cursor("named") as cursor:
                    assert "/*" not in cursor.execute(self.own_text).fetchone()[0]
        finally:
            monkeypatch.undo()
            settings.current.cache_clear()

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


class TestAsyncPsycopg(AsyncDbClientContract):
    plugin = plugin
    own_text = "SELECT query FROM pg_stat_activity WHERE pid = pg_backend_pid()"
    placeholder = "%s"
    code_of_missing_table = "42P01"
    long_statement = "SELECT pg_sleep(60)"

    @pytest.fixture(autouse=True)
    def _server(self, postgres: str) -> None:
        self.url = postgres
        self.where = where(postgres)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Any]:
        async with await psycopg.AsyncConnection.connect(self.url, autocommit=True) as connection:
            yield connection

    async def execute(self, connection: Any, sql: str, *parameters: Any) -> list[Any]:
        cursor = await connection.execute(sql, parameters or None)
        return await cursor.fetchall() if cursor.description else []

    async def execute_many(self, connection: Any, sql: str, parameters: list[tuple[Any, ...]]) -> None:
        await connection.cursor().executemany(sql, parameters)

    def async_ways(self, connection: Any) -> dict[str, Any]:
        return {
            "a stream": lambda sql: self.stream(connection, sql),
            "a server-side cursor": lambda sql: self.in_a_block(connection, sql),
            "a pipeline": lambda sql: self.in_a_pipeline(connection, sql),
        }

    async def stream(self, connection: Any, sql: str) -> None:
        async for _ in connection.cursor().stream(sql):
            pass

    async def in_a_block(self, connection: Any, sql: str) -> None:
        async with connection.transaction(), connection.cursor("named") as cursor:
            await cursor.execute(sql)
            await cursor.fetchall()

    async def in_a_pipeline(self, connection: Any, sql: str) -> None:
        async with connection.pipeline():
            await connection.execute(sql)

    def test_a_copy_is_one_span(self, record: Recording, connection: Any) -> None:
        async def copy() -> None:
            async with connection.cursor() as cursor, cursor.copy("COPY items FROM STDIN") as rows:
                await rows.write_row(("a", 1))

        self.wait(copy())
        assert record.span().name == "COPY items"
