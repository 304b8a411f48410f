"""What every plugin for an HTTP client must show."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.context import set_value
from opentelemetry.trace import SpanKind, StatusCode

import clew
from clew.plugin import Plugin
from clew.propagation import REQUEST_ID, attach, detach
from clew.testing.recording import Recording, enabled

METRIC = "http.client.request.duration"


class HttpClientContract:
    """Subclass it as TestX, set `plugin` and `patched`, and define `call`."""

    plugin: Plugin
    #: The places that the plugin patches: (owner, attribute).
    patched: list[tuple[Any, str]]

    def call(self, method: str, url: str, **headers: str) -> tuple[int, bytes]:
        """One request with the library, redirects followed; status and body, or the library's own exception."""
        raise NotImplementedError

    @pytest.fixture
    def record(self) -> Iterator[Recording]:
        with enabled(self.plugin) as record:
            yield record

    @pytest.fixture(scope="class")
    @classmethod
    def peer(cls) -> Iterator[str]:
        with _peer() as url:
            yield url

    def test_a_call_is_one_client_span_and_one_point(self, record: Recording, peer: str) -> None:
        assert self.call("GET", f"{peer}/items/7")[0] == 200
        span = record.span()
        host, port = peer.removeprefix("http://").split(":")
        assert (span.name, span.kind, span.status.status_code) == ("GET", SpanKind.CLIENT, StatusCode.UNSET)
        assert dict(span.attributes or {}) == {
            "http.request.method": "GET",
            "url.full": f"{peer}/items/7",
            "server.address": host,
            "server.port": int(port),
            "http.response.status_code": 200,
        }
        where = {"http.request.method": "GET", "server.address": host, "server.port": int(port)}
        assert record.points(METRIC) == [({**where, "http.response.status_code": 200}, 1)]

    def test_the_callee_gets_our_span_as_parent_and_the_request_id(self, record: Recording, peer: str) -> None:
        token = attach(set_value(REQUEST_ID, "order-1"))
        try:
            headers = json.loads(self.call("GET", f"{peer}/echo")[1])
        finally:
            detach(token)
        came = record.span().context
        assert came is not None
        assert headers["traceparent"] == [f"00-{came.trace_id:032x}-{came.span_id:016x}-{came.trace_flags:02x}"]
        assert headers["x-request-id"] == ["order-1"]
        assert (record.span().attributes or {})["request.id"] == "order-1"

    def test_headers_of_the_application_arrive_and_ours_are_there_once(self, record: Recording, peer: str) -> None:
        headers = json.loads(self.call("GET", f"{peer}/echo", **{"X-Shop": "1", "traceparent": "of the caller"})[1])
        assert headers["x-shop"] == ["1"]
        assert len(headers["traceparent"]) == 1

    def test_the_span_is_a_child_of_the_current_one(self, record: Recording, peer: str) -> None:
        with trace.get_tracer("test").start_as_current_span("parent") as parent:
            self.call("GET", f"{peer}/items/7")
        child = record.spans()[0]
        assert child.parent is not None
        assert child.parent.span_id == parent.get_span_context().span_id

    @pytest.mark.parametrize("status", [404, 500, 503])
    def test_an_error_answer_is_an_error_of_the_call(self, record: Recording, peer: str, status: int) -> None:
        assert self.call("GET", f"{peer}/status/{status}")[0] == status
        span = record.span()
        assert span.status.status_code is StatusCode.ERROR
        assert (span.attributes or {})["error.type"] == str(status)
        assert record.points(METRIC)[0][0]["error.type"] == str(status)

    def test_a_refused_connection_raises_the_librarys_own_error(self, record: Recording) -> None:
        self.plugin.disable()
        with pytest.raises(Exception) as plain:
            self.call("GET", "http://127.0.0.1:9/")
        self.plugin.enable()
        with pytest.raises(type(plain.value)) as ours:
            self.call("GET", "http://127.0.0.1:9/")
        assert str(ours.value).split(" at 0x")[0] == str(plain.value).split(" at 0x")[0]
        span = record.span()
        assert span.status.status_code is StatusCode.ERROR
        assert [event.name for event in span.events] == ["exception"]
        assert (span.attributes or {})["error.type"] == (span.events[0].attributes or {})["exception.type"]
        assert "http.response.status_code" not in (span.attributes or {})

    def test_each_redirect_is_a_request_of_its_own(self, record: Recording, peer: str) -> None:
        assert self.call("GET", f"{peer}/redirect")[0] == 200
        assert [(span.attributes or {})["http.response.status_code"] for span in record.spans()] == [302, 200]

    def test_credentials_in_the_url_stay_home(self, record: Recording, peer: str) -> None:
        self.call("GET", f"{peer}/items/7?access_token=hunter2&X-Amz-Signature=hunter2&page=2")
        assert (record.span().attributes or {})["url.full"] == (
            f"{peer}/items/7?access_token=REDACTED&X-Amz-Signature=REDACTED&page=2"
        )

    def test_an_unknown_method_is_other(self, record: Recording, peer: str) -> None:
        self.call("BREW", f"{peer}/items/7")
        span = record.span()
        assert span.name == "HTTP"
        assert (span.attributes or {})["http.request.method"] == "_OTHER"
        assert (span.attributes or {})["http.request.method_original"] == "BREW"

    def test_paths_and_methods_do_not_multiply_the_series(self, record: Recording, peer: str) -> None:
        for number in range(30):
            self.call(f"M{number}", f"{peer}/items/{number}")
        assert [count for _, count in record.points(METRIC)] == [30]

    def test_within_suppress_nothing_is_recorded_and_nothing_sent_along(self, record: Recording, peer: str) -> None:
        with clew.suppress():
            headers = json.loads(self.call("GET", f"{peer}/echo")[1])
        assert (list(record.spans()), record.points(METRIC)) == ([], [])
        assert "traceparent" not in headers

    def test_threads_do_not_mix(self, record: Recording, peer: str) -> None:
        def work(number: int) -> None:
            with trace.get_tracer("test").start_as_current_span(f"thread {number}"):
                self.call("GET", f"{peer}/items/{number}")

        threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        parents = {span.context.span_id: span.name for span in record.spans() if span.kind is SpanKind.INTERNAL}
        for span in record.spans():
            if span.kind is SpanKind.CLIENT:
                assert span.parent is not None
                number = str((span.attributes or {})["url.full"]).rpartition("/")[2]
                assert parents[span.parent.span_id] == f"thread {number}"

    def test_a_mistake_of_ours_is_not_the_callers(self, record: Recording, peer: str, monkeypatch: Any) -> None:
        monkeypatch.setattr("clew.conventions.http_client.origin_of", _broken)
        assert self.call("GET", f"{peer}/items/7")[0] == 200
        assert [span.name for span in record.spans()] == ["http.client"]

    def test_disabling_puts_back_the_very_objects(self, peer: str) -> None:
        before = [vars(owner)[name] for owner, name in self.patched]
        with enabled(self.plugin) as record:
            assert all(vars(owner)[name] is not old for (owner, name), old in zip(self.patched, before, strict=True))
        assert [vars(owner)[name] for owner, name in self.patched] == before
        self.call("GET", f"{peer}/items/7")
        assert list(record.spans()) == []


def _broken(url: str) -> Any:
    raise RuntimeError("a mistake of ours")


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def _answer(self) -> None:
        path = self.path.partition("?")[0]
        status, headers = 200, {}
        if path.startswith("/status/"):
            status = int(path.rpartition("/")[2])
        elif path == "/redirect":
            status, headers = 302, {"Location": "/items/1"}
        body = json.dumps({name.lower(): self.headers.get_all(name) for name in self.headers}).encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("do_"):  # any method, also those that nobody knows
            return self._answer
        raise AttributeError(name)

    def log_message(self, *args: Any) -> None:
        pass


@contextmanager
def _peer() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
