"""clew-clickhouse-connect passes the contract of a database against ClickHouse's own engine, sync and async."""

import asyncio
import io
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import clickhouse_connect
import pytest
from clickhouse_connect.driver.asyncclient import AsyncClient
from clickhouse_connect.driver.exceptions import DatabaseError

import clew_aiohttp
import clew_threads
import clew_urllib3
from clew.testing.contracts.db_client import SELECT, DbClientContract
from clew.testing.contracts.db_client_async import AsyncDbClientContract
from clew.testing.recording import Recording, enabled
from clew_clickhouse_connect import plugin

#: Before 1.0 it has a client of the other kind work in threads.
NATIVE = hasattr(AsyncClient, "_initialize")
QUERIES = ("query", "raw_query", "command", "raw_stream")
STREAMS = ("query_rows_stream", "query_row_block_stream", "query_column_block_stream")
ROWS = [["a", 1], ["b", 2], ["c", 3]]
COLUMNS: dict[str, Any] = {"column_names": ["sku", "number"], "column_type_names": ["String", "Int32"]}


class Telling:
    """What of the contract is different here."""

    plugin = plugin
    placeholder = "%s"
    code_of_missing_table = "60"

    @pytest.fixture(autouse=True)
    def _server(self, clickhouse_http: int) -> None:
        self.address = {"host": "127.0.0.1", "port": clickhouse_http, "database": "default", "compress": False}
        self.where = {
            "db.system.name": "clickhouse",
            "db.namespace": "default",
            "server.address": "127.0.0.1",
            "server.port": clickhouse_http,
        }

    def transact(self, connection: Any) -> None:
        """There is nothing of the kind."""

    def test_a_batch_of_what_is_no_insert_is_one_span_too(self, record: Recording, connection: Any) -> None:
        pytest.skip("only inserts have batches")


class TestClickHouseConnect(Telling, DbClientContract):
    @contextmanager
    def connect(self) -> Iterator[Any]:
        client = clickhouse_connect.get_client(**self.address)
        try:
            yield client
        finally:
            client.close()

    def run(self, connection: Any, sql: str, *parameters: Any) -> list[Any]:
        if str(sql).startswith("SELECT"):
            return list(connection.query(sql, parameters or None).result_rows)
        connection.command(sql, parameters or None)
        return []

    def run_many(self, connection: Any, sql: str, parameters: list[tuple[Any, ...]]) -> None:
        connection.insert("items", parameters)

    def ways(self, connection: Any) -> Mapping[str, Callable[[str], Any]]:
        def stream(method: str) -> Callable[[str], Any]:
            def run(sql: str) -> None:
                with getattr(connection, method)(sql) as rows:
                    list(rows)

            return run

        return {
            **{method: getattr(connection, method) for method in QUERIES},
            **{method: stream(method) for method in STREAMS},
            "by keyword": lambda sql: connection.query(query=sql),
            "command by keyword": lambda sql: connection.command(cmd=sql),
            "by context": lambda sql: connection.query(context=connection.create_query_context(sql)),
        }

    def test_an_insert_is_one_span_with_its_size_although_the_table_is_asked_for(
        self, record: Recording, connection: Any
    ) -> None:
        context = connection.create_insert_context("items", data=ROWS)
        record.clear()
        connection.insert("items", ROWS)
        connection.insert("items", data=ROWS, database="default", **COLUMNS)
        connection.insert("items", [["a", "b", "c"], [1, 2, 3]], column_oriented=True)
        connection.insert(context=context)
        connection.raw_insert("items", ["sku", "number"], b"hunter2,4\n", fmt="CSV")
        assert [(span.name, (span.attributes or {}).get("db.operation.batch.size")) for span in record.spans()] == [
            ("INSERT items", 3),
            ("INSERT default.items", 3),
            ("INSERT items", 3),
            ("INSERT items", 3),
            ("INSERT items", None),
        ]
        assert connection.command("SELECT count() FROM items") == 13

    def test_data_in_the_text_of_an_insert_stays_home(self, record: Recording, connection: Any) -> None:
        connection.command("INSERT INTO items FORMAT CSV\nhunter2,4711")
        connection.command("INSERT INTO items FORMAT CSV", data="hunter3,4712")
        for span in record.spans():
            assert (span.attributes or {})["db.query.text"] == "INSERT INTO items FORMAT CSV"
        assert connection.command("SELECT sum(number) FROM items") == 9423

    def test_the_database_is_the_one_that_the_client_has_now(self, record: Recording, connection: Any) -> None:
        connection.query("SELECT 1")
        connection.database = "system"
        connection.query("SELECT count() FROM one")
        connection.database = "default"
        assert [(span.attributes or {})["db.namespace"] for span in record.spans()] == ["default", "system"]

    def test_parameters_that_the_server_binds_stay_home(self, record: Recording, connection: Any) -> None:
        connection.query("SELECT number FROM items WHERE sku = {sku:String}", parameters={"sku": "hunter2"})
        assert (record.span().attributes or {})["db.query.text"] == "SELECT number FROM items WHERE sku = {sku:String}"

    def test_what_the_server_quotes_in_a_failure_stays_home(self, record: Recording, connection: Any) -> None:
        with pytest.raises(DatabaseError, match="hunter2"):
            connection.query("SELECT nothing FROM items WHERE sku = %s", parameters=["hunter2"])
        span = record.span()
        assert "hunter2" not in repr([span.attributes, span.status.description, span.events[0].attributes])
        assert "DB::Exception: REDACTED" in str(span.status.description)

    def test_the_request_beneath_is_no_span_of_its_own(self, connection: Any) -> None:
        with enabled(plugin, clew_urllib3.plugin) as record, self.connect() as own:
            own.query(SELECT)
            own.insert("items", ROWS)
            own.raw_insert("items", None, io.BytesIO(b"d,4\n"), fmt="CSV")
            assert own.ping()
        assert [span.name for span in record.spans()] == ["SELECT items", "INSERT items", "INSERT items", "GET"]


@pytest.mark.skipif(not NATIVE, reason="a client in threads, before clickhouse-connect 1.0")
class TestAsyncClient(Telling, AsyncDbClientContract):
    long_statement = "SELECT sleep(3)"

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Any]:
        client = await clickhouse_connect.get_async_client(**self.address)
        try:
            yield client
        finally:
            await client.close()

    async def execute(self, connection: Any, sql: str, *parameters: Any) -> list[Any]:
        if str(sql).startswith("SELECT"):
            return list((await connection.query(sql, parameters or None)).result_rows)
        await connection.command(sql, parameters or None)
        return []

    async def execute_many(self, connection: Any, sql: str, parameters: list[tuple[Any, ...]]) -> None:
        await connection.insert("items", parameters)

    def async_ways(self, connection: Any) -> Mapping[str, Callable[[str], Awaitable[Any]]]:
        def stream(method: str) -> Callable[[str], Awaitable[Any]]:
            async def run(sql: str) -> None:
                async with await getattr(connection, method)(sql) as rows:
                    async for _ in rows:
                        pass

            return run

        return {
            **{method: getattr(connection, method) for method in QUERIES if method != "raw_stream"},
            **{method: stream(method) for method in (*STREAMS, "raw_stream")},
        }

    def test_the_request_beneath_is_no_span_of_its_own(self, connection: Any) -> None:
        async def main() -> None:
            async with self.open() as own:
                await own.query(SELECT)
                await own.insert("items", ROWS)

        with enabled(plugin, clew_aiohttp.plugin) as record:
            self.wait(main())
        assert [span.name for span in record.spans()] == ["SELECT items", "INSERT items"]


@pytest.mark.skipif(NATIVE, reason="a client of its own since clickhouse-connect 1.0")
def test_a_client_in_threads_is_followed_once(clickhouse_http: int) -> None:
    async def main() -> None:
        client = await clickhouse_connect.get_async_client(host="127.0.0.1", port=clickhouse_http, compress=False)
        await client.query("SELECT 1 AS one")
        await client.command("SELECT 1 AS one")

    with enabled(plugin, clew_threads.plugin) as record:
        asyncio.run(main())
    assert [span.name for span in record.spans()] == ["SELECT", "SELECT"]
