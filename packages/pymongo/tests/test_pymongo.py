"""clew-pymongo passes the contract of a store against a server of MongoDB's protocol: sync, async, with Motor."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import pymongo
import pytest
from pymongo import errors, pool
from pymongo.collection import Collection
from pymongo.cursor import Cursor

import clew
from clew.testing.contracts.db_command import METRIC, AsyncDbCommandContract, DbCommandContract
from clew.testing.recording import Recording, enabled, recording
from clew_pymongo import plugin


def named(command: str, collection: str = "items") -> tuple[str, dict[str, Any]]:
    return f"{command} {collection}", {"db.operation.name": command, "db.collection.name": collection}


def where(port: int) -> dict[str, Any]:
    return {"db.system.name": "mongodb", "db.namespace": "shop", "server.address": "127.0.0.1", "server.port": port}


class TestPymongo(DbCommandContract):
    plugin = plugin
    putting, getting, batching = named("update"), named("find"), named("bulkWrite")
    code = "11000"
    asked = {"request_hook": 1, "response_hook": 1}
    patched = [(Collection, "insert_one"), (Collection, "aggregate"), (Cursor, "_refresh")]

    @pytest.fixture(autouse=True)
    def _server(self, mongodb: int) -> None:
        self.port, self.where = mongodb, where(mongodb)

    @contextmanager
    def connect(self) -> Iterator[Any]:
        client: Any = pymongo.MongoClient("127.0.0.1", self.port)
        try:
            yield client.shop.items
        finally:
            client.close()

    def put(self, client: Any, key: str, value: str) -> None:
        client.update_one({"_id": key}, {"$set": {"value": value}}, upsert=True)

    def get(self, client: Any, key: str) -> str | None:
        found = client.find_one({"_id": key})
        return None if found is None else found["value"]

    def put_many(self, client: Any, values: dict[str, str]) -> None:
        client.bulk_write([pymongo.ReplaceOne({"_id": key}, {"value": value}, True) for key, value in values.items()])

    def refused(self, client: Any, value: str) -> None:
        client.delete_one({"_id": value})
        client.insert_one({"_id": value})
        client.insert_one({"_id": value})

    def test_every_kind_of_call_is_one_span(self, record: Recording, client: Any) -> None:
        goods = client.database.goods
        goods.drop()
        goods.insert_one({"n": 0})
        goods.insert_many([{"n": number} for number in range(1, 10)])
        goods.count_documents({"n": {"$gt": 3}})
        goods.estimated_document_count()
        goods.distinct("n")
        list(goods.aggregate([{"$match": {"n": 7}}]))
        goods.find_one_and_update({"n": 7}, {"$set": {"seen": True}})
        goods.delete_many({"n": {"$lt": 3}})
        goods.create_index("n")
        client.database.command("ping")
        client.database.command({"count": "goods"})
        told = [span.name.removesuffix(" goods") for span in record.spans()]
        assert told[:5] == ["drop", "insert", "insert", "aggregate", "count"]
        assert told[5:9] == ["distinct", "aggregate", "findAndModify", "delete"]
        assert told[9:] == ["createIndexes", "ping", "count"]
        assert (record.spans()[2].attributes or {})["db.operation.batch.size"] == 9

    def test_reading_many_documents_adds_no_span(self, record: Recording, client: Any) -> None:
        goods = client.database.goods
        goods.drop()
        goods.insert_many([{"n": number} for number in range(1000)])
        record.clear()
        assert len(list(goods.find({}, batch_size=100))) == 1000
        assert record.span().name == "find goods"
        assert [count for _, count in record.points(METRIC)] == [1]

    def test_a_query_is_sent_when_it_is_looked_at(self, record: Recording, client: Any) -> None:
        cursor = client.find({"_id": "nothing"})
        assert list(record.spans()) == []
        assert list(cursor) == []
        cursor.close()
        assert list(cursor) == []
        assert record.span().name == "find items"

    def test_what_a_failure_quotes_stays_home(self, record: Recording, client: Any) -> None:
        self.put(client, "text", "hunter2")
        with pytest.raises(errors.BulkWriteError, match="hunter3"):
            client.bulk_write([pymongo.InsertOne({"_id": "text", "value": "hunter3"})])
        with pytest.raises(errors.WriteError):
            client.update_one({"_id": "hunter4", "a": 1}, {"$inc": {"_id": "hunter4"}}, upsert=True)
        with pytest.raises(Exception, match="hunter5"):
            client.insert_one({"value": type("hunter5", (), {})()})
        told = [
            [span.status.description, span.attributes, [event.attributes for event in span.events]]
            for span in record.spans()
        ]
        assert "hunter" not in repr(told)
        assert (record.spans()[1].attributes or {})["db.response.status_code"] == "65"

    @pytest.mark.skipif(not hasattr(pool.Pool, "_get_conn"), reason="older pools are not watched")
    def test_a_pool_says_how_full_it_is_and_how_long_one_waits(self, record: Recording, client: Any) -> None:
        self.get(client, "sku")
        name = {"db.client.connection.pool.name": f"127.0.0.1:{self.port}"}
        assert (name, 100) in record.levels("db.client.connection.max")
        assert ({**name, "db.client.connection.state": "used"}, 0) in record.levels("db.client.connection.count")
        assert record.points("db.client.connection.wait_time") == [(name, 1)]

    def test_databases_of_one_client_are_told_apart(self, record: Recording, client: Any) -> None:
        for name in ("shop", "archive", "shop"):
            client.database.client[name].items.find_one({})
        found = [(span.attributes or {})["db.namespace"] for span in record.spans()]
        assert found == ["shop", "archive", "shop"]


def test_hooks_get_the_events_of_pymongo_for_clients_made_before_and_only_within_our_spans(mongodb: int) -> None:
    told: list[tuple[str, ...]] = []

    def hook(span: Any, event: Any) -> None:
        told.append((span.name, type(event).__name__, event.command_name))

    recording()
    with pymongo.MongoClient("127.0.0.1", mongodb) as client:
        goods = client.shop.goods
        goods.drop()
        goods.insert_many([{"_id": number} for number in range(300)])
        plugin.enable(request_hook=hook, failed_hook=hook)
        try:
            assert len(list(goods.find({}, batch_size=100))) == 300
            with pytest.raises(errors.OperationFailure):
                goods.aggregate([{"$nothing": 1}])
        finally:
            plugin.disable()
        find, aggregate = ("find goods", "CommandStartedEvent", "find"), ("aggregate goods", "CommandStartedEvent")
        assert told == [find, (*aggregate, "aggregate"), ("aggregate goods", "CommandFailedEvent", "aggregate")]
        goods.find_one({})
        assert len(told) == 3


def test_no_server_is_one_failed_call() -> None:
    with enabled(plugin) as record, pytest.raises(errors.ServerSelectionTimeoutError):
        pymongo.MongoClient("127.0.0.1", 9, serverSelectionTimeoutMS=50).shop.items.insert_one({})
    attributes = record.span().attributes or {}
    assert (attributes["error.type"], attributes["server.port"]) == ("pymongo.errors.ServerSelectionTimeoutError", 9)


@pytest.mark.skipif(not hasattr(pymongo, "AsyncMongoClient"), reason="comes with pymongo 4.9")
class TestAsyncPymongo(AsyncDbCommandContract):
    plugin = plugin
    putting, getting, batching = named("update"), named("find"), named("bulkWrite")
    code = "11000"
    asked = {"request_hook": 1, "response_hook": 1}

    @pytest.fixture(autouse=True)
    def _server(self, mongodb: int) -> None:
        from pymongo.asynchronous.collection import AsyncCollection

        self.port, self.where = mongodb, where(mongodb)
        self.patched = [(AsyncCollection, "insert_one"), (AsyncCollection, "aggregate")]

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Any]:
        async with pymongo.AsyncMongoClient("127.0.0.1", self.port) as client:
            yield client.shop.items

    async def a_put(self, client: Any, key: str, value: str) -> None:
        await client.update_one({"_id": key}, {"$set": {"value": value}}, upsert=True)

    async def a_get(self, client: Any, key: str) -> str | None:
        found = await client.find_one({"_id": key})
        return None if found is None else found["value"]

    async def a_put_many(self, client: Any, values: dict[str, str]) -> None:
        await client.bulk_write(
            [pymongo.ReplaceOne({"_id": key}, {"value": value}, True) for key, value in values.items()]
        )

    async def a_refused(self, client: Any, value: str) -> None:
        await client.delete_one({"_id": value})
        await client.insert_one({"_id": value})
        await client.insert_one({"_id": value})

    async def a_slow(self, client: Any, began: asyncio.Event) -> None:
        async with _deaf_to_queries(self.port) as port, pymongo.AsyncMongoClient("127.0.0.1", port) as slow:
            with clew.suppress():
                await slow.admin.command("ping")
            began.set()
            await slow.shop.items.find_one({})

    def test_reading_many_documents_adds_no_span(self, record: Recording, client: Any) -> None:
        async def main(goods: Any) -> None:
            await goods.drop()
            await goods.insert_many([{"n": number} for number in range(1000)])
            assert len(await goods.find({}, batch_size=100).to_list()) == 1000
            assert len([document async for document in goods.find({}, batch_size=100)]) == 1000

        client.run(main(client.client.database.goods))
        assert [span.name for span in record.spans()] == ["drop goods", "insert goods", "find goods", "find goods"]


@asynccontextmanager
async def _deaf_to_queries(port: int) -> AsyncIterator[int]:
    """A way to the server on which queries get lost."""

    async def carry(reader: Any, writer: Any) -> None:
        while data := await reader.read(65536):
            if b"find" not in data:
                writer.write(data)
        writer.close()

    async def connected(reader: Any, writer: Any) -> None:
        onward = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(carry(reader, onward[1]), carry(onward[0], writer), return_exceptions=True)

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    server.close()


def test_motor_works_in_threads_of_its_own_and_the_request_is_the_parent_all_the_same(mongodb: int) -> None:
    from opentelemetry import trace

    motor = pytest.importorskip("motor.motor_asyncio")

    async def task(items: Any, number: int) -> None:
        with trace.get_tracer("test").start_as_current_span(f"task {number}"):
            await items.find_one({"_id": number})

    async def main() -> None:
        client = motor.AsyncIOMotorClient("127.0.0.1", mongodb)
        await asyncio.gather(*(task(client.shop.items, number) for number in range(20)))
        client.close()

    with enabled(plugin) as record:
        asyncio.run(main())
    tasks = {span.context.span_id for span in record.spans() if span.context and span.parent is None}
    children = [span.parent.span_id for span in record.spans() if span.parent is not None]
    assert (len(tasks), len(children)) == (20, 20)
    assert set(children) == tasks
