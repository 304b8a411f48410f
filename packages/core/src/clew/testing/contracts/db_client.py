"""What every plugin for a database driver must show."""

from __future__ import annotations

import contextlib
import os
import re
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.context import set_value
from opentelemetry.trace import SpanKind, StatusCode

import clew
from clew import settings, slow
from clew.instrumentor import ConnectionInstrumentor, Instrumentor
from clew.operation import WORK
from clew.plugin import Plugin
from clew.propagation import REQUEST_ID, attach, detach, get_current
from clew.testing.contracts.instrumentor import InstrumentorContract
from clew.testing.recording import Recording, configured, enabled

METRIC = "db.client.operation.duration"
SELECT = "SELECT sku FROM items"


class DbClientContract(InstrumentorContract):
    """Subclass it as TestX, set `plugin` and `where`, and define `connect`, `run`, `run_many`.

    The database is empty; the contract makes a table `items` and drops it.
    """

    plugin: Plugin
    #: The attributes that say which database it is.
    where: dict[str, Any]
    placeholder: str = "?"
    #: What the driver says of a table that does not exist, if it says more than the exception's type.
    code_of_missing_table: str | None = None
    #: Whether a connection that was made before the plugin was enabled is followed.
    follows_early_connections: bool = True

    #: A statement that returns its own text, as the server got it; and whether it is sent as text, not prepared.
    own_text: str | None = None
    sends_text: bool = True

    #: What is told of the plan of a statement with a literal, where the driver can be asked for it.
    plan: str | None = None

    def connect(self) -> AbstractContextManager[Any]:
        """A connection of the library, closed at the end; every statement takes effect at once."""
        raise NotImplementedError

    def run(self, connection: Any, sql: str, *parameters: Any) -> list[Any]:
        """One statement with parameters; its rows, if it has any."""
        raise NotImplementedError

    def run_many(self, connection: Any, sql: str, parameters: list[tuple[Any, ...]]) -> None:
        """One statement, once for each set of parameters, in one call of the library."""
        raise NotImplementedError

    def ways(self, connection: Any) -> Mapping[str, Callable[[str], Any]]:
        """Every other way of the library to run a statement."""
        return {}

    def transact(self, connection: Any) -> None:
        """Begins, commits, begins again and rolls back as the library has it; pings, if there is such a thing."""
        for statement in ("BEGIN", "COMMIT", "BEGIN", "ROLLBACK"):
            self.run(connection, statement)

    @pytest.fixture
    def piece(self) -> Callable[[], Any]:
        def run() -> Any:
            with self.connect() as connection:
                return list(map(tuple, self.run(connection, "SELECT 1")))

        return run

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

    def test_one_connection_may_be_followed_by_itself(self, instrumentor: Instrumentor, own: Recording) -> None:
        if not isinstance(instrumentor, ConnectionInstrumentor):
            pytest.skip("its instrumentor follows no single connection")
        with self.connect() as one, self.connect() as other:
            followed = instrumentor.instrument_connection(one, tracer_provider=own.tracer_provider)
            for connection in (followed, other):
                self.run(connection, "SELECT 1")
            assert [span.name for span in own.spans()] == ["SELECT"]
            left = instrumentor.uninstrument_connection(followed)
            assert left is one
            self.run(left, "SELECT 1")
        assert len(own.spans()) == 1

    def test_every_way_in_is_one_span(self, record: Recording, connection: Any) -> None:
        told = {}
        for way, run in self.ways(connection).items():
            record.clear()
            run(SELECT)
            told[way] = [span.name for span in record.spans()]
        assert {way: names for way, names in told.items() if names != ["SELECT items"]} == {}, told

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
        assert len(record.spans()) == 1
        for secret in ("hunter2", "hunter3", "4711", "4712"):
            assert secret not in told

    def test_a_batch_is_one_span_with_its_size(self, record: Recording, connection: Any) -> None:
        mark = self.placeholder
        rows = [(f"s{number}", number) for number in range(5)]
        self.run_many(connection, f"INSERT INTO items VALUES ({mark}, {mark})", rows)
        assert (record.span().attributes or {})["db.operation.batch.size"] == 5
        record.clear()
        assert len(self.run(connection, SELECT)) == 5

    def test_a_batch_of_what_is_no_insert_is_one_span_too(self, record: Recording, connection: Any) -> None:
        mark = self.placeholder
        self.run_many(connection, f"UPDATE items SET sku = {mark} WHERE number = {mark}", [("a", 1), ("b", 2)])
        assert [span.name for span in record.spans()] == ["UPDATE items"]

    def test_reading_many_rows_adds_no_span(self, record: Recording, connection: Any) -> None:
        rows = ", ".join(f"('s', {number})" for number in range(10))
        self.run(connection, f"INSERT INTO items VALUES {rows}")
        record.clear()
        tens = ", ".join(f"items {alias}" for alias in "abcd")
        assert len(self.run(connection, f"SELECT a.sku FROM {tens}")) == 10_000
        assert len(record.spans()) == 1

    def test_a_failure_is_the_drivers_own_and_is_recorded(self, record: Recording, connection: Any) -> None:
        with pytest.raises(Exception) as raised:
            self.run(connection, "SELECT nothing FROM nowhere")
        span = record.span()
        kind = type(raised.value)
        name = f"{kind.__module__}.{kind.__qualname__}"
        assert span.status.status_code is StatusCode.ERROR
        told = {"error.type": name, "db.response.status_code": self.code_of_missing_table}
        if self.code_of_missing_table is None:
            del told["db.response.status_code"]
        point = record.points(METRIC)[0][0]
        for attributes in (span.attributes or {}, point):
            assert {key: attributes.get(key) for key in told} == told
        assert [(event.attributes or {})["exception.type"] for event in span.events] == [name]

    def test_begin_and_commit_are_not_recorded(self, record: Recording, connection: Any) -> None:
        self.transact(connection)
        self.run(connection, SELECT)
        assert [span.name for span in record.spans()] == ["SELECT items"]

    def test_the_span_is_a_child_of_the_current_one_and_has_its_request_id(
        self, record: Recording, connection: Any
    ) -> None:
        with trace.get_tracer("test").start_as_current_span("parent") as parent, _request("order-1"):
            self.run(connection, SELECT)
        child = record.spans()[0]
        assert child.parent is not None
        assert child.parent.span_id == parent.get_span_context().span_id
        assert (child.attributes or {})["request.id"] == "order-1"

    def test_a_slow_statement_names_the_line_it_comes_from_and_is_logged_once(
        self, record: Recording, connection: Any, monkeypatch: Any, caplog: Any
    ) -> None:
        slow._hourly.forget()
        monkeypatch.setattr("clew.recorder.clock", lambda: time.perf_counter_ns() + 10**12)
        with _request("order-1"):
            for _ in range(2):
                self.run(connection, SELECT)
        for span in record.spans():
            attributes = span.attributes or {}
            assert os.path.basename(str(attributes["code.file.path"])).startswith("test_")
            assert isinstance(attributes["code.line.number"], int)
            assert "." in str(attributes["code.function.name"])
        (line,) = [message for message in caplog.messages if message.startswith("clew: ")]
        assert line.startswith("clew: SELECT items took 1000.")
        assert line.endswith("; request order-1")

    def test_the_plan_of_a_slow_statement_is_told_once_where_that_is_wanted(
        self, monkeypatch: Any, caplog: Any
    ) -> None:
        if self.plan is None:
            pytest.skip("no plans of this driver")
        _every_statement_is_slow(monkeypatch)
        asked = f"SELECT number FROM items WHERE sku = 'hunter2' OR sku = {self.placeholder}"
        with configured(CLEW_EXPLAIN="on"), enabled(self.plugin) as record, self.connect() as connection:
            self.run(connection, "DROP TABLE IF EXISTS items")
            self.run(connection, "CREATE TABLE items (sku VARCHAR(40), number INTEGER)")
            self.run(connection, "INSERT INTO items VALUES ('hunter2', 1), ('hunter3', 2)")
            record.clear()
            caplog.clear()
            for _ in range(2):
                assert sorted(row[0] for row in self.run(connection, asked, "hunter3")) == [1, 2]
            self.run(connection, "INSERT INTO items VALUES ('hunter4', 3)")
            first, second, insert = (span.attributes or {} for span in record.spans())
            self.run(connection, "DROP TABLE items")
        assert re.search(self.plan, str(first["clew.db.plan"])), first
        assert "clew.db.plan" not in {*second, *insert}
        assert [message.partition("; plan: ")[2] for message in caplog.messages if "plan" in message] == [
            first["clew.db.plan"]
        ]
        assert "hunter" not in repr([first, second, insert, caplog.messages])

    def test_plans_can_be_asked_for_by_one_plugin_alone(self, monkeypatch: Any) -> None:
        if self.plan is None:
            pytest.skip("no plans of this driver")
        _every_statement_is_slow(monkeypatch)
        wanted = {f"CLEW_{self.plugin.words[0]}_EXPLAIN": "on"}
        with configured(**wanted), enabled(self.plugin) as record, self.connect() as connection:
            self.run(connection, "DROP TABLE IF EXISTS items")
            self.run(connection, "CREATE TABLE items (sku VARCHAR(40), number INTEGER)")
            self.run(connection, "SELECT number FROM items")
            self.run(connection, "DROP TABLE items")
        assert "clew.db.plan" in {key for span in record.spans() for key in span.attributes or {}}

    @pytest.mark.parametrize("kind", ["off", "request", "static"])
    def test_the_server_is_told_whose_statement_it_is_where_that_is_wanted(self, kind: str, monkeypatch: Any) -> None:
        if self.own_text is None:
            pytest.skip("no server to tell")
        monkeypatch.setenv("CLEW_SQL_COMMENT", kind)
        settings.current.cache_clear()
        work = SimpleNamespace(route="/items/<sku>/*/ 'x'", request_id="order-1", sheet=None, recorded=None)
        try:
            with (
                enabled(self.plugin) as record,
                self.connect() as connection,
                trace.get_tracer("test").start_as_current_span("parent"),
                _request("order-1", work),
            ):
                plain = self.run(connection, self.own_text)[0][0]
                marked = self.run(connection, f"{self.own_text} AND 1 = {self.placeholder}", 1)[0][0]
        finally:
            monkeypatch.undo()
            settings.current.cache_clear()
        parent = next(span for span in record.spans() if span.name == "parent")
        expected = {
            "off": "",
            "request": f" /*request_id='order-1',traceparent='00-{parent.context.trace_id:032x}-",
            "static": " /*route='%2Fitems%2F%3Csku%3E%2F%2A%2F%20%27x%27'*/",
        }[kind]
        for text in (plain, marked):
            assert "/*" not in str(text) if not (expected and self.sends_text) else expected in str(text)
        assert not [span for span in record.spans() if "order-1" in str((span.attributes or {}).get("db.query.text"))]

    def test_within_suppress_nothing_is_recorded(self, record: Recording, connection: Any) -> None:
        with clew.suppress():
            self.run(connection, SELECT)
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
        clients = [span for span in record.spans() if "column_" in str((span.attributes or {}).get("db.query.text"))]
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
        assert list(self.run(connection, SELECT)) == []
        assert [span.name for span in record.spans()] == ["db.client"]

    def test_calls_that_the_driver_refuses_do_not_count_as_mistakes_of_ours(
        self, record: Recording, connection: Any, caplog: Any
    ) -> None:
        """Three of them in a minute would switch the plugin off."""
        for _ in range(4):
            with contextlib.suppress(Exception):
                self.run(connection, 42)  # type: ignore[arg-type]
        record.clear()
        self.run(connection, SELECT)
        assert [span.name for span in record.spans()] == ["SELECT items"]
        assert [entry for entry in caplog.records if entry.name == "clew"] == []

    def test_classes_stay_what_they_are(self) -> None:
        """isinstance, repr, and functions of C that want just this type look at the class."""
        with self.connect() as plain:
            expected = type(plain)
        with enabled(self.plugin), self.connect() as connection:
            assert isinstance(connection, expected)
            assert (type(connection).__name__, type(connection).__module__) == (expected.__name__, expected.__module__)

    def test_a_connection_made_before_enabling_is_followed(self) -> None:
        if not self.follows_early_connections:
            pytest.skip("classes of C, of which only new connections are followed")
        with self.connect() as connection:
            with enabled(self.plugin) as record:
                self.run(connection, "SELECT 1 AS one")
            assert [span.name for span in record.spans()] == ["SELECT"]
            assert (record.span().attributes or {})["db.system.name"] == self.where["db.system.name"]

    def test_after_disabling_nothing_is_recorded_and_everything_is_as_before(self) -> None:
        before = _contents_of(self.plugin.name)
        with enabled(self.plugin) as record, self.connect() as connection:
            pass
        after = _contents_of(self.plugin.name)
        assert {place for place, value in before.items() if after.get(place) is not value} == set()
        with self.connect() as connection:
            self.run(connection, "SELECT 1")
        assert list(record.spans()) == []


def _every_statement_is_slow(monkeypatch: Any) -> None:
    """And none has been asked for its plan."""
    monkeypatch.setattr("clew.explaining._asked", set())
    for module in ("recorder", "explaining"):
        monkeypatch.setattr(f"clew.{module}.clock", lambda: time.perf_counter_ns() + 10**12)


@contextmanager
def _request(request_id: str, work: Any = None) -> Iterator[None]:
    token = attach(set_value(WORK, work, set_value(REQUEST_ID, request_id, get_current())))
    try:
        yield
    finally:
        detach(token)


def _contents_of(library: str) -> dict[str, Any]:
    """Every function and class in the library's modules and in their classes, by its place."""
    found = {}
    for name, module in list(sys.modules.items()):
        if f"{name}.".startswith(f"{library.partition('.')[0]}.") and "test" not in name:
            for key, value in list(vars(module).items()):
                found[f"{name}:{key}"] = value
                if isinstance(value, type):
                    found |= {f"{name}:{key}.{inner}": member for inner, member in vars(value).items()}
    return {
        place: value
        for place, value in found.items()
        if isinstance(value, (classmethod, staticmethod)) or callable(value)
    }
