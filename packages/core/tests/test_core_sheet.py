"""The cost sheet of a request, and calls that it makes again and again."""

import logging
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

import clew
from clew import repeating
from clew.queueing import waited
from clew.testing.recording import Recording, enabled

flask_plugins = pytest.importorskip("clew_sqlite3"), pytest.importorskip("clew_requests")


@pytest.fixture
def record() -> Iterator[Recording]:
    repeating._hourly.forget()
    with enabled(*(module.plugin for module in flask_plugins)) as record:
        yield record


@pytest.fixture(scope="module")
def peer() -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


def serve(work: Any, record: Recording, **headers: str) -> Any:
    """One request in which `work` is done; its server span."""
    environ = {"REQUEST_METHOD": "GET", "wsgi.url_scheme": "http", "PATH_INFO": "/orders", **headers}

    def application(environ: Any, start_response: Any) -> list[bytes]:
        work()
        start_response("200 OK", [])
        return [b""]

    record.clear()
    clew.wsgi(application)(environ, lambda *_: None).close()  # type: ignore[attr-defined]
    return record.spans()[-1]


def test_the_server_span_says_how_many_calls_there_were_and_how_long_they_took(record: Recording, peer: str) -> None:
    import requests

    def work() -> None:
        with closing(sqlite3.connect(":memory:")) as database:
            database.execute("CREATE TABLE items (a)")
            database.cursor().execute("SELECT a FROM items")
            with pytest.raises(sqlite3.OperationalError):
                database.execute("SELECT a FROM nowhere")
        requests.get(f"{peer}/a")

    attributes = serve(work, record).attributes
    assert (attributes["clew.db.calls"], attributes["clew.http.calls"]) == (3, 1)
    children = record.spans()[:-1]
    for heading, system in (("db", "db.system.name"), ("http", "url.full")):
        seconds = sum(span.end_time - span.start_time for span in children if system in span.attributes) / 1e9
        assert 0 < attributes[f"clew.{heading}.duration"] <= seconds + 0.05
    assert "clew.queue.duration" not in attributes
    assert not [event for event in record.spans()[-1].events if event.name == repeating.EVENT]


def test_a_request_without_calls_has_no_sheet(record: Recording) -> None:
    assert not [name for name in serve(lambda: None, record).attributes if name.startswith("clew.")]


@pytest.mark.parametrize("literal", [False, True])
def test_a_query_that_comes_again_and_again_is_told_once_with_its_line(
    literal: bool, record: Recording, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "clew")

    def work() -> None:
        with closing(sqlite3.connect(":memory:")) as database:
            database.execute("CREATE TABLE items (a)")
            for number in range(7):
                if literal:
                    database.execute(f"SELECT a FROM items WHERE a = {number}")
                else:
                    database.execute("SELECT a FROM items WHERE a = ?", (number,))

    span = serve(work, record)
    (event,) = span.events
    about = dict(event.attributes or {})
    assert event.name == "clew.repeated_calls"
    assert (about["clew.repeated.name"], about["clew.repeated.count"]) == ("SELECT items", 7)
    assert about["clew.repeated.duration"] > 0
    (line,) = [record.getMessage() for record in caplog.records if record.name == "clew"]
    assert "7 calls of SELECT items" in line
    if not literal:
        assert about["code.file.path"].endswith("test_core_sheet.py")
        assert about["code.function.name"].endswith("work")
        assert f"test_core_sheet.py:{about['code.line.number']}" in line
    caplog.clear()
    serve(work, record)
    assert caplog.messages == []
    assert record.sums()["clew.request.repeated_calls", ()] >= 2


def test_calls_of_the_same_route_of_another_service_are_alike(record: Recording, peer: str) -> None:
    import requests

    def work() -> None:
        for number in range(6):
            requests.get(f"{peer}/items/{number}?page={number}")
            requests.get(f"{peer}/{'abcdef'[number]}")

    (event,) = serve(work, record).events
    assert (event.attributes or {})["clew.repeated.name"] == "GET 127.0.0.1/items/{}"


def test_many_different_calls_are_counted_and_not_all_remembered(record: Recording) -> None:
    def work() -> None:
        with closing(sqlite3.connect(":memory:")) as database:
            for number in range(600):
                database.execute(f"SELECT {number} AS column_{number}")

    assert serve(work, record).attributes["clew.db.calls"] == 600


@pytest.mark.parametrize("stamp", ["t={:.3f}", "{:.6f}", "t={:.0f}000", "{:.0f}000000"])
def test_the_time_in_the_proxys_queue_is_told(stamp: str, record: Recording) -> None:
    span = serve(lambda: None, record, HTTP_X_REQUEST_START=stamp.format(time.time() - 2))
    assert 1 <= span.attributes["clew.queue.duration"] < 30


@pytest.mark.parametrize("stamp", ["", "soon", "t=", "t=12", "9" * 50, "t=99999999999.1", "-1", "t=1e9", "0" * 10])
def test_a_stamp_that_is_none_is_ignored(stamp: str, record: Recording) -> None:
    assert waited(stamp) is None
    assert "clew.queue.duration" not in serve(lambda: None, record, HTTP_X_REQUEST_START=stamp).attributes
