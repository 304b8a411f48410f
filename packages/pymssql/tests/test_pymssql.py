"""clew-pymssql passes the contract of a database driver against a real SQL Server, where Docker has one."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import pymssql
import pytest
from servers.programs import docker_answers

from clew.testing.contracts.db_client import DbClientContract
from clew.testing.recording import enabled
from clew_pymssql import plugin


@pytest.fixture(scope="session")
def sql_server() -> Iterator[dict[str, Any]]:
    if not docker_answers():
        pytest.skip("SQL Server is had from Docker only, and no engine answers")
    from testcontainers.mssql import SqlServerContainer

    with SqlServerContainer() as server:
        yield {
            "server": server.get_container_host_ip(),
            "port": int(server.get_exposed_port(1433)),
            "user": server.username,
            "password": server.password,
            "database": "tempdb",
        }


class TestPymssql(DbClientContract):
    plugin = plugin
    placeholder = "%s"
    code_of_missing_table = "208"
    follows_early_connections = False

    @pytest.fixture(autouse=True)
    def _server(self, sql_server: dict[str, Any]) -> None:
        self.server = sql_server
        self.where = {
            "db.system.name": "microsoft.sql_server",
            "db.namespace": sql_server["database"],
            "server.address": sql_server["server"],
            "server.port": sql_server["port"],
        }

    @contextmanager
    def connect(self) -> Iterator[Any]:
        with closing(pymssql.connect(**self.server, autocommit=True)) as connection:
            yield connection

    def run(self, connection: Any, sql: str, *parameters: Any) -> list[Any]:
        with connection.cursor() as cursor:
            cursor.execute(sql, parameters or None)
            return cursor.fetchall() if cursor.description else []

    def run_many(self, connection: Any, sql: str, parameters: list[tuple[Any, ...]]) -> None:
        with connection.cursor() as cursor:
            cursor.executemany(sql, parameters)


def test_without_a_server_a_failure_is_what_it_is_without_us() -> None:
    before = pymssql.connect
    with enabled(plugin):
        assert pymssql.connect is not before
        with pytest.raises(pymssql.OperationalError):
            pymssql.connect("127.0.0.1", "a", "b", "c", port=9, login_timeout=1)
    assert pymssql.connect is before
