"""clew-aiomcache passes the contract of a store of coroutines against a real memcached."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiomcache
import pytest
from aiomcache.client import FlagClient

from clew.testing.contracts.db_command import AsyncDbCommandContract
from clew.testing.recording import Recording
from clew_aiomcache import plugin


class TestAiomcache(AsyncDbCommandContract):
    plugin = plugin
    putting, getting = ("set", {"db.operation.name": "set"}), ("get", {"db.operation.name": "get"})
    patched = [(FlagClient, "get"), (FlagClient, "multi_get")]

    @pytest.fixture(autouse=True)
    def _server(self, memcached: int) -> None:
        self.port = memcached
        self.where = {"db.system.name": "memcached", "server.address": "127.0.0.1", "server.port": memcached}

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Any]:
        client = aiomcache.Client("127.0.0.1", self.port, pool_size=4)
        await client.delete(b"nothing")
        yield client
        await client.close()

    async def a_put(self, client: Any, key: str, value: str) -> None:
        assert await client.set(key.encode(), value.encode())

    async def a_get(self, client: Any, key: str) -> str | None:
        found = await client.get(key.encode())
        return None if found is None else found.decode()

    async def a_refused(self, client: Any, value: str) -> None:
        await client.set(b"text", f"a text and {value}".encode())
        await client.incr(b"text")

    async def a_slow(self, client: Any, began: asyncio.Event) -> None:
        stopped = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
        async with stopped:
            began.set()
            await aiomcache.Client(*stopped.sockets[0].getsockname()).get(b"sku")

    def test_several_keys_are_one_span_with_their_number(self, record: Recording, client: Any) -> None:
        assert client.run(client.client.multi_get(b"one", b"two")) == (None, None)
        assert client.run(client.client.multi_get()) == ()
        span = record.span()
        assert (span.name, (span.attributes or {})["db.operation.batch.size"]) == ("get", 2)

    def test_what_is_wrong_with_a_key_is_told_without_it(self, record: Recording, client: Any) -> None:
        with pytest.raises(aiomcache.ValidationException, match="hunter2"):
            client.run(client.client.get(b"hunter2 3"))
        span = record.span()
        assert "invalid key" in str(span.status.description)
        assert "hunter" not in repr([span.status.description, [event.attributes for event in span.events]])
