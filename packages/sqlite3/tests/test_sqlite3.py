"""clew-sqlite3 passes the contract of a database driver, by cursor and by connection."""

import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from clew.testing.contracts.db_client import DbClientContract
from clew.testing.recording import Recording, enabled, recording
from clew_sqlite3 import plugin
from clew_sqlite3.instrumentor import SQLite3Instrumentor


class TestConnection(DbClientContract):
    plugin = plugin
    plan = r"^SCAN (?:TABLE )?items$"
    where = {"db.system.name": "sqlite", "db.namespace": "shop.db"}
    code_of_missing_table = "SQLITE_ERROR" if sys.version_info >= (3, 11) else None
    follows_early_connections = False

    @pytest.fixture(autouse=True)
    def _file(self, tmp_path: Path) -> None:
        self.path = tmp_path / "shop.db"

    @contextmanager
    def connect(self) -> Iterator[Any]:
        with closing(sqlite3.connect(self.path, isolation_level=None)) as connection:
            yield connection

    def run(self, connection: Any, sql: str, *parameters: Any) -> list[Any]:
        return connection.execute(sql, parameters).fetchall()

    def run_many(self, connection: Any, sql: str, parameters: list[tuple[Any, ...]]) -> None:
        connection.executemany(sql, parameters)

    def ways(self, connection: Any) -> dict[str, Any]:
        return {
            "a script": connection.executescript,
            "a script of a cursor": lambda sql: connection.cursor().executescript(sql),
            "a cursor that is iterated": lambda sql: list(connection.cursor().execute(sql)),
            "a connection as context manager": lambda sql: self.within(connection, sql),
            "a cursor of a class of its own": lambda sql: connection.cursor(factory=MyCursor).execute(sql),
        }

    def within(self, connection: Any, sql: str) -> None:
        with connection:
            connection.execute(sql)

    def transact(self, connection: Any) -> None:
        super().transact(connection)
        connection.isolation_level = "DEFERRED"
        connection.commit()
        connection.rollback()
        connection.isolation_level = None


class TestCursor(TestConnection):
    def run(self, connection: Any, sql: str, *parameters: Any) -> list[Any]:
        return connection.cursor().execute(sql, parameters).fetchall()

    def run_many(self, connection: Any, sql: str, parameters: list[tuple[Any, ...]]) -> None:
        connection.cursor().executemany(sql, parameters)


def test_a_connection_that_is_there_already_may_be_followed_by_itself() -> None:
    own, other = Recording(), recording()
    other.clear()
    with closing(sqlite3.connect(":memory:")) as real, closing(sqlite3.connect(":memory:")) as another:
        followed = SQLite3Instrumentor.instrument_connection(real, tracer_provider=own.tracer_provider)
        assert isinstance(followed, sqlite3.Connection)
        assert followed.cursor().execute("SELECT 1").fetchall() == followed.execute("SELECT 1").fetchall() == [(1,)]
        another.execute("SELECT 1")
        assert SQLite3Instrumentor.uninstrument_connection(followed) is real
        real.execute("SELECT 1")
    assert [span.name for span in own.spans()] == ["SELECT", "SELECT"]
    assert not other.spans()


class MyConnection(sqlite3.Connection):
    pass


class MyCursor(sqlite3.Cursor):
    pass


def test_classes_of_the_application_stay_what_they_are() -> None:
    """isinstance, repr and pickling look at the class; a subclass with its name answers as the class itself."""
    with enabled(plugin) as record, closing(sqlite3.connect(":memory:", factory=MyConnection)) as connection:
        cursor = connection.cursor(MyCursor)
        assert isinstance(connection, MyConnection)
        assert type(connection).__name__ == "MyConnection"
        assert isinstance(cursor, MyCursor)
        assert type(cursor).__name__ == "MyCursor"
        connection.execute("SELECT 1")
        assert isinstance(connection.cursor(), sqlite3.Cursor)
    assert [span.name for span in record.spans()] == ["SELECT"]


class Cooperative(sqlite3.Cursor):
    def execute(self, sql: str, *parameters: Any) -> Any:
        return super().execute(sql, *parameters)


class Explicit(sqlite3.Cursor):
    def execute(self, sql: str, *parameters: Any) -> Any:
        return sqlite3.Cursor.execute(self, sql, *parameters)


@pytest.mark.parametrize("kind", [Cooperative, Explicit])
def test_a_method_around_the_librarys_own_is_one_span(kind: type[sqlite3.Cursor]) -> None:
    """Such as that of Django's cursors, of new and of older versions."""
    with enabled(plugin) as record, closing(sqlite3.connect(":memory:")) as connection:
        assert connection.cursor(factory=kind).execute("SELECT 1").fetchall() == [(1,)]
        assert connection.cursor(kind).execute("SELECT ?", (2,)).fetchall() == [(2,)]
    assert [span.name for span in record.spans()] == ["SELECT", "SELECT"]


def test_a_script_is_one_span() -> None:
    with enabled(plugin) as record, closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript("CREATE TABLE a (b); INSERT INTO a VALUES ('hunter2');")
        connection.cursor().executescript("DELETE FROM a")
    assert [span.name for span in record.spans()] == ["CREATE TABLE a INSERT a", "DELETE a"]
    assert "hunter2" not in repr([span.attributes for span in record.spans()])


def test_a_database_in_memory_has_no_name() -> None:
    with enabled(plugin) as record, closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("SELECT 1")
    assert "db.namespace" not in (record.span().attributes or {})


def test_a_connection_that_lives_on_is_no_longer_followed() -> None:
    with enabled(plugin) as record:
        connection = sqlite3.connect(":memory:")
    with closing(connection):
        connection.execute("SELECT 1")
        connection.cursor().execute("SELECT 1")
    assert list(record.spans()) == []


def test_a_class_that_chooses_its_cursors_has_its_choice() -> None:
    class Chooses(sqlite3.Connection):
        def cursor(self, factory: Any = MyCursor) -> Any:
            return super().cursor(factory=factory)

    with enabled(plugin) as record, closing(sqlite3.connect(":memory:", factory=Chooses)) as connection:
        cursor = connection.cursor()
        cursor.execute("SELECT 1")
        assert isinstance(cursor, MyCursor)
    assert [span.name for span in record.spans()] == ["SELECT"]
