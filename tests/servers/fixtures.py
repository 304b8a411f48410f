"""The servers as pytest fixtures, for the tests of every package."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import pytest

from clew.testing import recording
from servers.cassandra import running_cassandra
from servers.clickhouse import running_clickhouse, running_clickhouse_over_http
from servers.mariadb import running_mariadb
from servers.memcached import running_memcached
from servers.mongodb import running_mongodb
from servers.postgres import running_postgres
from servers.programs import Unavailable
from servers.pythons import found
from servers.redis import running_redis, running_redis_cluster
from servers.search_engine import running_search_engine
from servers.stack import running_stack

T = TypeVar("T")


def pytest_configure() -> None:
    """`CLEW_TEST_OVER=clew-sdk`: what is recorded goes through our own SDK, not through the official one."""
    if os.environ.get("CLEW_TEST_OVER") == "clew-sdk":
        from servers.own_recording import OwnRecording

        recording.made = OwnRecording


@contextmanager
def server(start: Callable[[], AbstractContextManager[T]]) -> Iterator[T]:
    """What `start` yields, or the end of the test when this machine has no such server."""
    with ExitStack() as started:
        try:
            server = started.enter_context(start())
        except Unavailable as reason:
            unavailable(reason)
        yield server


def fixture(start: Callable[[], AbstractContextManager[T]], what: str) -> Any:
    """A fixture for the whole run: `what` says what a test gets."""

    def running() -> Iterator[T]:
        with server(start) as found:
            yield found

    running.__doc__ = what
    return pytest.fixture(scope="session")(running)


postgres = fixture(running_postgres, "The URL of a real PostgreSQL's empty database.")
mariadb = fixture(running_mariadb, "A real MariaDB with an empty database.")
redis_server = fixture(running_redis, "The port of a real Redis.")
redis_cluster = fixture(running_redis_cluster, "The ports of a real Redis cluster of two.")
memcached = fixture(running_memcached, "The port of a real memcached.")
mongodb = fixture(running_mongodb, "The port of a server of MongoDB's protocol.")
cassandra = fixture(running_cassandra, "The port of a real Cassandra.")
clickhouse_native = fixture(running_clickhouse, "The port of a real ClickHouse's own protocol.")
clickhouse_http = fixture(running_clickhouse_over_http, "The port of ClickHouse's own engine behind HTTP.")
search_engine = fixture(running_search_engine, "The port of what answers like a search engine.")
stack = fixture(running_stack, "A real Collector in front of a real Jaeger and a real Prometheus.")


@pytest.fixture(scope="session")
def python_versions() -> dict[str, Path]:
    """Every supported CPython of this machine, by version."""
    return found()


def unavailable(reason: object) -> NoReturn:
    """Ends a test whose server is not there: skipped on a developer's machine, failed in CI, where it must be."""
    if os.environ.get("CI", "").lower() in ("1", "true"):
        pytest.fail(str(reason), pytrace=False)
    pytest.skip(str(reason))
