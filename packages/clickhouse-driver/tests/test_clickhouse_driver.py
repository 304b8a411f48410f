"""clew-clickhouse-driver passes the contract of a database against a real ClickHouse."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from typing import Any

import pytest
from clickhouse_driver import Client, dbapi
from clickhouse_driver.errors import NetworkError, ServerException
from servers.programs import free_ports

from clew.testing.contracts.db_client import SELECT, DbClientContract
from clew.testing.recording import Recording
from clew_clickhouse_driver import plugin

INSERT = "INSERT INTO items (sku, number) VALUES"
ROWS = [("a", 1), ("b", 2), ("c", 3)]


class TestClickHouseDriver(DbClientContract):
    plugin = plugin
    code_of_missing_table = "60"

    @pytest.fixture(autouse=True)
    def _server(self, clickhouse_native: int) -> None:
        self.port = clickhouse_native
        self.where = {
            "db.system.name": "clickhouse",
            "db.namespace": "default",
            "server.address": "127.0.0.1",
            "server.port": clickhouse_native,
        }

    @contextmanager
    def connect(self) -> Iterator[Any]:
        with Client("127.0.0.1", self.port, "default") as client:
            yield client

    def run(self, connection: Any, sql: str, *parameters: Any) -> list[Any]:
        if str(sql).startswith("CREATE TABLE"):
            sql = f"{sql.replace('VARCHAR(40)', 'String').replace('INTEGER', 'Int32')} ENGINE = Memory"
        if str(sql).startswith("INSERT"):  # the rows are sent beside the statement
            return [connection.execute(f"{sql.partition('VALUES')[0]}VALUES", [parameters])]
        names = [f"p{number}" for number in range(len(parameters))]
        for name in names:
            sql = sql.replace("?", f"%({name})s", 1)
        return list(connection.execute(sql, dict(zip(names, parameters, strict=True)) or None))

    def run_many(self, connection: Any, sql: str, parameters: list[tuple[Any, ...]]) -> None:
        connection.execute(INSERT, parameters)

    def ways(self, connection: Any) -> Mapping[str, Callable[[str], Any]]:
        def by_cursor(sql: str, streams: bool = False) -> None:
            with closing(dbapi.connect(host="127.0.0.1", port=self.port)) as own, closing(own.cursor()) as cursor:
                cursor.set_stream_results(streams, 1000)
                cursor.execute(sql)
                cursor.fetchall()

        return {
            "execute_iter": lambda sql: list(connection.execute_iter(sql)),
            "execute_with_progress": lambda sql: connection.execute_with_progress(sql).get_result(),
            "by keyword": lambda sql: connection.execute(query=sql),
            "cursor": by_cursor,
            "cursor that streams": lambda sql: by_cursor(sql, True),
        }

    def transact(self, connection: Any) -> None:
        """There is nothing of the kind."""

    def test_a_batch_of_what_is_no_insert_is_one_span_too(self, record: Recording, connection: Any) -> None:
        pytest.skip("only inserts have batches")

    def test_reading_many_rows_adds_no_span(self, record: Recording, connection: Any) -> None:
        assert len(self.run(connection, "SELECT number FROM system.numbers LIMIT 100000")) == 100_000
        assert len(record.spans()) == 1

    def test_an_insert_is_one_span_with_its_size_where_there_is_one(self, record: Recording, connection: Any) -> None:
        connection.execute(INSERT, ROWS)
        connection.execute(INSERT, [["a", "b", "c"], [1, 2, 3]], columnar=True)
        connection.execute(INSERT, (row for row in ROWS))
        assert [(span.name, (span.attributes or {}).get("db.operation.batch.size")) for span in record.spans()] == [
            ("INSERT items", 3),
            ("INSERT items", 3),
            ("INSERT items", None),
        ]
        assert connection.execute("SELECT count() FROM items") == [(9,)]

    def test_the_database_is_the_one_in_use(self, record: Recording, connection: Any) -> None:
        connection.execute("CREATE DATABASE IF NOT EXISTS other")
        connection.execute("USE other")
        connection.execute("SELECT 1")
        connection.execute("USE default")
        told = [(span.attributes or {})["db.namespace"] for span in record.spans()]
        assert told[0] == "default"
        assert told[2] == "other"

    def test_what_the_server_quotes_in_a_failure_stays_home(self, record: Recording, connection: Any) -> None:
        with pytest.raises(ServerException, match="hunter2"):
            connection.execute("SELECT 1 FROM , %(sku)s", {"sku": "hunter2"})
        span = record.span()
        assert "hunter2" not in repr([span.attributes, span.status.description, span.events[0].attributes])
        assert str(span.status.description).startswith("Code: ")

    def test_a_server_that_is_not_there_has_no_code(self, record: Recording) -> None:
        (nobody,) = free_ports(1)
        with pytest.raises(NetworkError):
            Client("127.0.0.1", nobody).execute(SELECT)
        attributes = record.span().attributes or {}
        assert attributes["error.type"] == "clickhouse_driver.errors.NetworkError"
        assert (attributes["server.port"], attributes.get("db.response.status_code")) == (nobody, None)
