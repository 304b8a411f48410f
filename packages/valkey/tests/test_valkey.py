"""clew-valkey passes the contract of a store against a real server: sync, async, as a cluster."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from typing import Any

import pytest
import valkey
import valkey.asyncio

from clew.testing.contracts.db_command import AsyncDbCommandContract, DbCommandContract
from clew_valkey import plugin


def named(name: str) -> tuple[str, dict[str, Any]]:
    return name, {"db.operation.name": name}


def where(port: int) -> dict[str, Any]:
    return {"db.system.name": "valkey", "db.namespace": "0", "server.address": "127.0.0.1", "server.port": port}


class TestValkey(DbCommandContract):
    plugin = plugin
    putting, getting, batching = named("SET"), named("GET"), named("MULTI SET")
    code = "WRONGTYPE"
    patched = [(valkey.Valkey, "execute_command"), (valkey.client.Pipeline, "execute")]

    @pytest.fixture(autouse=True)
    def _server(self, redis_server: int) -> None:
        self.port, self.where = redis_server, where(redis_server)

    @contextmanager
    def connect(self) -> Iterator[Any]:
        with valkey.Valkey("127.0.0.1", self.port, decode_responses=True) as client:
            yield client

    def put(self, client: Any, key: str, value: str) -> None:
        client.set(key, value)

    def get(self, client: Any, key: str) -> Any:
        return client.get(key)

    def put_many(self, client: Any, values: dict[str, str]) -> None:
        pipeline = client.pipeline()
        for key, value in values.items():
            pipeline.set(key, value)
        assert all(pipeline.execute())

    def refused(self, client: Any, value: str) -> None:
        client.set("list", value)
        client.lpush("list", value)


class TestValkeyCluster(TestValkey):
    batching = named("PIPELINE SET")
    patched = [(valkey.ValkeyCluster, "execute_command")]

    @pytest.fixture(autouse=True)
    def _server(self, redis_cluster: list[int]) -> None:
        self.ports = redis_cluster

    @contextmanager
    def connect(self) -> Iterator[Any]:
        with closing(valkey.ValkeyCluster("127.0.0.1", self.ports[0], decode_responses=True)) as client:
            self.where = where(next(iter(client.nodes_manager.startup_nodes.values())).port)
            yield client


class TestAsyncValkey(AsyncDbCommandContract):
    plugin = plugin
    putting, getting, batching = named("SET"), named("GET"), named("MULTI SET")
    code = "WRONGTYPE"
    patched = [(valkey.asyncio.Valkey, "execute_command"), (valkey.asyncio.client.Pipeline, "execute")]

    @pytest.fixture(autouse=True)
    def _server(self, redis_server: int) -> None:
        self.port, self.where = redis_server, where(redis_server)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Any]:
        async with valkey.asyncio.Valkey(host="127.0.0.1", port=self.port, decode_responses=True) as client:
            yield client
            await client.connection_pool.disconnect()

    async def a_put(self, client: Any, key: str, value: str) -> None:
        await client.set(key, value)

    async def a_get(self, client: Any, key: str) -> Any:
        return await client.get(key)

    async def a_put_many(self, client: Any, values: dict[str, str]) -> None:
        pipeline = client.pipeline()
        for key, value in values.items():
            pipeline.set(key, value)
        assert all(await pipeline.execute())

    async def a_refused(self, client: Any, value: str) -> None:
        await client.set("list", value)
        await client.lpush("list", value)

    async def a_slow(self, client: Any, began: asyncio.Event) -> None:
        began.set()
        await client.blpop("never", timeout=0)


class TestAsyncValkeyCluster(TestAsyncValkey):
    batching = named("PIPELINE SET")
    patched = [(valkey.asyncio.ValkeyCluster, "execute_command")]

    @pytest.fixture(autouse=True)
    def _server(self, redis_cluster: list[int]) -> None:
        self.port, self.where = redis_cluster[0], where(redis_cluster[0])

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Any]:
        async with valkey.asyncio.ValkeyCluster(host="127.0.0.1", port=self.port, decode_responses=True) as client:
            yield client
