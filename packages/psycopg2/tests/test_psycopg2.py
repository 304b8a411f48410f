"""clew-psycopg2 passes the contract of a database driver against a real PostgreSQL, with every kind of cursor."""

import io
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import psycopg2
import psycopg2.errors
import psycopg2.extensions
import psycopg2.extras
import psycopg2.pool
import pytest
from psycopg2 import sql

from clew.conventions.db_pool import Pool
from clew.testing.contracts.db_client import DbClientContract
from clew.testing.recording import Recording, assert_pool, enabled
from clew_psycopg2 import plugin


class MyCursor(psycopg2.extensions.cursor):
    def execute(self, query: Any, *args: Any) -> Any:
        return super().execute(query, *args)


class TestPsycopg2(DbClientContract):
    plugin = plugin
    plan = r"^Seq Scan on items \(\d+ rows, cost [\d.]+, filter .*= \?"
    own_text = "SELECT query FROM pg_stat_activity WHERE pid = pg_backend_pid()"
    placeholder = "%s"
    code_of_missing_table = "42P01"
    follows_early_connections = False

    @pytest.fixture(autouse=True)
    def _server(self, postgres: str) -> None:
        self.url = postgres
        info = psycopg2.extensions.parse_dsn(postgres)
        self.where = {
            "db.system.name": "postgresql",
            "db.namespace": info["dbname"],
            "server.address": info["host"],
            "server.port": int(info["port"]),
        }

    @contextmanager
    def connect(self, **options: Any) -> Iterator[Any]:
        with closing(psycopg2.connect(self.url, **options)) as connection:
            connection.autocommit = True
            yield connection

    def run(self, connection: Any, sql: str, *parameters: Any) -> list[Any]:
        with connection.cursor() as cursor:
            cursor.execute(sql, parameters or None)
            return cursor.fetchall() if cursor.description else []

    def run_many(self, connection: Any, sql: str, parameters: list[tuple[Any, ...]]) -> None:
        with connection.cursor() as cursor:
            cursor.executemany(sql, parameters)

    def ways(self, connection: Any) -> dict[str, Any]:
        return {
            "bytes": lambda text: self.run(connection, text.encode()),
            "a composed statement": lambda text: self.run(connection, sql.SQL(text)),
            "rows as dicts": lambda text: connection.cursor(cursor_factory=psycopg2.extras.RealDictCursor).execute(
                text
            ),
            "named tuples": lambda text: connection.cursor(cursor_factory=psycopg2.extras.NamedTupleCursor).execute(
                text
            ),
            "a class by position": lambda text: connection.cursor(None, MyCursor).execute(text),
            "a class of the connection": lambda text: self.within(text, cursor_factory=MyCursor),
            "a connection of another class": lambda text: self.within(text, connection_factory=self.dict_connection),
            "a server-side cursor": lambda text: self.server_side(connection, text),
            "a pool": self.in_a_pool,
        }

    dict_connection = psycopg2.extras.DictConnection

    def within(self, text: str, **options: Any) -> None:
        with self.connect(**options) as connection, connection.cursor() as cursor:
            if "connection_factory" in options:
                assert isinstance(cursor, psycopg2.extras.DictCursor)
            cursor.execute(text)
            cursor.fetchall()

    def server_side(self, connection: Any, text: str) -> None:
        with connection.cursor("named", withhold=True) as cursor:
            cursor.execute(text)
            assert list(cursor) == []

    def in_a_pool(self, text: str) -> None:
        pool = psycopg2.pool.ThreadedConnectionPool(1, 1, self.url)
        connection = pool.getconn()
        self.run(connection, text)
        pool.putconn(connection)
        pool.closeall()

    def transact(self, connection: Any) -> None:
        super().transact(connection)
        connection.autocommit = False
        with connection:
            pass
        connection.commit()
        connection.rollback()
        connection.autocommit = True

    @pytest.mark.parametrize("kind", [psycopg2.pool.SimpleConnectionPool, psycopg2.pool.ThreadedConnectionPool])
    def test_a_pool_says_how_full_it_is(self, kind: Any, record: Recording) -> None:
        pool = kind(2, 3, self.url)
        pool.getconn()
        assert_pool(record, Pool("", 1, 1, 3), waits=1)
        pool.closeall()
        assert record.levels("db.client.connection.count") == []

    def test_many_rows_in_few_statements_are_one_span(self, record: Recording, connection: Any) -> None:
        rows = [(f"s{number}", number) for number in range(250)]
        with connection.cursor() as cursor:
            psycopg2.extras.execute_values(cursor, "INSERT INTO items VALUES %s", rows, page_size=100)
            psycopg2.extras.execute_batch(cursor, "INSERT INTO items VALUES (%s, %s)", rows)
        assert [(span.name, (span.attributes or {})["db.operation.batch.size"]) for span in record.spans()] == [
            ("INSERT items", 250)
        ] * 2
        assert self.run(connection, "SELECT count(*) FROM items") == [(500,)]

    def test_a_copy_is_a_statement(self, record: Recording, connection: Any) -> None:
        with connection.cursor() as cursor:
            cursor.copy_from(io.StringIO("a\t1\n"), "items")
            cursor.copy_expert("COPY items FROM STDIN", io.StringIO("b\t2\n"))
            cursor.copy_to(io.StringIO(), "items")
        assert [span.name for span in record.spans()] == ["COPY items"] * 3

    def test_functions_of_c_take_our_connections_and_cursors(self, record: Recording, connection: Any) -> None:
        """They look at the type themselves: a stand-in would not do."""
        with connection.cursor() as cursor:
            psycopg2.extras.register_uuid(conn_or_curs=cursor)
            psycopg2.extras.register_default_jsonb(connection)
            psycopg2.extensions.register_type(psycopg2.extensions.UNICODE, connection)
            assert sql.Identifier("items").as_string(connection) == '"items"'
            assert psycopg2.extensions.quote_ident("a b", cursor) == '"a b"'
            cursor.execute("""SELECT '{"a": 1}'::jsonb""")
            assert cursor.fetchone() == ({"a": 1},)

    def test_a_procedure_is_one_span(self, record: Recording, connection: Any) -> None:
        with connection.cursor() as cursor:
            cursor.callproc("upper", ["hunter2"])
            assert cursor.fetchone() == ("HUNTER2",)
        assert record.span().name == "CALL upper"


def test_two_connections_with_different_classes_do_not_mix(postgres: str) -> None:
    with enabled(plugin) as record:
        one = psycopg2.connect(postgres, cursor_factory=psycopg2.extras.DictCursor)
        other = psycopg2.connect(postgres)
        for connection, kind in ((one, psycopg2.extras.DictCursor), (other, psycopg2.extensions.cursor)):
            with closing(connection), connection.cursor() as cursor:
                assert isinstance(cursor, kind)
                assert type(cursor).__name__ == kind.__name__
                cursor.execute("SELECT 1")
    assert len(record.spans()) == 2
