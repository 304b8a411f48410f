"""clew-duckdb passes the contract of a database driver."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pytest

from clew.testing.contracts.db_client import DbClientContract
from clew.testing.recording import enabled
from clew_duckdb import plugin


class TestDuckDB(DbClientContract):
    plugin = plugin
    where = {"db.system.name": "duckdb", "db.namespace": "shop.db"}

    @pytest.fixture(autouse=True)
    def _file(self, tmp_path: Path) -> None:
        self.path = tmp_path / "shop.db"

    @contextmanager
    def connect(self) -> Iterator[Any]:
        with duckdb.connect(str(self.path)) as connection:
            yield connection

    def run(self, connection: Any, sql: str, *parameters: Any) -> list[Any]:
        return connection.execute(sql, parameters).fetchall()

    def run_many(self, connection: Any, sql: str, parameters: list[tuple[Any, ...]]) -> None:
        connection.executemany(sql, parameters)

    def ways(self, connection: Any) -> dict[str, Any]:
        return {
            "a cursor": connection.cursor().execute,
            "a relation": lambda sql: connection.sql(sql).fetchall(),
            "a query": lambda sql: connection.query(sql).fetchall(),
        }

    def transact(self, connection: Any) -> None:
        super().transact(connection)
        connection.begin()
        connection.commit()
        connection.begin()
        connection.rollback()


def test_the_functions_of_the_module_are_followed() -> None:
    with enabled(plugin) as record:
        assert duckdb.execute("SELECT 42").fetchall() == [(42,)]
        assert duckdb.sql("SELECT 42").fetchall() == [(42,)]
    assert [span.name for span in record.spans()] == ["SELECT", "SELECT"]
    assert "db.namespace" not in (record.spans()[0].attributes or {})
