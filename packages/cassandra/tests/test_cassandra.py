"""clew-cassandra passes the contract of a store against a real Cassandra (`nox -s cassandra`)."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from cassandra.concurrent import execute_concurrent
from cassandra.query import BatchStatement, SimpleStatement

import clew
from clew.testing.contracts.db_command import DbCommandContract
from clew.testing.recording import Recording
from clew_cassandra import plugin

PUT = "INSERT INTO items (sku, value) VALUES (%s, %s)"
GET = "SELECT value FROM items WHERE sku = %s"


def named(summary: str, text: str) -> tuple[str, dict[str, Any]]:
    return summary, {"db.query.summary": summary, "db.query.text": text}


class TestCassandra(DbCommandContract):
    plugin = plugin
    putting, getting, batching = named("INSERT items", PUT), named("SELECT items", GET), named("BATCH", "BATCH")
    beside = frozenset({"db.query.text", "db.operation.batch.size"})

    @pytest.fixture(autouse=True)
    def _server(self, cassandra: int) -> None:
        from cassandra.cluster import Cluster, Session  # which fails where a Python has no loop for it

        self.port, self.cluster = cassandra, Cluster
        self.patched = [(Session, "execute"), (Session, "execute_async")]
        self.where = {
            "db.system.name": "cassandra",
            "db.namespace": "shop",
            "server.address": "127.0.0.1",
            "server.port": cassandra,
        }

    @contextmanager
    def connect(self) -> Iterator[Any]:
        cluster = self.cluster(["127.0.0.1"], port=self.port)
        try:
            with clew.suppress():
                session = cluster.connect()
                replication = "{'class': 'SimpleStrategy', 'replication_factor': 1}"
                session.execute(f"CREATE KEYSPACE IF NOT EXISTS shop WITH replication = {replication}")
                session.set_keyspace("shop")
                session.execute("CREATE TABLE IF NOT EXISTS items (sku text PRIMARY KEY, value text)")
            yield session
        finally:
            cluster.shutdown()

    def put(self, client: Any, key: str, value: str) -> None:
        client.execute(PUT, (key, value))

    def get(self, client: Any, key: str) -> str | None:
        row = client.execute(GET, (key,)).one()
        return None if row is None else row.value

    def put_many(self, client: Any, values: dict[str, str]) -> None:
        batch = BatchStatement()
        for item in values.items():
            batch.add(SimpleStatement(PUT), item)
        client.execute(batch)

    def refused(self, client: Any, value: str) -> Any:
        client.execute(f"SELECT nothing FROM items WHERE sku = '{value}'")

    def test_a_mistake_of_ours_is_not_the_callers(self, record: Recording, client: Any, monkeypatch: Any) -> None:
        def broken(*args: Any) -> Any:
            raise RuntimeError("a mistake of ours")

        monkeypatch.setattr("clew.sql.describe", broken)
        self.put(client, "sku", "2")
        assert self.get(client, "sku") == "2"
        assert {span.name for span in record.spans()} == {"db.client"}

    def test_every_way_in_is_one_span(self, record: Recording, client: Any) -> None:
        client.execute_async(GET, ("sku",)).result()
        client.execute(client.prepare(GET.replace("%s", "?")), ("sku",))
        client.execute(SimpleStatement(GET), ("sku",))
        execute_concurrent(client, [(GET, ("sku",))])
        assert [span.name for span in record.spans()] == ["SELECT items"] * 4

    def test_a_future_lasts_until_its_first_page_and_no_longer(self, record: Recording, client: Any) -> None:
        for number in range(10):
            self.put(client, f"page{number}", "x")
        record.clear()
        over = threading.Event()
        future = client.execute_async(SimpleStatement("SELECT sku FROM items", fetch_size=3))
        future.add_callback(lambda rows: over.set())
        assert over.wait(10)
        assert record.span().name == "SELECT items"
        assert len(list(future.result())) >= 10
        assert len(record.spans()) == 1
        record.clear()
        with pytest.raises(Exception, match="nothing"):
            client.execute_async("SELECT nothing FROM items").result()
        assert (record.span().attributes or {})["error.type"] == "cassandra.InvalidRequest"

    def test_literals_of_cql_stay_home(self, record: Recording, client: Any) -> None:
        with pytest.raises(Exception):  # noqa: B017
            client.execute(
                "SELECT a FROM b WHERE c = f47ac10b-58cc-4372-a567-0e02b2c3d479 AND d > P1Y2M AND e = 0xCAFE"
            )
        attributes = record.span().attributes or {}
        assert attributes["db.query.text"] == "SELECT a FROM b WHERE c = ? AND d > ? AND e = ?"
