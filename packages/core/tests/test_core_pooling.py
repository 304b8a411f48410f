"""Pools tell how full they are when they are asked, and who waits for how long; plain and with coroutines."""

import asyncio
import gc
import sys
import threading
import types
import weakref
from collections.abc import Iterator
from typing import Any

import pytest

from clew import Plugin, patch, pooled, quietly
from clew.conventions import db_client, db_pool
from clew.testing.recording import enabled

NAME = {"db.client.connection.pool.name": "shop"}
COUNT, PENDING, WAIT = db_pool.COUNT.name, db_pool.PENDING.name, db_pool.WAIT.name


class Connections:
    """A pool of three."""

    def __init__(self, name: str = "shop") -> None:
        self.name, self.used = name, 0
        self.free = threading.Semaphore(3)

    def take(self) -> int:
        self.free.acquire()
        self.used += 1
        return self.used

    async def take_async(self) -> int:
        if self.used == 3:
            raise TimeoutError("all are taken")
        await asyncio.sleep(0)
        self.used += 1
        return self.used

    def check(self, sql: str) -> str:
        return self.ask(sql)

    async def check_async(self, sql: str) -> str:
        await asyncio.sleep(0)
        return self.ask(sql)

    def ask(self, sql: str) -> str:
        return sql


@pytest.fixture(autouse=True)
def _library() -> Iterator[None]:
    module = types.ModuleType("a_pool")
    module.Connections = Connections  # type: ignore[attr-defined]
    sys.modules["a_pool"] = module
    yield
    del sys.modules["a_pool"]


def read_pool(connections: Connections) -> db_pool.Pool | None:
    if connections.name == "none":
        return None
    return db_pool.Pool(connections.name, connections.used, 3 - connections.used, 3)


statement = db_client.statement(lambda pool, sql: db_client.query(sql), lambda pool: db_client.Server("other_sql"))
plugin = Plugin(
    "a_pool",
    hooks=[
        pooled("a_pool:Connections.take", read_pool),
        pooled("a_pool:Connections.take_async", read_pool),
        patch("a_pool:Connections.ask", statement),
        quietly("a_pool:Connections.check", db_client.FAMILY),
        quietly("a_pool:Connections.check_async", db_client.FAMILY),
    ],
)


def test_a_pool_is_read_when_metrics_are() -> None:
    with enabled(plugin) as record:
        pool = Connections()
        assert pool.take() == 1
        assert record.levels(COUNT) == [
            ({**NAME, "db.client.connection.state": "used"}, 1),
            ({**NAME, "db.client.connection.state": "idle"}, 2),
        ]
        assert record.levels(db_pool.LIMIT.name) == [(NAME, 3)]
        assert record.points(WAIT) == [(NAME, 1)]
        pool.used = 3
        assert [value for _, value in record.levels(COUNT)] == [3, 0]


def test_who_waits_is_counted_while_waiting() -> None:
    with enabled(plugin) as record:
        pool = Connections()
        for _ in range(3):
            pool.take()
        thread = threading.Thread(target=pool.take)
        thread.start()
        while record.levels(PENDING) != [(NAME, 1)]:
            assert thread.is_alive()
        pool.free.release()
        thread.join()
        assert record.levels(PENDING) == [(NAME, 0)]
        assert record.points(WAIT) == [(NAME, 4)]


def test_coroutines_are_waited_for_too_and_a_refusal_is_no_wait() -> None:
    async def main(pool: Connections) -> None:
        assert sorted(await asyncio.gather(*(pool.take_async() for _ in range(3)))) == [1, 2, 3]
        with pytest.raises(TimeoutError):
            await pool.take_async()

    with enabled(plugin) as record:
        pool = Connections()
        asyncio.run(main(pool))
        assert record.points(WAIT) == [(NAME, 3)]
        assert record.levels(PENDING) == [(NAME, 0)]


def test_pools_of_one_name_are_one_and_those_that_are_gone_or_keep_nothing_are_none() -> None:
    with enabled(plugin) as record:
        pools = [Connections(), Connections(), Connections("none")]
        for pool in pools:
            pool.take()
        assert [value for _, value in record.levels(COUNT)] == [2, 4]
        del pools, pool
        gc.collect()
        assert record.levels(COUNT) == []


def test_enabling_again_counts_once_and_disabling_ends_it() -> None:
    pool = Connections()
    for expected in (1, 2):
        with enabled(plugin) as record:
            pool.take()
            assert [value for _, value in record.levels(COUNT)] == [expected, 3 - expected]
            assert record.points(WAIT) == [(NAME, 1)]
    assert record.levels(COUNT) == []
    assert not hasattr(Connections.take, "__wrapped__")


def test_what_is_done_quietly_is_not_recorded() -> None:
    with enabled(plugin) as record:
        pool: Any = Connections()
        assert pool.check("SELECT 1") == "SELECT 1"
        assert asyncio.run(pool.check_async("SELECT 1")) == "SELECT 1"
        pool.ask("SELECT a FROM b")
    assert [span.name for span in record.spans()] == ["SELECT b"]


class Closed:
    """A pool that takes no weak reference, and has something that does."""

    __slots__ = ("holders",)

    def __init__(self) -> None:
        self.holders = [Connections("")]

    def take(self) -> int:
        return self.holders[0].take()


def test_a_pool_that_takes_no_weak_reference_is_held_by_what_does_and_let_go_with_it() -> None:
    vars(sys.modules["a_pool"])["Closed"] = Closed
    hook = pooled("a_pool:Closed.take", read_unnamed, held=lambda pool: pool.holders[0] if pool.holders else None)
    with enabled(Plugin("a_pool", hooks=[hook])) as record:
        pool = Closed()
        pool.take()
        assert record.points(WAIT) == []  # nobody has said what it is called
        pool.holders[0].name = "shop"
        pool.take()
        assert record.points(WAIT) == [(NAME, 1)]
        pool.holders[0].name = ""
        assert [value for _, value in record.levels(COUNT)] == [2, 1]
        held = weakref.ref(pool.holders[0])
        del pool
        gc.collect()
        assert held() is None
        assert record.levels(COUNT) == []


def read_unnamed(connections: Connections) -> db_pool.Pool:
    return db_pool.Pool(connections.name, connections.used, 3 - connections.used, 3)
