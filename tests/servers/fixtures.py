"""The servers as pytest fixtures, for the tests of every package."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import NoReturn, TypeVar

import pytest

from servers.mariadb import MariaDB, running_mariadb
from servers.memcached import running_memcached
from servers.mongodb import running_mongodb
from servers.postgres import running_postgres
from servers.programs import Unavailable
from servers.pythons import found
from servers.redis import running_redis, running_redis_cluster
from servers.search_engine import running_search_engine
from servers.stack import Stack, running_stack

T = TypeVar("T")


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL of a real PostgreSQL's empty database."""
    with server(running_postgres) as url:
        yield url


@pytest.fixture(scope="session")
def mariadb() -> Iterator[MariaDB]:
    """A real MariaDB with an empty database."""
    with server(running_mariadb) as found:
        yield found


@pytest.fixture(scope="session")
def redis_server() -> Iterator[int]:
    """The port of a real Redis."""
    with server(running_redis) as port:
        yield port


@pytest.fixture(scope="session")
def redis_cluster() -> Iterator[list[int]]:
    """The ports of a real Redis cluster of two."""
    with server(running_redis_cluster) as ports:
        yield ports


@pytest.fixture(scope="session")
def memcached() -> Iterator[int]:
    """The port of a real memcached."""
    with server(running_memcached) as port:
        yield port


@pytest.fixture(scope="session")
def mongodb() -> Iterator[int]:
    """The port of a server of MongoDB's protocol."""
    with server(running_mongodb) as port:
        yield port


@pytest.fixture(scope="session")
def search_engine() -> Iterator[int]:
    """The port of what answers like a search engine."""
    with running_search_engine() as port:
        yield port


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """A real Collector in front of a real Jaeger and a real Prometheus."""
    with server(running_stack) as stack:
        yield stack


@pytest.fixture(scope="session")
def python_versions() -> dict[str, Path]:
    """Every supported CPython of this machine, by version."""
    return found()


def unavailable(reason: object) -> NoReturn:
    """Ends a test whose server is not there: skipped on a developer's machine, failed in CI, where it must be."""
    if os.environ.get("CI", "").lower() in ("1", "true"):
        pytest.fail(str(reason), pytrace=False)
    pytest.skip(str(reason))


@contextmanager
def server(start: Callable[[], AbstractContextManager[T]]) -> Iterator[T]:
    """What `start` yields, or the end of the test when this machine has no such server."""
    with ExitStack() as started:
        try:
            server = started.enter_context(start())
        except Unavailable as reason:
            unavailable(reason)
        yield server
