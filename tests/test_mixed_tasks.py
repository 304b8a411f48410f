"""Ten thousand tasks at once, over several libraries, some of them cancelled: each span keeps its parent."""

from __future__ import annotations

import asyncio
from typing import Any

import aiomcache
import pytest
import redis.asyncio
import sqlalchemy as sa
from opentelemetry import trace
from opentelemetry.trace import SpanKind
from sqlalchemy.ext.asyncio import create_async_engine

import clew_aiomcache
import clew_psycopg
import clew_redis
import clew_sqlalchemy
from clew.testing.recording import Recording, enabled

TASKS, AT_ONCE, CANCELLED = 10_000, 40, 97  # every so many-th task is cancelled
KINDS = ("redis", "memcached", "sql", "pipeline")
EXPECTED = {"redis": "GET", "memcached": "get", "sql": "SELECT", "pipeline": "MULTI SET"}
SHARES = ("redis", "memcached", "redis", "memcached", "sql", "memcached", "redis", "pipeline")


class Stores:
    """One client of each library; as many calls at once as its server likes."""

    def __init__(self, redis_port: int, memcached_port: int, postgres: str) -> None:
        self.redis = redis.asyncio.Redis(host="127.0.0.1", port=redis_port, socket_timeout=None)
        self.memcached = aiomcache.Client("127.0.0.1", memcached_port, pool_size=AT_ONCE)
        url = sa.engine.make_url(postgres).set(drivername="postgresql+psycopg")
        self.engine = create_async_engine(url, pool_size=5)
        self.doors = {kind: asyncio.Semaphore(5 if kind == "sql" else AT_ONCE) for kind in KINDS}

    async def call(self, kind: str, number: int) -> None:
        if kind == "redis":
            await self.redis.get(f"sku{number}")
        elif kind == "memcached":
            await self.memcached.get(f"sku{number}".encode())
        elif kind == "pipeline":
            await self.redis.pipeline().set(f"sku{number}", number).execute()
        else:
            async with self.engine.connect() as connection:
                await connection.execute(sa.text("SELECT 7 AS number"))

    async def close(self) -> None:
        await self.redis.aclose()
        await self.memcached.close()
        await self.engine.dispose()


async def task(stores: Stores, number: int) -> None:
    kind = SHARES[number % len(SHARES)]
    with trace.get_tracer("test").start_as_current_span(kind):
        async with stores.doors[kind]:
            call = asyncio.ensure_future(stores.call(kind, number))
            if number % CANCELLED == 0 and kind != "sql":  # psycopg asks the server to cancel, and waits for it
                await asyncio.sleep(0)
                call.cancel()
            await asyncio.gather(call, return_exceptions=True)
        assert trace.get_current_span().name == kind  # type: ignore[attr-defined]


async def run(stores: Stores, record: Recording) -> None:
    for kind in KINDS:  # what libraries and dialects do first
        await stores.call(kind, 0)
    record.clear()
    await asyncio.gather(*(task(stores, number) for number in range(TASKS)))
    await stores.close()


@pytest.mark.once
def test_ten_thousand_tasks_keep_their_parents(redis_server: int, memcached: int, postgres: str) -> None:
    plugins = [module.plugin for module in (clew_redis, clew_aiomcache, clew_sqlalchemy, clew_psycopg)]

    async def main(record: Recording) -> None:
        await run(Stores(redis_server, memcached, postgres), record)

    with enabled(*plugins) as record:
        asyncio.run(main(record))
    parents: dict[Any, str] = {
        span.context.span_id: span.name for span in record.spans() if span.kind is SpanKind.INTERNAL
    }
    clients = [span for span in record.spans() if span.kind is SpanKind.CLIENT]
    assert len(parents) == TASKS
    assert TASKS * 0.98 < len(clients) <= TASKS  # who is cancelled before it asks has asked nothing
    assert len({span.parent.span_id for span in clients}) == len(clients)
    assert all(span.name == EXPECTED[parents[span.parent.span_id]] for span in clients)
