"""clew-oracledb passes the contract of a database driver against a real Oracle, where Docker has one."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import oracledb
import pytest
from servers.programs import docker_answers

from clew.testing.contracts.db_client import DbClientContract
from clew.testing.recording import enabled
from clew_oracledb import plugin


@pytest.fixture(scope="session")
def oracle() -> Iterator[dict[str, Any]]:
    if not docker_answers():
        pytest.skip("Oracle is had from Docker only, and no engine answers")
    from testcontainers.oracle import OracleDbContainer

    with OracleDbContainer("gvenzl/oracle-free:slim", username="clew", password="clew") as server:
        yield {
            "host": server.get_container_host_ip(),
            "port": int(server.get_exposed_port(1521)),
            "service_name": "FREEPDB1",
            "user": "clew",
            "password": "clew",
        }


class TestOracledb(DbClientContract):
    plugin = plugin
    placeholder = ":1"
    code_of_missing_table = "ORA-00942"

    @pytest.fixture(autouse=True)
    def _server(self, oracle: dict[str, Any]) -> None:
        self.server = oracle
        self.where = {
            "db.system.name": "oracle.db",
            "db.namespace": oracle["service_name"],
            "server.address": oracle["host"],
            "server.port": oracle["port"],
        }

    @contextmanager
    def connect(self) -> Iterator[Any]:
        with oracledb.connect(**self.server) as connection:
            connection.autocommit = True
            yield connection

    def run(self, connection: Any, sql: str, *parameters: Any) -> list[Any]:
        with connection.cursor() as cursor:
            cursor.execute(sql, parameters)
            return cursor.fetchall() if cursor.description else []

    def run_many(self, connection: Any, sql: str, parameters: list[tuple[Any, ...]]) -> None:
        with connection.cursor() as cursor:
            cursor.executemany(sql, parameters)


def test_without_a_server_a_failure_is_what_it_is_without_us() -> None:
    before = oracledb.Cursor.execute, oracledb.AsyncCursor.execute
    with enabled(plugin):
        assert oracledb.Cursor.execute is not before[0]
        with pytest.raises(oracledb.OperationalError):
            oracledb.connect(host="127.0.0.1", port=9, service_name="a", user="b", password="c")
    assert (oracledb.Cursor.execute, oracledb.AsyncCursor.execute) == before
