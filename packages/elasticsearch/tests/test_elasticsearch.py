"""clew-elasticsearch passes the contract of a store, sync and async, and is alone with it: the client keeps quiet."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import elasticsearch
import pytest
from elasticsearch import AsyncElasticsearch, Elasticsearch, helpers
from elasticsearch._async.client._base import BaseClient as AsyncBaseClient
from elasticsearch._sync.client._base import BaseClient

from clew.testing.contracts.db_command import AsyncDbCommandContract, DbCommandContract
from clew.testing.recording import Recording
from clew_elasticsearch import plugin

#: Before 8.13 the client does not tell what its calls are called.
NAMED = hasattr(elasticsearch, "_otel") or elasticsearch.__version__ >= (8, 13, 0)


def asked(name: str, method: str, url: str) -> dict[str, Any]:
    return {
        "db.operation.name": name,
        "db.collection.name": "items",
        "http.request.method": method,
        "url.full": url,
        "db.response.status_code": "200",
    }


def prepare(test: Any, port: int) -> None:
    test.port, test.url = port, f"http://127.0.0.1:{port}"
    test.where = {"db.system.name": "elasticsearch", "server.address": "127.0.0.1", "server.port": port}
    document = f"{test.url}/items/_doc/{{id}}"
    test.putting = ("index items", asked("index", "PUT", document))
    test.getting = ("get items", asked("get", "GET", document))


class TestElasticsearch(DbCommandContract):
    asked = {"request_hook": 3, "response_hook": 1}
    plugin = plugin
    code = "400"
    beside = frozenset({"http.request.method", "url.full", "db.response.status_code"})
    patched = [(BaseClient, "perform_request")]

    @pytest.fixture(autouse=True)
    def _server(self, search_engine: int) -> None:
        prepare(self, search_engine)

    @contextmanager
    def connect(self) -> Iterator[Any]:
        with Elasticsearch(self.url) as client:
            yield client

    def put(self, client: Any, key: str, value: str) -> None:
        client.index(index="items", id=key, document={"value": value})

    def get(self, client: Any, key: str) -> str | None:
        found = client.options(ignore_status=404).get(index="items", id=key)
        return found["_source"]["value"] if found["found"] else None

    def refused(self, client: Any, value: str) -> None:
        client.search(index="items", query={"broken": value})

    def test_names_and_addresses_hold_no_identifiers(self, record: Recording, client: Any) -> None:
        client.search(index="items,goods", q="hunter2")
        client.indices.create(index="items")
        client.cluster.health(index="items")
        client.exists(index="items", id="hunter2")
        client.info()
        names = [span.name for span in record.spans()]
        assert names[0] == "search items,goods"
        if NAMED:
            assert names[1:] == ["indices.create items", "cluster.health", "exists items", "info"]
        assert "hunter2" not in repr([span.attributes for span in record.spans()])

    def test_helpers_are_followed_by_their_calls(self, record: Recording, client: Any) -> None:
        helpers.bulk(client, [{"_index": "items", "value": "hunter2"}] * 5, raise_on_error=False, chunk_size=5)
        assert [span.name for span in record.spans()] == ["bulk"]
        assert "hunter2" not in repr([span.attributes for span in record.spans()])

    def test_what_is_missing_is_an_error_unless_the_application_says_otherwise(
        self, record: Recording, client: Any
    ) -> None:
        with pytest.raises(elasticsearch.NotFoundError):
            client.get(index="items", id="nothing at all")
        attributes = record.span().attributes or {}
        assert (attributes["error.type"], attributes["db.response.status_code"]) == (
            "elasticsearch.NotFoundError",
            "404",
        )


class TestAsyncElasticsearch(AsyncDbCommandContract):
    asked = {"request_hook": 3, "response_hook": 1}
    plugin = plugin
    code = "400"
    beside = TestElasticsearch.beside
    patched = [(AsyncBaseClient, "perform_request")]

    @pytest.fixture(autouse=True)
    def _server(self, search_engine: int) -> None:
        prepare(self, search_engine)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Any]:
        async with AsyncElasticsearch(self.url) as client:
            yield client

    async def a_put(self, client: Any, key: str, value: str) -> None:
        await client.index(index="items", id=key, document={"value": value})

    async def a_get(self, client: Any, key: str) -> str | None:
        found = await client.options(ignore_status=404).get(index="items", id=key)
        return found["_source"]["value"] if found["found"] else None

    async def a_refused(self, client: Any, value: str) -> None:
        await client.search(index="items", query={"broken": value})

    async def a_slow(self, client: Any, began: asyncio.Event) -> None:
        began.set()
        await client.search(index="slow")
