"""What every plugin for a database driver must show."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.trace import SpanKind, StatusCode

import clew
from clew.plugin import Plugin
from clew.testing.recording import Recording, enabled

METRIC = "db.client.operation.duration"


class DbClientContract:
    """Subclass it as TestX, set `plugin` and `where`, and define `connect`, `run`, `run_many`.

    The database is empty; the contract makes a table `items` and drops it.
    """

    plugin: Plugin
    #: The attributes that say which database it is.
    where: dict[str, Any]
    placeholder: str = "?"

    def connect(self) -> AbstractContextManager[Any]:
        """A connection of the library, closed at the end."""
        raise NotImplementedError

    def run(self, connection: Any, sql: str, *parameters: Any) -> list[Any]:
        """One statement with parameters; its rows, if it has any."""
        raise NotImplementedError

    def run_many(self, connection: Any, sql: str, parameters: list[tuple[Any, ...]]) -> None:
        """One statement, once for each set of parameters, in one call of the library."""
        raise NotImplementedError

    @pytest.fixture
    def record(self) -> Iterator[Recording]:
        with enabled(self.plugin) as record:
            yield record

    @pytest.fixture
    def connection(self, record: Recording) -> Iterator[Any]:
        with self.connect() as connection:
            self.run(connection, "DROP TABLE IF EXISTS items")
            self.run(connection, "CREATE TABLE items (sku VARCHAR(40), number INTEGER)")
            record.clear()
            yield connection
            self.run(connection, "DROP TABLE items")

    def test_a_statement_is_one_client_span_and_one_point(self, record: Recording, connection: Any) -> None:
        self.run(connection, "SELECT sku FROM items WHERE number = 42")
        span = record.span()
        assert (span.name, span.kind, span.status.status_code) == ("SELECT items", SpanKind.CLIENT, StatusCode.UNSET)
        assert dict(span.attributes or {}) == {
            **self.where,
            "db.query.summary": "SELECT items",
            "db.query.text": "SELECT sku FROM items WHERE number = ?",
        }
        assert record.points(METRIC) == [({**self.where, "db.query.summary": "SELECT items"}, 1)]

    def test_the_result_is_what_it_is_without_us(self, record: Recording, connection: Any) -> None:
        mark = self.placeholder
        self.run(connection, f"INSERT INTO items VALUES ({mark}, {mark})", "a", 1)
        assert [tuple(row) for row in self.run(connection, "SELECT sku, number FROM items")] == [("a", 1)]
        assert [span.name for span in record.spans()] == ["INSERT items", "SELECT items"]

    def test_neither_literals_nor_parameters_leave(self, record: Recording, connection: Any) -> None:
        mark = self.placeholder
        self.run(
            connection, f"SELECT 'hunter2', number FROM items WHERE sku = {mark} AND number IN (4711, 4712)", "hunter3"
        )
        told = repr([(span.name, span.attributes, span.events) for span in record.spans()])
        for secret in ("hunter2", "hunter3", "4711", "4712"):
            assert secret not in told

    def test_a_batch_is_one_span_with_its_size(self, record: Recording, connection: Any) -> None:
        mark = self.placeholder
        rows = [(f"s{number}", number) for number in range(5)]
        self.run_many(connection, f"INSERT INTO items VALUES ({mark}, {mark})", rows)
        assert (record.span().attributes or {})["db.operation.batch.size"] == 5
        record.clear()
        assert len(self.run(connection, "SELECT sku FROM items")) == 5

    def test_reading_many_rows_adds_no_span(self, record: Recording, connection: Any) -> None:
        mark = self.placeholder
        self.run_many(connection, f"INSERT INTO items VALUES ({mark}, {mark})", [("s", n) for n in range(1000)])
        record.clear()
        assert len(self.run(connection, "SELECT sku FROM items")) == 1000
        assert len(record.spans()) == 1

    def test_a_failure_is_the_drivers_own_and_is_recorded(self, record: Recording, connection: Any) -> None:
        with pytest.raises(Exception) as raised:
            self.run(connection, "SELECT nothing FROM nowhere")
        span = record.span()
        kind = type(raised.value)
        name = f"{kind.__module__}.{kind.__qualname__}"
        assert span.status.status_code is StatusCode.ERROR
        assert (span.attributes or {})["error.type"] == name
        assert [(event.attributes or {})["exception.type"] for event in span.events] == [name]
        assert record.points(METRIC)[0][0]["error.type"] == name

    def test_the_span_is_a_child_of_the_current_one(self, record: Recording, connection: Any) -> None:
        with trace.get_tracer("test").start_as_current_span("parent") as parent:
            self.run(connection, "SELECT sku FROM items")
        child = record.spans()[0]
        assert child.parent is not None
        assert child.parent.span_id == parent.get_span_context().span_id

    def test_within_suppress_nothing_is_recorded(self, record: Recording, connection: Any) -> None:
        with clew.suppress():
            self.run(connection, "SELECT sku FROM items")
        assert (list(record.spans()), record.points(METRIC)) == ([], [])

    def test_threads_with_connections_of_their_own_do_not_mix(self, record: Recording, connection: Any) -> None:
        def work(number: int) -> None:
            with trace.get_tracer("test").start_as_current_span(f"thread {number}"), self.connect() as own:
                self.run(own, f"SELECT {number} AS column_{number}")

        threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        parents = {span.context.span_id: span.name for span in record.spans() if span.kind is SpanKind.INTERNAL}
        clients = [span for span in record.spans() if span.kind is SpanKind.CLIENT]
        assert len(clients) == 8
        for span in clients:
            assert span.parent is not None
            assert (
                parents[span.parent.span_id].split()[1] == str((span.attributes or {})["db.query.text"]).split("_")[-1]
            )

    def test_a_mistake_of_ours_is_not_the_callers(self, record: Recording, connection: Any, monkeypatch: Any) -> None:
        def broken(*args: Any) -> Any:
            raise RuntimeError("a mistake of ours")

        monkeypatch.setattr("clew.sql.describe", broken)
        assert self.run(connection, "SELECT sku FROM items") == []
        assert [span.name for span in record.spans()] == ["db.client"]

    def test_after_disabling_nothing_is_recorded(self) -> None:
        with enabled(self.plugin) as record:
            pass
        with self.connect() as connection:
            self.run(connection, "SELECT 1")
        assert list(record.spans()) == []
