"""clew-opensearch passes the contract of a store, sync and async."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from typing import Any

import opensearchpy
import pytest
from opensearchpy._async.transport import AsyncTransport
from opensearchpy.transport import Transport

from clew.testing.contracts.db_command import AsyncDbCommandContract, DbCommandContract
from clew.testing.recording import Recording
from clew_opensearch import plugin


def asked(name: str, method: str, url: str) -> dict[str, Any]:
    return {"db.operation.name": name, "db.collection.name": "items", "http.request.method": method, "url.full": url}


def prepare(test: Any, port: int) -> None:
    test.hosts = [{"host": "127.0.0.1", "port": port}]
    test.where = {"db.system.name": "opensearch", "server.address": "127.0.0.1", "server.port": port}
    document = f"http://127.0.0.1:{port}/items/_doc/{{id}}"
    test.putting = ("index items", asked("index", "PUT", document))
    test.getting = ("get items", asked("get", "GET", document))


class TestOpenSearch(DbCommandContract):
    plugin = plugin
    code = "400"
    beside = frozenset({"http.request.method", "url.full"})
    patched = [(Transport, "perform_request")]

    @pytest.fixture(autouse=True)
    def _server(self, search_engine: int) -> None:
        prepare(self, search_engine)

    @contextmanager
    def connect(self) -> Iterator[Any]:
        with closing(opensearchpy.OpenSearch(self.hosts)) as client:
            yield client

    def put(self, client: Any, key: str, value: str) -> None:
        client.index(index="items", id=key, body={"value": value})

    def get(self, client: Any, key: str) -> str | None:
        found = client.get(index="items", id=key, ignore=404)
        return found["_source"]["value"] if found["found"] else None

    def refused(self, client: Any, value: str) -> None:
        client.search(index="items", body={"query": {"broken": value}})

    def test_names_and_addresses_hold_no_identifiers(self, record: Recording, client: Any) -> None:
        client.search(index="items,goods", q="hunter2")
        client.indices.create(index="items")
        client.cluster.health(index="items")
        client.exists(index="items", id="hunter2")
        client.snapshot.get(repository="hunter2", snapshot="hunter3")
        client.info()
        names = ["search items,goods", "indices.create items", "cluster.health", "exists items", "snapshot", "info"]
        assert [span.name for span in record.spans()] == names
        assert "hunter" not in repr([span.attributes for span in record.spans()])

    def test_retries_are_one_call(self, record: Recording, client: Any) -> None:
        with pytest.raises(opensearchpy.ConnectionError):
            opensearchpy.OpenSearch([{"host": "127.0.0.1", "port": 9}], max_retries=2).info()
        attributes = record.span().attributes or {}
        assert attributes["error.type"] == "opensearchpy.exceptions.ConnectionError"
        assert "db.response.status_code" not in attributes


class TestAsyncOpenSearch(AsyncDbCommandContract):
    plugin = plugin
    code = "400"
    beside = TestOpenSearch.beside
    patched = [(AsyncTransport, "perform_request")]

    @pytest.fixture(autouse=True)
    def _server(self, search_engine: int) -> None:
        prepare(self, search_engine)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Any]:
        async with opensearchpy.AsyncOpenSearch(self.hosts) as client:
            yield client

    async def a_put(self, client: Any, key: str, value: str) -> None:
        await client.index(index="items", id=key, body={"value": value})

    async def a_get(self, client: Any, key: str) -> str | None:
        found = await client.get(index="items", id=key, ignore=404)
        return found["_source"]["value"] if found["found"] else None

    async def a_refused(self, client: Any, value: str) -> None:
        await client.search(index="items", body={"query": {"broken": value}})

    async def a_slow(self, client: Any, began: asyncio.Event) -> None:
        began.set()
        await client.search(index="slow")
