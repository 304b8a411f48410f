"""A call in two parts ends exactly once, wherever it ends, and its connection is not disturbed."""

import sys
import types
from collections.abc import Iterator
from typing import Any

import pytest

from clew import Parts, Plugin, patch_parts
from clew.conventions import http_client
from clew.plugin import PluginError
from clew.testing.recording import Recording, enabled


class Answer:
    status = 200


class Connection:
    def ask(self, url: str) -> None:
        if url.endswith("/nowhere"):
            raise ConnectionError("nobody is there")

    def answer(self) -> Answer:
        return Answer()

    def close(self) -> None:
        pass


def read_request(connection: Any, url: str) -> http_client.Request:
    return http_client.request("GET", url)


def plugin_for(*names: str) -> Plugin:
    exchange = http_client.exchange(read_request, lambda answer: (answer.status, None, 0))
    return Plugin("a_client", hooks=[patch_parts(Parts(*(f"a_client:Connection.{name}" for name in names)), exchange)])


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Any:
    module = types.ModuleType("a_client")
    module.Connection = type("Connection", (Connection,), dict(vars(Connection)))  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "a_client", module)
    return module


@pytest.fixture
def record(client: Any) -> Iterator[Recording]:
    with enabled(plugin_for("ask", "answer", "close")) as record:
        yield record


def errors(record: Recording) -> list[Any]:
    return [(span.attributes or {}).get("error.type") for span in record.spans()]


def test_it_ends_with_its_answer(client: Any, record: Recording) -> None:
    connection = client.Connection()
    connection.ask("http://shop/items")
    assert list(record.spans()) == []
    assert connection.answer().status == 200
    connection.close()
    assert errors(record) == [None]
    assert vars(connection) == {}


def test_it_ends_with_what_its_first_part_raises(client: Any, record: Recording) -> None:
    with pytest.raises(ConnectionError):
        client.Connection().ask("http://shop/nowhere")
    assert errors(record) == ["ConnectionError"]


def test_it_ends_with_its_connection(client: Any, record: Recording) -> None:
    connection = client.Connection()
    connection.ask("http://shop/items")
    connection.close()
    connection.close()
    assert errors(record) == ["clew.Abandoned"]


def test_it_ends_with_the_next_on_the_same_connection(client: Any, record: Recording) -> None:
    connection = client.Connection()
    connection.ask("http://shop/items/1")
    connection.ask("http://shop/items/2")
    connection.answer()
    assert errors(record) == ["clew.Abandoned", None]


def test_an_answer_to_nothing_is_nothing(client: Any, record: Recording) -> None:
    assert client.Connection().answer().status == 200
    assert list(record.spans()) == []


def test_a_connection_without_room_is_none_the_worse(client: Any, record: Recording) -> None:
    class Full(client.Connection):  # type: ignore[misc, name-defined]
        @property
        def __dict__(self) -> Any:  # type: ignore[override]
            raise AttributeError("there is no room")

    connection = Full()
    connection.ask("http://shop/items")
    assert connection.answer().status == 200
    assert errors(record) == ["TypeError"]


def test_where_a_part_is_missing_nothing_is_patched(client: Any) -> None:
    before = dict(vars(client.Connection))
    with pytest.raises(PluginError, match=r"Connection\.gone"):
        plugin_for("ask", "answer", "gone").enable()
    assert dict(vars(client.Connection)) == before
