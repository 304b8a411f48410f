"""clew-redis passes the contract of a store against a real Redis: sync, async, alone and as a cluster."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from typing import Any

import pytest
import redis
import redis.asyncio
from redis.backoff import NoBackoff
from redis.retry import Retry

from clew.conventions.db_pool import Pool
from clew.testing.contracts.db_command import METRIC, AsyncDbCommandContract, DbCommandContract
from clew.testing.recording import Recording, assert_pool, enabled
from clew_redis import plugin

ONCE = Retry(NoBackoff(), 0)
SET, GET = ("SET", {"db.operation.name": "SET"}), ("GET", {"db.operation.name": "GET"})
TRANSACTION, PIPELINE = ("MULTI SET", {"db.operation.name": "MULTI SET"}), ("PIPELINE SET", {"db.operation.name": "PIPELINE SET"})  # fmt: skip


def where(port: int) -> dict[str, Any]:
    return {"db.system.name": "redis", "db.namespace": "0", "server.address": "127.0.0.1", "server.port": port}


class TestRedis(DbCommandContract):
    asked = {"request_hook": 3, "response_hook": 2}
    plugin = plugin
    putting, getting, batching = SET, GET, TRANSACTION
    code = "WRONGTYPE"
    patched = [(redis.Redis, "execute_command"), (redis.client.Pipeline, "execute")]

    @pytest.fixture(autouse=True)
    def _server(self, redis_server: int) -> None:
        self.port = redis_server
        self.where = where(redis_server)

    @contextmanager
    def connect(self) -> Iterator[Any]:
        with redis.Redis("127.0.0.1", self.port, decode_responses=True) as client:
            yield client

    def put(self, client: Any, key: str, value: str) -> None:
        client.set(key, value)

    def get(self, client: Any, key: str) -> Any:
        return client.get(key)

    def put_many(self, client: Any, values: dict[str, str]) -> None:
        with client.pipeline() as pipeline:
            for key, value in values.items():
                pipeline.set(key, value)
            assert all(pipeline.execute())

    def refused(self, client: Any, value: str) -> None:
        client.set("list", value)
        client.lpush("list", value)

    def test_a_pipeline_that_fails_does_not_tell_its_arguments(self, record: Recording, client: Any) -> None:
        client.set("list", 1)
        with client.pipeline(transaction=False) as pipeline, pytest.raises(redis.ResponseError, match="hunter2"):
            pipeline.get("list").lpush("list", "hunter2 (or) of pipeline caused error: 3").execute()
        span = record.spans()[-1]
        assert (span.name, (span.attributes or {})["db.response.status_code"]) == ("PIPELINE", "WRONGTYPE")
        assert "WRONGTYPE" in str(span.status.description)
        assert "hunter2" not in repr([(span.status.description, event.attributes) for event in span.events])

    def test_the_name_is_the_command_alone(self, record: Recording, client: Any) -> None:
        client.execute_command("get hunter2")
        client.execute_command(b"Client List")
        client.config_get("maxmemory")
        with pytest.raises(redis.ResponseError):
            client.execute_command("<hunter2>", "hunter3")
        assert [span.name for span in record.spans()] == ["GET", "CLIENT LIST", "CONFIG GET", "OTHER"]
        assert "hunter" not in repr(
            [
                (span.status.description, span.attributes, [event.attributes for event in span.events])
                for span in record.spans()
            ]
        )

    def test_credentials_are_not_even_a_command(self, record: Recording, client: Any) -> None:
        with redis.Redis("127.0.0.1", self.port, retry=ONCE) as once, pytest.raises(redis.RedisError):
            once.execute_command("AUTH", "hunter2")
        assert list(record.spans()) == []

    def test_watch_and_what_is_read_under_it_are_calls_of_their_own(self, record: Recording, client: Any) -> None:
        with client.pipeline() as pipeline:
            pipeline.watch("sku")
            pipeline.get("sku")
            pipeline.multi()
            pipeline.set("sku", 1).incr("sku")
            assert pipeline.execute()[-1] == 2
        assert [span.name for span in record.spans()] == ["WATCH", "GET", "MULTI"]

    def test_scripts_are_loaded_within_their_pipeline(self, record: Recording, client: Any) -> None:
        script = client.register_script("return 7")
        record.clear()
        with client.pipeline() as pipeline:
            script(client=pipeline)
            assert pipeline.execute() == [7]
        assert record.span().name == "MULTI EVALSHA"

    def test_an_empty_pipeline_is_no_call(self, record: Recording, client: Any) -> None:
        assert client.pipeline().execute() == []
        assert list(record.spans()) == []

    def test_messages_are_waited_for_without_spans(self, record: Recording, client: Any) -> None:
        with closing(client.pubsub(ignore_subscribe_messages=True)) as messages:
            messages.subscribe("orders")
            for _ in range(20):
                messages.get_message()
            client.publish("orders", "hunter2")
            while messages.get_message(timeout=5) is None:
                pass
        assert [span.name for span in record.spans()] == ["SUBSCRIBE", "PUBLISH"]

    def test_a_command_that_waits_on_purpose_is_not_slow(
        self, record: Recording, client: Any, monkeypatch: Any, caplog: Any
    ) -> None:
        monkeypatch.setattr("clew.recorder.clock", lambda: time.perf_counter_ns() + 10**12)
        assert client.blpop("nothing", timeout=0.01) is None
        assert "code.line.number" not in (record.span().attributes or {})
        assert "BLPOP" not in caplog.text

    def test_a_blocking_command_lasts_as_long_as_it_waits(self, record: Recording, client: Any) -> None:
        assert client.blpop("nothing", timeout=1) is None
        span = record.span()
        assert span.name == "BLPOP"
        assert span.end_time is not None
        assert span.start_time is not None
        assert span.end_time - span.start_time >= 0.9e9

    def test_retries_are_one_call(self, record: Recording, client: Any) -> None:
        retry = Retry(NoBackoff(), 2)
        nobody = redis.Redis("127.0.0.1", 9, retry=retry, retry_on_error=[ConnectionError])
        with pytest.raises(redis.ConnectionError):
            nobody.get("sku")
        span = record.span()
        assert (span.attributes or {})["error.type"] == "redis.exceptions.ConnectionError"
        assert "db.response.status_code" not in (span.attributes or {})

    def test_a_connection_that_was_lost_is_made_again_within_the_call(self, record: Recording, client: Any) -> None:
        with self.connect() as other:
            name = client.client_id()
            other.client_kill_filter(_id=name)
            record.clear()
            assert client.get("nothing") is None
        assert record.span().name == "GET"

    def test_where_redis_counts_its_commands_itself_we_do_not(self, record: Recording, client: Any) -> None:
        observability = pytest.importorskip("redis.observability")
        from redis.observability.config import MetricGroup

        native = observability.get_observability_instance()
        native.init(observability.OTelConfig(metric_groups=[MetricGroup.COMMAND]))
        try:
            client.set("sku", "1")
            with client.pipeline() as pipeline:
                pipeline.set("sku", "1").get("sku").execute()
        finally:
            native.shutdown()
            observability.recorder.reset_collector()
        assert [span.name for span in record.spans()] == ["SET", "MULTI"]
        assert sorted((point["db.operation.name"], count) for point, count in record.points(METRIC)) == [
            ("MULTI", 1),
            ("SET", 1),
        ]

    def test_a_socket_in_the_file_system_is_an_address_too(self) -> None:
        with enabled(plugin) as record, pytest.raises(redis.ConnectionError):
            redis.Redis(unix_socket_path="/nowhere/redis.sock", db=3, retry=ONCE).get("sku")
        attributes = record.span().attributes or {}
        assert (attributes["server.address"], attributes["db.namespace"]) == ("/nowhere/redis.sock", "3")
        assert "server.port" not in attributes


class TestPools:
    """What a pool says of itself, by the name of its server. Where nobody waits, no wait is told."""

    @pytest.fixture(autouse=True)
    def _server(self, redis_server: int) -> None:
        self.where = {"host": "127.0.0.1", "port": redis_server}
        self.name = f"127.0.0.1:{redis_server}/0"

    def test_one_that_does_not_block(self) -> None:
        with enabled(plugin) as record, redis.Redis(**self.where, max_connections=7) as client:
            client.ping()
            assert_pool(record, Pool(self.name, 0, 1, 7))
            with closing(client.pubsub()) as messages:
                messages.subscribe("orders")
                client.ping()
                assert_pool(record, Pool("", 1, 1, 7))

    def test_one_that_blocks(self) -> None:
        pool = redis.BlockingConnectionPool(**self.where, max_connections=2, timeout=0.05)
        with enabled(plugin) as record, redis.Redis(connection_pool=pool, retry=ONCE) as client:
            with closing(client.pubsub()) as messages, closing(client.pubsub()) as others:
                messages.subscribe("orders")
                assert_pool(record, Pool(self.name, 1, 0, 2), waits=1)
                others.subscribe("orders")
                with pytest.raises(redis.ConnectionError):
                    client.ping()
                assert_pool(record, Pool("", 2, 0, 2), waits=2)
            assert_pool(record, Pool("", 0, 2, 2), waits=2)
            pool.disconnect()

    @pytest.mark.parametrize("kind", [redis.asyncio.ConnectionPool, redis.asyncio.BlockingConnectionPool])
    def test_with_coroutines(self, kind: Any) -> None:
        async def main() -> None:
            pool = kind(**self.where, max_connections=3)
            client: Any = redis.asyncio.Redis(connection_pool=pool)
            await asyncio.gather(*(client.blpop("never", timeout=1) for _ in range(2)), client.ping())
            waits = 3 if kind is redis.asyncio.BlockingConnectionPool else 0
            assert_pool(record, Pool(self.name, 0, 3, 3), waits=waits)
            await pool.disconnect()

        with enabled(plugin) as record:
            asyncio.run(main())


class TestAsyncRedis(AsyncDbCommandContract):
    asked = {"request_hook": 3, "response_hook": 2}
    plugin = plugin
    putting, getting, batching = SET, GET, TRANSACTION
    code = "WRONGTYPE"
    patched = [(redis.asyncio.Redis, "execute_command"), (redis.asyncio.client.Pipeline, "execute")]

    @pytest.fixture(autouse=True)
    def _server(self, redis_server: int) -> None:
        self.port = redis_server
        self.where = where(redis_server)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Any]:
        async with redis.asyncio.Redis(host="127.0.0.1", port=self.port, decode_responses=True) as client:
            yield client
            await client.connection_pool.disconnect()

    async def a_put(self, client: Any, key: str, value: str) -> None:
        await client.set(key, value)

    async def a_get(self, client: Any, key: str) -> Any:
        return await client.get(key)

    async def a_put_many(self, client: Any, values: dict[str, str]) -> None:
        async with client.pipeline() as pipeline:
            for key, value in values.items():
                pipeline.set(key, value)
            assert all(await pipeline.execute())

    async def a_refused(self, client: Any, value: str) -> None:
        await client.set("list", value)
        await client.lpush("list", value)

    async def a_slow(self, client: Any, began: asyncio.Event) -> None:
        began.set()
        await client.blpop("never", timeout=0)

    def test_subscriptions_and_what_is_watched_are_calls(self, record: Recording, client: Any) -> None:
        async def main(client: Any) -> None:
            messages = client.pubsub(ignore_subscribe_messages=True)
            await messages.subscribe("orders")
            await messages.get_message()
            await client.publish("orders", "hunter2")
            while await messages.get_message(timeout=5) is None:
                pass
            await (messages.aclose() if hasattr(messages, "aclose") else messages.close())
            async with client.pipeline() as pipeline:
                await pipeline.watch("sku")
                await pipeline.get("sku")
                pipeline.multi()
                await pipeline.set("sku", 1).execute()

        client.run(main(client.client))
        assert [span.name for span in record.spans()] == ["SUBSCRIBE", "PUBLISH", "WATCH", "GET", "MULTI SET"]


class TestCluster(DbCommandContract):
    asked = {"request_hook": 3, "response_hook": 2}
    plugin = plugin
    putting, getting, batching = SET, GET, PIPELINE
    code = "WRONGTYPE"
    patched = [(redis.RedisCluster, "execute_command")]

    @pytest.fixture(autouse=True)
    def _servers(self, redis_cluster: list[int]) -> None:
        self.ports = redis_cluster

    @property
    def where(self) -> dict[str, Any]:  # type: ignore[override]
        return where(self.first)

    @contextmanager
    def connect(self) -> Iterator[Any]:
        client = redis.RedisCluster(host="127.0.0.1", port=self.ports[0], decode_responses=True)
        self.first = next(iter(client.nodes_manager.startup_nodes.values())).port
        with closing(client):
            yield client

    put, get, refused = TestRedis.put, TestRedis.get, TestRedis.refused

    def put_many(self, client: Any, values: dict[str, str]) -> None:
        pipeline = client.pipeline()
        for key, value in values.items():
            pipeline.set(key, value)
        assert all(pipeline.execute())

    def test_a_command_to_all_nodes_is_one_call(self, record: Recording, client: Any) -> None:
        client.flushall(target_nodes=redis.RedisCluster.ALL_NODES)
        assert record.span().name == "FLUSHALL"

    def test_a_key_that_has_moved_is_one_call(self, record: Recording, client: Any) -> None:
        for number in range(4):
            client.set(f"sku{number}", number)
        slots, nodes = client.nodes_manager.slots_cache, client.get_nodes()
        for slot in list(slots):  # what the client believes is wrong for half of the slots
            slots[slot] = [nodes[0]]
        record.clear()
        assert [client.get(f"sku{number}") for number in range(4)] == ["0", "1", "2", "3"]
        assert [span.name for span in record.spans()] == ["GET"] * 4

    def test_messages_of_a_cluster(self, record: Recording, client: Any) -> None:
        with closing(client.pubsub()) as messages:
            messages.subscribe("orders")
            client.publish("orders", "hunter2")
        assert [span.name for span in record.spans()] == ["SUBSCRIBE", "PUBLISH"]


@pytest.mark.skipif(not hasattr(redis.asyncio, "RedisCluster"), reason="comes with redis-py 4.3")
class TestAsyncCluster(AsyncDbCommandContract):
    asked = {"request_hook": 3, "response_hook": 2}
    plugin = plugin
    putting, getting, batching = SET, GET, PIPELINE
    code = "WRONGTYPE"

    @pytest.fixture(autouse=True)
    def _servers(self, redis_cluster: list[int]) -> None:
        self.ports = redis_cluster
        self.where = where(redis_cluster[0])
        self.patched = [(redis.asyncio.RedisCluster, "execute_command")]

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Any]:
        client = redis.asyncio.RedisCluster(host="127.0.0.1", port=self.ports[0], decode_responses=True)
        async with client:
            yield client

    a_put, a_get = TestAsyncRedis.a_put, TestAsyncRedis.a_get
    a_refused, a_slow = TestAsyncRedis.a_refused, TestAsyncRedis.a_slow

    async def a_put_many(self, client: Any, values: dict[str, str]) -> None:
        pipeline = client.pipeline()
        for key, value in values.items():
            pipeline.set(key, value)
        assert all(await pipeline.execute())
