"""clew-pymemcache passes the contract of a store against a real memcached: alone, by a pool, by a hash of servers."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest
from pymemcache.client.base import Client, PooledClient
from pymemcache.client.hash import HashClient
from pymemcache.exceptions import MemcacheIllegalInputError

from clew.conventions.db_pool import Pool
from clew.testing.contracts.db_command import DbCommandContract
from clew.testing.recording import Recording, assert_pool, enabled
from clew_pymemcache import plugin


class TestPymemcache(DbCommandContract):
    plugin = plugin
    putting, getting = ("set", {"db.operation.name": "set"}), ("get", {"db.operation.name": "get"})
    batching = putting
    patched = [(Client, "get"), (Client, "get_multi"), (Client, "set_many"), (HashClient, "get_many")]

    @pytest.fixture(autouse=True)
    def _server(self, memcached: int) -> None:
        self.port = memcached
        self.where = {"db.system.name": "memcached", "server.address": "127.0.0.1", "server.port": memcached}

    @contextmanager
    def connect(self) -> Iterator[Any]:
        with closing(Client(("127.0.0.1", self.port), default_noreply=False)) as client:
            client.delete("nothing")
            yield client

    def put(self, client: Any, key: str, value: str) -> None:
        assert client.set(key, value)

    def get(self, client: Any, key: str) -> str | None:
        found = client.get(key)
        return None if found is None else found.decode()

    def put_many(self, client: Any, values: dict[str, str]) -> None:
        assert client.set_many(values) == []

    def refused(self, client: Any, value: str) -> None:
        client.set("text", f"a text and {value}")
        client.incr("text", 1)

    def test_several_keys_are_one_span_by_either_name(self, record: Recording, client: Any) -> None:
        client.set_multi({"a": "1", "b": "2"})
        assert client.get_many(["a", "b"]) == client.get_multi(["a", "b"]) == {"a": b"1", "b": b"2"}
        client.delete_multi(["a", "b"])
        assert client.get_many([]) == {}
        told = [(span.name, (span.attributes or {}).get("db.operation.batch.size")) for span in record.spans()]
        assert told == [("set", 2), ("get", 2), ("get", 2), ("delete", 2)]

    @pytest.mark.parametrize("wrong", [("get", "hunter2 3"), ("get", "hunter2" * 50), ("touch", "a", "hunter2")])
    def test_what_is_wrong_with_a_key_is_told_without_it(self, record: Recording, client: Any, wrong: Any) -> None:
        with pytest.raises(MemcacheIllegalInputError, match="hunter2"):
            getattr(client, wrong[0])(*wrong[1:])
        span = record.span()
        assert span.status.description
        assert "hunter" not in repr(
            [span.status.description, span.attributes, [event.attributes for event in span.events]]
        )


class TestPooled(TestPymemcache):
    @contextmanager
    def connect(self) -> Iterator[Any]:
        with closing(PooledClient(("127.0.0.1", self.port), default_noreply=False, max_pool_size=4)) as client:
            client.delete("nothing")
            yield client


class TestHash(TestPymemcache):
    @contextmanager
    def connect(self) -> Iterator[Any]:
        client = HashClient([("127.0.0.1", self.port)], default_noreply=False, use_pooling=True)
        with closing(client):
            client.delete("nothing")
            yield client

    def test_a_batch_is_one_span_with_its_size(self, record: Recording, client: Any) -> None:
        """To how many servers it goes depends on the keys."""
        self.where = {"db.system.name": "memcached"}
        super().test_a_batch_is_one_span_with_its_size(record, client)

    def test_several_keys_are_one_span_by_either_name(self, record: Recording, client: Any) -> None:
        client.set_multi({"a": "1", "b": "2"})
        assert client.get_many(["a", "b"]) == client.get_multi(["a", "b"]) == {"a": b"1", "b": b"2"}
        assert [span.name for span in record.spans()] == ["set", "get", "get"]

    def test_what_is_wrong_with_a_key_is_told_without_it(self, record: Recording, client: Any) -> None:
        """It looks at keys before it asks a server."""
        with pytest.raises(MemcacheIllegalInputError):
            client.get("hunter2 3")
        assert list(record.spans()) == []


def test_a_failure_that_the_client_ignores_is_none(memcached: int) -> None:
    with enabled(plugin) as record, closing(Client(("127.0.0.1", 9), ignore_exc=True)) as client:
        assert client.get("a") is None
    assert record.span().name == "get"


def test_a_socket_in_the_file_system_is_an_address_too() -> None:
    with enabled(plugin) as record, pytest.raises(OSError):
        Client("unix:/nowhere/memcached.sock").get("a")
    assert (record.span().attributes or {})["server.address"] == "/nowhere/memcached.sock"


def test_a_pool_says_how_full_it_is(memcached: int) -> None:
    with enabled(plugin) as record, closing(PooledClient(("127.0.0.1", memcached), max_pool_size=4)) as client:
        client.get("sku")
        assert_pool(record, Pool(f"127.0.0.1:{memcached}", 0, 1, 4))
        with client.client_pool.get_and_release():
            assert_pool(record, Pool("", 1, 0, 4))
