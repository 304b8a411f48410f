"""clew-mysqlclient passes the contract of a database driver against a real MariaDB, with every kind of cursor."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest

from clew.testing.contracts.mysql import MySqlContract
from clew_mysqlclient import plugin

MySQLdb = pytest.importorskip("MySQLdb", reason="mysqlclient has to be built: it has no wheels for Linux")


class TestMySQLdb(MySqlContract):
    plugin = plugin
    cursors = pytest.importorskip("MySQLdb.cursors")

    @contextmanager
    def connect(self) -> Iterator[Any]:
        with closing(MySQLdb.connect(**self.server, autocommit=True)) as connection:
            yield connection

    def run(self, connection: Any, sql: str, *parameters: Any) -> list[Any]:
        with connection.cursor() as cursor:
            cursor.execute(sql, parameters or None)
            return list(cursor.fetchall())
