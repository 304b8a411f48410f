"""clew-sqlalchemy passes the contract of a database driver, on SQLite and PostgreSQL; sync, async, by Core and ORM."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from opentelemetry import trace
from opentelemetry.trace import SpanKind
from sqlalchemy import event, orm
from sqlalchemy.engine import Engine, make_url
from sqlalchemy.pool import NullPool, QueuePool

import clew_psycopg
import clew_sqlite3
from clew.conventions.db_pool import Pool
from clew.testing.contracts.db_client import METRIC, DbClientContract
from clew.testing.recording import Recording, assert_pool, enabled, recording
from clew_sqlalchemy import plugin
from clew_sqlalchemy.instrumentor import SQLAlchemyInstrumentor

NEW = not sa.__version__.startswith("1.")
new = pytest.mark.skipif(not NEW, reason="comes with SQLAlchemy 2")
COUNT = "db.client.connection.count"


def names(record: Recording) -> list[str]:
    return [span.name for span in record.spans() if span.kind is SpanKind.CLIENT]


class TestSqlite(DbClientContract):
    plugin = plugin
    where = {"db.system.name": "sqlite", "db.namespace": "shop.db"}

    @pytest.fixture(autouse=True)
    def _engine(self, tmp_path: Path) -> Iterator[None]:
        anywhere = {"check_same_thread": False}
        self.engine = sa.create_engine(f"sqlite:///{tmp_path}/shop.db", poolclass=QueuePool, connect_args=anywhere)
        yield
        self.engine.dispose()

    @contextmanager
    def connect(self) -> Iterator[Any]:
        with self.engine.connect() as connection:
            yield connection

    def run(self, connection: Any, sql: str, *parameters: Any) -> list[Any]:
        result = connection.exec_driver_sql(sql, parameters)
        return result.fetchall() if result.returns_rows else []

    def run_many(self, connection: Any, sql: str, parameters: list[tuple[Any, ...]]) -> None:
        connection.exec_driver_sql(sql, parameters)

    def test_neither_the_statement_nor_parameters_of_a_failure_leave(self, record: Recording, connection: Any) -> None:
        with pytest.raises(sa.exc.OperationalError, match="hunter3"):
            self.run(connection, "SELECT 'hunter2\nhunter4' FROM nowhere WHERE a = ?", "hunter3")
        span = record.span()
        assert "no such table: nowhere" in str(span.status.description)
        assert "hunter" not in repr(
            [span.status.description, span.attributes, [event.attributes for event in span.events]]
        )


class TestBesideTheDriver(TestSqlite):
    """Where the driver is followed too, there is one span all the same, and it is ours."""

    @pytest.fixture
    def record(self) -> Iterator[Recording]:
        with enabled(clew_sqlite3.plugin, plugin) as record:
            yield record

    def test_what_the_driver_runs_by_itself_is_the_drivers(self, record: Recording, connection: Any) -> None:
        connection.connection.execute("SELECT 7 AS number")
        self.run(connection, "SELECT sku FROM items")
        assert [(span.name, span.instrumentation_scope.name) for span in record.spans()] == [
            ("SELECT", "clew.sqlite3"),
            ("SELECT items", "clew.sqlalchemy"),
        ]


class TestPostgres(TestSqlite):
    placeholder = "%s"

    @pytest.fixture(autouse=True)
    def _engine(self, postgres: str) -> Iterator[None]:
        url = make_url(postgres).set(drivername="postgresql+psycopg" if NEW else "postgresql+psycopg2")
        self.engine = sa.create_engine(url, isolation_level="AUTOCOMMIT", pool_size=10)
        with self.engine.connect() as connection:  # what a dialect asks first
            connection.execute(sa.text("SELECT 1"))
        self.where = {
            "db.system.name": "postgresql",
            "db.namespace": url.database,
            "server.address": url.host,
            "server.port": url.port,
        }
        yield
        self.engine.dispose()

    @pytest.fixture
    def record(self) -> Iterator[Recording]:
        with enabled(clew_psycopg.plugin, plugin) as record:
            yield record

    def test_neither_the_statement_nor_parameters_of_a_failure_leave(self, record: Recording, connection: Any) -> None:
        with pytest.raises(sa.exc.ProgrammingError, match="hunter3"):
            self.run(connection, "SELECT 'hunter2' FROM nowhere WHERE a = %s", "hunter3")
        span = record.span()
        assert (span.attributes or {})["db.response.status_code"] == "42P01"
        assert "hunter" not in repr(
            [span.status.description, span.attributes, [event.attributes for event in span.events]]
        )

    def test_a_cursor_of_the_server_is_one_span(self, record: Recording, connection: Any) -> None:
        with self.engine.execution_options(isolation_level="READ COMMITTED").connect() as own:
            statement = sa.text("SELECT generate_series(1, 1000) AS number")
            rows = own.execution_options(stream_results=True).execute(statement)
            assert len(rows.fetchall()) == 1000
        assert names(record) == ["SELECT"]


Base: Any = orm.declarative_base()


class Item(Base):
    __tablename__ = "goods"
    id = sa.Column(sa.Integer, primary_key=True)
    sku = sa.Column(sa.String(40), unique=True)
    parts = orm.relationship("Part", lazy="selectin")


class Part(Base):
    __tablename__ = "parts"
    id = sa.Column(sa.Integer, primary_key=True)
    item_id = sa.Column(sa.Integer, sa.ForeignKey("goods.id"))


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    size = {"pool_size": 2, "max_overflow": 1, "connect_args": {"check_same_thread": False}}
    engine = sa.create_engine(f"sqlite:///{tmp_path}/shop.db", poolclass=QueuePool, **size)
    Base.metadata.create_all(engine)
    yield engine
    engine.dispose()


def test_the_orm_is_followed_by_its_statements(engine: Engine) -> None:
    with enabled(plugin, clew_sqlite3.plugin) as record, orm.Session(engine) as session:
        session.add(Item(sku="hunter2", parts=[Part(), Part()]))
        session.commit()
        record.clear()
        (item,) = session.query(Item).filter(Item.sku == "hunter2").all()
        assert len(item.parts) == 2
        session.rollback()
    assert names(record) == ["SELECT goods", "SELECT parts"]
    assert "hunter2" not in repr([span.attributes for span in record.spans()])


def test_many_rows_by_one_call_are_one_span_with_their_number(engine: Engine) -> None:
    """SQLAlchemy 2 makes one long INSERT of them when keys come back, or several, or calls executemany."""
    with enabled(plugin, clew_sqlite3.plugin) as record, orm.Session(engine) as session:
        session.add_all([Item(sku=f"sku{number}") for number in range(2500)])
        session.flush()
        if NEW:
            assert names(record) == ["INSERT goods"]
            assert (record.span().attributes or {})["db.operation.batch.size"] == 2500
            assert len(str((record.span().attributes or {})["db.query.text"])) < 100
        record.clear()
        session.execute(sa.insert(Part), [{"item_id": 1} for _ in range(2500)])
        assert (record.span().attributes or {})["db.operation.batch.size"] == 2500
        assert [count for _, count in record.points(METRIC)] == [1]
        record.clear()
        assert session.execute(sa.text("SELECT count(*) FROM parts")).scalar() == 2500
        assert names(record) == ["SELECT parts"]


def test_many_rows_that_fail_are_one_failed_span_and_nothing_stays_open(engine: Engine) -> None:
    with enabled(plugin, clew_sqlite3.plugin) as record, orm.Session(engine) as session:
        session.add_all([Item(sku=f"sku{number % 1500}") for number in range(2000)])
        with pytest.raises(sa.exc.IntegrityError):
            session.flush()
        session.rollback()
        attributes = record.spans()[-1].attributes or {}
        assert attributes["error.type"] == "sqlalchemy.exc.IntegrityError"
        record.clear()
        session.execute(sa.select(Item.sku)).all()
        assert names(record) == ["SELECT goods"]
    assert trace.get_current_span() is trace.INVALID_SPAN


def test_engines_and_connections_from_before_are_followed_and_left_alone_again(engine: Engine) -> None:
    plugin.disable()
    options = engine.execution_options(schema_translate_map=None)
    with engine.connect() as connection, options.connect() as other:
        with enabled(plugin) as record:
            connection.execute(sa.text("SELECT 1"))
            other.execute(sa.text("SELECT 2"))
            assert names(record) == ["SELECT", "SELECT"]
        connection.execute(sa.text("SELECT 3"))
        assert len(record.spans()) == 2
        assert not list(other.dispatch.before_cursor_execute)
    assert not hasattr(Engine.raw_connection, "__wrapped__")


def test_two_engines_are_told_apart(engine: Engine, tmp_path: Path) -> None:
    other = sa.create_engine(f"sqlite:///{tmp_path}/archive.db", poolclass=NullPool)
    with enabled(plugin) as record, engine.connect() as here, other.connect() as there:
        for connection in (here, there, here):
            connection.execute(sa.text("SELECT 1"))
    found = [(span.attributes or {})["db.namespace"] for span in record.spans()]
    assert found == ["shop.db", "archive.db", "shop.db"]


def test_a_listener_of_the_application_goes_on_as_before(engine: Engine) -> None:
    @event.listens_for(engine, "before_cursor_execute", retval=True)
    def comment(connection: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool) -> Any:
        return f"{statement} -- by the application", parameters

    with enabled(plugin) as record, engine.connect() as connection:
        assert connection.execute(sa.text("SELECT 7")).scalar() == 7
    assert names(record) == ["SELECT"]


@pytest.mark.parametrize(("moment", "calls"), [("before_cursor_execute", 0), ("after_cursor_execute", 1)])
def test_a_listener_that_raises_leaves_nothing_open(engine: Engine, moment: str, calls: int) -> None:
    def refuse(*args: Any) -> None:
        raise PermissionError("not today")

    with enabled(plugin) as record, engine.connect() as connection:
        event.listen(engine, moment, refuse)
        with pytest.raises(PermissionError):
            connection.execute(sa.text("SELECT 7"))
        assert names(record) == ["SELECT"] * calls
        event.remove(engine, moment, refuse)
        connection.execute(sa.text("SELECT 8"))
        assert names(record) == ["SELECT"] * (calls + 1)
    assert trace.get_current_span() is trace.INVALID_SPAN


def test_a_failure_that_no_event_tells_of_ends_with_the_next_statement(engine: Engine) -> None:
    with enabled(plugin) as record, engine.connect() as connection:
        silent = connection.execution_options(skip_user_error_events=True)
        with pytest.raises(sa.exc.OperationalError):
            silent.execute(sa.text("SELECT nothing FROM nowhere"))
        with engine.connect() as other:
            other.execute(sa.text("SELECT 8"))
    assert names(record) == ["SELECT nowhere", "SELECT"]
    assert trace.get_current_span() is trace.INVALID_SPAN


def test_the_pool_says_how_full_it_is_and_how_long_one_waits(engine: Engine) -> None:
    with enabled(plugin) as record:
        got = threading.Event()

        def wait() -> None:
            engine.raw_connection().close()
            got.set()

        held = [engine.raw_connection() for _ in range(3)]
        thread = threading.Thread(target=wait)
        thread.start()
        while [value for _, value in record.levels("db.client.connection.pending_requests")] != [1]:
            assert thread.is_alive()
        assert_pool(record, Pool("shop.db", 3, 0, 3), waits=3)
        for connection in held:
            connection.close()
        thread.join()
        assert got.is_set()
        assert_pool(record, Pool("shop.db", 0, 2, 3), waits=4)
    assert record.levels(COUNT) == []


@new
def test_the_pools_own_question_whether_a_connection_is_alive_is_no_call(postgres: str) -> None:
    engine = sa.create_engine(make_url(postgres).set(drivername="postgresql+psycopg"), pool_pre_ping=True)
    with enabled(plugin, clew_psycopg.plugin) as record:
        with engine.connect() as connection:
            connection.execute(sa.text("SELECT 7"))
        record.clear()
        for _ in range(3):
            with engine.connect() as connection:
                connection.execute(sa.text("SELECT 7"))
        engine.dispose()
    assert names(record) == ["SELECT"] * 3


def test_engines_that_share_a_pool_count_it_once(engine: Engine) -> None:
    with enabled(plugin) as record:
        options = engine.execution_options(logging_token="other")
        with engine.connect(), options.connect():
            assert sorted(value for _, value in record.levels(COUNT)) == [0, 2]


def test_a_pool_that_is_gone_is_not_told_of(tmp_path: Path) -> None:
    with enabled(plugin) as record:
        engine = sa.create_engine(f"sqlite:///{tmp_path}/gone.db", poolclass=QueuePool)
        with engine.connect():
            assert len(record.levels(COUNT)) == 2
        engine.dispose()
        del engine
        import gc

        gc.collect()
        assert record.levels(COUNT) == []


@new
class TestAsync:
    @pytest.fixture
    def url(self, postgres: str) -> Any:
        return make_url(postgres).set(drivername="postgresql+psycopg")

    def run(self, url: Any, work: Any, **options: Any) -> Recording:
        from sqlalchemy.ext.asyncio import create_async_engine

        async def main() -> None:
            engine = create_async_engine(url, **options)
            try:
                async with engine.connect() as connection:  # what a dialect asks first
                    await connection.execute(sa.text("SELECT 1"))
                recording().clear()
                await work(engine)
            finally:
                await engine.dispose()

        with enabled(plugin, clew_psycopg.plugin) as record:
            asyncio.run(main())
        return record

    def test_the_request_is_the_parent_of_each_statement(self, url: Any) -> None:
        async def task(engine: Any, number: int) -> None:
            with trace.get_tracer("test").start_as_current_span(f"task {number}"):
                async with engine.connect() as connection:
                    await connection.execute(sa.text(f"SELECT 1 AS first_{number}"))
                    await connection.execute(sa.text(f"SELECT 2 AS then_{number}"))

        async def work(engine: Any) -> None:
            await asyncio.gather(*(task(engine, number) for number in range(40)))

        record = self.run(url, work, pool_size=5)
        tasks = {span.context.span_id: span.name for span in record.spans() if span.context and span.parent is None}
        clients = [span for span in record.spans() if span.parent is not None]
        assert (len(tasks), len(clients)) == (40, 80)
        for span in clients:
            assert span.parent is not None
            number = tasks[span.parent.span_id].removeprefix("task ")
            assert str((span.attributes or {})["db.query.text"]).endswith(f"_{number}")

    def test_a_cancelled_statement_ends_its_span_and_leaves_nothing_behind(self, url: Any) -> None:
        async def work(engine: Any) -> None:
            async with engine.connect() as connection:
                with pytest.raises(asyncio.TimeoutError):
                    await asyncio.wait_for(connection.execute(sa.text("SELECT pg_sleep(60)")), 0.2)
            assert trace.get_current_span() is trace.INVALID_SPAN
            async with engine.connect() as connection:
                await connection.execute(sa.text("SELECT 7 AS after"))

        record = self.run(url, work)
        told = [(span.attributes or {}).get("error.type") for span in record.spans() if "SELECT" in span.name]
        assert told == ["asyncio.exceptions.CancelledError", None]

    def test_a_stream_is_one_span(self, url: Any) -> None:
        async def work(engine: Any) -> None:
            async with engine.connect() as connection:
                rows = await connection.stream(sa.text("SELECT generate_series(1, 1000) AS number"))
                assert len([row async for row in rows]) == 1000

        assert names(self.run(url, work)) == ["SELECT"]

    def test_sqlite_in_a_thread_of_its_own(self, tmp_path: Path) -> None:
        pytest.importorskip("aiosqlite")

        async def work(engine: Any) -> None:
            with trace.get_tracer("test").start_as_current_span("parent"):
                async with engine.connect() as connection:
                    await connection.execute(sa.text("SELECT 7"))

        record = self.run(f"sqlite+aiosqlite:///{tmp_path}/shop.db", work)
        child, parent = record.spans()
        assert child.parent is not None
        assert parent.context is not None
        assert child.parent.span_id == parent.context.span_id


def test_two_engines_may_have_different_options_and_a_third_none() -> None:
    own = [Recording(), Recording()]
    first, second, third = (sa.create_engine("sqlite://") for _ in range(3))
    instrumentor = SQLAlchemyInstrumentor()
    for engine, record in zip((first, second), own, strict=True):
        instrumentor.instrument(engine=engine, tracer_provider=record.tracer_provider)
    try:
        for times, engine in enumerate((first, second, third), 1):
            with engine.connect() as connection:
                for _ in range(times):
                    connection.execute(sa.text("SELECT 1"))
        assert [len(record.spans()) for record in own] == [1, 2]
        plugin.leave(first)
        with first.connect() as connection:
            connection.execute(sa.text("SELECT 1"))
        assert [len(record.spans()) for record in own] == [1, 2]
    finally:
        instrumentor.uninstrument()
    with second.connect() as connection:
        connection.execute(sa.text("SELECT 1"))
    assert [len(record.spans()) for record in own] == [1, 2]
