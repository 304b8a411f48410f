"""clew-pyodbc passes the contract of a database driver against a real PostgreSQL, over its ODBC driver."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any
from urllib.parse import urlsplit

import pyodbc
import pytest
from servers.fixtures import unavailable

from clew.testing.contracts.db_client import DbClientContract
from clew.testing.recording import Recording
from clew_pyodbc import plugin


class TestPyodbc(DbClientContract):
    plugin = plugin
    code_of_missing_table = "42P01"
    follows_early_connections = False

    @pytest.fixture(autouse=True)
    def _server(self, postgres: str) -> None:
        drivers = [name for name in pyodbc.drivers() if name.startswith("PostgreSQL")]
        if not drivers:
            unavailable("There is no ODBC driver of PostgreSQL: install your system's odbc-postgresql package.")
        url = urlsplit(postgres)
        self.url = f"Driver={{{drivers[-1]}}};Server={url.hostname};Port={url.port};Database=postgres;Uid=clew;"
        self.where = {
            "db.system.name": "postgresql",
            "db.namespace": "postgres",
            "server.address": url.hostname,
        }

    @contextmanager
    def connect(self) -> Iterator[Any]:
        with closing(pyodbc.connect(self.url, autocommit=True)) as connection:
            yield connection

    def run(self, connection: Any, sql: str, *parameters: Any) -> list[Any]:
        cursor = connection.execute(sql, *parameters)
        return cursor.fetchall() if cursor.description else []

    def run_many(self, connection: Any, sql: str, parameters: list[tuple[Any, ...]]) -> None:
        connection.cursor().executemany(sql, parameters)

    def ways(self, connection: Any) -> dict[str, Any]:
        return {
            "a cursor": lambda sql: connection.cursor().execute(sql).fetchall(),
            "a block": lambda sql: self.in_a_block(connection, sql),
        }

    def in_a_block(self, connection: Any, sql: str) -> None:
        with connection, connection.cursor() as cursor:
            assert list(cursor.execute(sql)) == []

    def transact(self, connection: Any) -> None:
        connection.autocommit = False
        connection.commit()
        connection.rollback()
        connection.autocommit = True

    def test_what_stands_in_is_what_it_stands_for(self, record: Recording, connection: Any) -> None:
        cursor = connection.cursor()
        assert isinstance(connection, pyodbc.Connection)
        assert isinstance(cursor, pyodbc.Cursor)
        assert cursor.connection is connection
        cursor.arraysize = 7
        assert cursor.arraysize == 7
        assert cursor.execute("SELECT 1") is cursor
        assert cursor.fetchval() == 1
