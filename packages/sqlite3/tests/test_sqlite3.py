"""clew-sqlite3 passes the contract of a database driver, by cursor and by connection."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from clew.testing.contracts.db_client import DbClientContract
from clew.testing.recording import enabled
from clew_sqlite3 import plugin


class TestConnection(DbClientContract):
    plugin = plugin
    where = {"db.system.name": "sqlite", "db.namespace": "shop.db"}

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


class TestCursor(TestConnection):
    def run(self, connection: Any, sql: str, *parameters: Any) -> list[Any]:
        return connection.cursor().execute(sql, parameters).fetchall()

    def run_many(self, connection: Any, sql: str, parameters: list[tuple[Any, ...]]) -> None:
        connection.cursor().executemany(sql, parameters)


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
        assert type(cursor) is MyCursor
        connection.execute("SELECT 1")
        assert isinstance(connection.cursor(), sqlite3.Cursor)
    assert [span.name for span in record.spans()] == ["SELECT"]


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
