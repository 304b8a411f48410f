"""clew-mysqlclient passes the contract of a database driver against a real MariaDB, with every kind of cursor."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest

from clew.testing.contracts.db_client import DbClientContract
from clew.testing.recording import Recording
from clew_mysqlclient import plugin

MySQLdb = pytest.importorskip("MySQLdb", reason="mysqlclient has to be built: it has no wheels for Linux")
pytest.importorskip("MySQLdb.cursors")


class TestMySQLdb(DbClientContract):
    plugin = plugin
    own_text = "SELECT info FROM information_schema.processlist WHERE id = connection_id()"
    placeholder = "%s"
    code_of_missing_table = "1146"

    @pytest.fixture(autouse=True)
    def _server(self, mariadb: Any) -> None:
        self.server = mariadb._asdict()
        self.where = {
            "db.system.name": "mariadb",
            "db.namespace": mariadb.database,
            "server.address": mariadb.host,
            "server.port": mariadb.port,
        }

    @contextmanager
    def connect(self) -> Iterator[Any]:
        with closing(MySQLdb.connect(**self.server, autocommit=True)) as connection:
            yield connection

    def run(self, connection: Any, sql: str, *parameters: Any) -> list[Any]:
        with connection.cursor() as cursor:
            cursor.execute(sql, parameters or None)
            return list(cursor.fetchall())

    def run_many(self, connection: Any, sql: str, parameters: list[tuple[Any, ...]]) -> None:
        with connection.cursor() as cursor:
            cursor.executemany(sql, parameters)

    def ways(self, connection: Any) -> dict[str, Any]:
        return {
            kind.__name__: lambda sql, kind=kind: self.with_cursor(connection, kind, sql)
            for kind in (MySQLdb.cursors.DictCursor, MySQLdb.cursors.SSCursor, MySQLdb.cursors.SSDictCursor)
        }

    def with_cursor(self, connection: Any, kind: Any, sql: str) -> None:
        with connection.cursor(kind) as cursor:
            cursor.execute(sql)
            assert list(cursor) == []

    def transact(self, connection: Any) -> None:
        super().transact(connection)
        connection.ping()
        connection.begin()
        connection.commit()
        connection.rollback()

    def test_a_procedure_is_one_span(self, record: Recording, connection: Any) -> None:
        self.run(connection, "CREATE OR REPLACE PROCEDURE twice(n INTEGER) SELECT 2 * n")
        record.clear()
        with connection.cursor() as cursor:
            cursor.callproc("twice", [21])
            assert cursor.fetchall() == ((42,),)
        assert record.span().name == "CALL twice"
