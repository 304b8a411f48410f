"""clew-pymysql passes the contract of a database driver against a real MariaDB, with every kind of cursor."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pymysql
import pymysql.cursors

from clew.testing.contracts.mysql import MySqlContract
from clew_pymysql import plugin


class TestPyMySQL(MySqlContract):
    plugin = plugin
    plan = r"^items ALL \(\d+ rows, Using where\)$"
    cursors = pymysql.cursors

    @contextmanager
    def connect(self) -> Iterator[Any]:
        with pymysql.connect(**self.server, autocommit=True) as connection:
            yield connection

    def run(self, connection: Any, sql: str, *parameters: Any) -> list[Any]:
        with connection.cursor() as cursor:
            cursor.execute(sql, parameters or None)
            return list(cursor.fetchall())
