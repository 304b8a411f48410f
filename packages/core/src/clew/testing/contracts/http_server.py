"""What every plugin for a web framework or server must show."""

from __future__ import annotations

import http.client
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import Any, NamedTuple

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import SpanKind, StatusCode

from clew.plugin import Plugin
from clew.testing.recording import Recording, enabled

METRIC = "http.server.request.duration"
PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes


class HttpServerContract:
    """Subclass it as TestX, set the plugins and the route's spelling, and define `serve`.

    The application answers: /items/{number} with 200 and `current_request_id()`; /status/{code} with that status;
    /boom by raising ZeroDivisionError; /stream with five chunks `chunk`; /log by logging the line `hello` to the logger
    `shop`; and logs the line `failed` to `shop` in its handler of unhandled errors, if it can have one.
    """

    plugins: list[Plugin]
    #: The plugin that puts the IDs on the records of the standard library's logging.
    log_plugin: Plugin
    #: How the framework spells the route of /items/{number}.
    route: str = "/items/{number}"
    #: The same, below a mount, blueprint or included router.
    nested: tuple[str, str] | None = None
    patched: list[tuple[Any, str]]
    #: How many SERVER spans a request has when clew is off, because the framework makes them itself.
    native_spans: int = 0

    def serve(self) -> AbstractContextManager[int]:
        """The application on its real server on 127.0.0.1; gives the port."""
        raise NotImplementedError

    @pytest.fixture(scope="class")
    @classmethod
    def port(cls) -> Iterator[int]:
        with cls().serve() as port:
            yield port

    @pytest.fixture
    def record(self, port: int) -> Iterator[Recording]:
        with enabled(*self.plugins) as record:
            yield record

    def test_a_request_is_one_server_span_and_one_point(self, record: Recording, port: int) -> None:
        answer = ask(port, "/items/7?page=2&token=hunter2", **{"User-Agent": "test"})
        span = server_spans(record, 1)[0]
        assert (span.name, span.kind, span.parent) == (f"GET {self.route}", SpanKind.SERVER, None)
        assert dict(span.attributes or {}) == {
            "http.request.method": "GET",
            "url.scheme": "http",
            "url.path": "/items/7",
            "url.query": "page=2&token=REDACTED",
            "http.route": self.route,
            "http.response.status_code": 200,
            "network.protocol.version": "1.1",
            "server.address": "127.0.0.1",
            "server.port": port,
            "user_agent.original": "test",
            "request.id": answer.headers["x-request-id"],
        }
        (point,) = record.points(METRIC)
        assert point == (
            {
                "http.request.method": "GET",
                "url.scheme": "http",
                "http.route": self.route,
                "http.response.status_code": 200,
                "network.protocol.version": "1.1",
            },
            1,
        )

    def test_a_request_id_is_made_and_is_the_trace_id(self, record: Recording, port: int) -> None:
        answer = ask(port, "/items/7")
        made = answer.headers["x-request-id"]
        assert made == f"{server_spans(record, 1)[0].context.trace_id:032x}"
        assert answer.body.decode() == made

    def test_a_good_request_id_is_kept(self, record: Recording, port: int) -> None:
        answer = ask(port, "/items/7", **{"X-Request-ID": "order-1.A_b"})
        assert (answer.headers["x-request-id"], answer.body) == ("order-1.A_b", b"order-1.A_b")
        assert (server_spans(record, 1)[0].attributes or {})["request.id"] == "order-1.A_b"

    @pytest.mark.parametrize("bad", ["a b", "x" * 129, "a=1;level=CRITICAL", "\x1b[31m", "caf\xe9"])
    def test_a_bad_request_id_is_replaced(self, record: Recording, port: int, bad: str) -> None:
        answer = ask(port, "/items/7", **{"X-Request-ID": bad})
        assert answer.headers["x-request-id"] == f"{server_spans(record, 1)[0].context.trace_id:032x}"

    @pytest.mark.parametrize(
        ("path", "status"),
        [("/status/404", 404), ("/status/503", 503), ("/nowhere", 404), ("/boom", 500), ("/stream", 200)],
    )
    def test_every_answer_carries_the_request_id_once(
        self, record: Recording, port: int, path: str, status: int
    ) -> None:
        answer = ask(port, path, **{"X-Request-ID": "order-1"})
        assert (answer.status, answer.headers["x-request-id"]) == (status, "order-1")
        server_spans(record, 1)

    def test_the_callers_span_is_the_parent(self, record: Recording, port: int) -> None:
        ask(port, "/items/7", traceparent=PARENT, tracestate="shop=1,other=2")
        span = server_spans(record, 1)[0]
        assert span.parent is not None
        assert (f"{span.context.trace_id:032x}", f"{span.parent.span_id:016x}") == (PARENT[3:35], PARENT[36:52])
        assert span.context.trace_state.to_header() == "shop=1,other=2"

    @pytest.mark.parametrize(
        "bad", [PARENT.upper(), "ff" + PARENT[2:], "00-" + "0" * 32 + PARENT[35:], PARENT + "-x", "x" * 10000, "\xe9"]
    )
    def test_a_bad_traceparent_begins_a_trace(self, record: Recording, port: int, bad: str) -> None:
        assert ask(port, "/items/7", traceparent=bad).status == 200
        span = server_spans(record, 1)[0]
        assert span.parent is None
        assert f"{span.context.trace_id:032x}" != PARENT[3:35]

    def test_an_unhandled_error_is_recorded_once_with_status_500(self, record: Recording, port: int) -> None:
        assert ask(port, "/boom").status == 500
        span = server_spans(record, 1)[0]
        attributes = span.attributes or {}
        assert (attributes["http.response.status_code"], attributes["error.type"]) == (500, "ZeroDivisionError")
        assert span.status.status_code is StatusCode.ERROR
        (event,) = span.events
        assert (event.attributes or {})["exception.type"] == "ZeroDivisionError"
        assert "division by zero" in str((event.attributes or {})["exception.stacktrace"])
        assert record.points(METRIC)[0][0]["error.type"] == "ZeroDivisionError"

    @pytest.mark.parametrize(("code", "failed"), [(302, False), (404, False), (500, True), (503, True)])
    def test_only_5xx_is_an_error_of_the_server(self, record: Recording, port: int, code: int, failed: bool) -> None:
        assert ask(port, f"/status/{code}").status == code
        span = server_spans(record, 1)[0]
        assert (span.status.status_code is StatusCode.ERROR) is failed
        assert ("error.type" in (span.attributes or {})) is failed
        assert not span.events

    def test_a_stream_is_one_span_to_its_last_byte(self, record: Recording, port: int) -> None:
        assert ask(port, "/stream").body == b"chunk" * 5
        server_spans(record, 1)
        assert [count for _, count in record.points(METRIC)] == [1]

    def test_unknown_paths_and_methods_do_not_multiply_the_series(self, record: Recording, port: int) -> None:
        for number in range(20):
            ask(port, f"/nowhere/{number}", method=f"M{number}", Host=f"h{number}.test")
            ask(port, f"/nowhere/{number}")
        spans = server_spans(record, 40)
        assert {span.name for span in spans} == {"GET", "HTTP"}
        assert len(record.points(METRIC)) <= 3

    def test_a_nested_route_is_named_with_every_prefix(self, record: Recording, port: int) -> None:
        if self.nested is None:
            pytest.skip("this framework has nothing to nest")
        path, template = self.nested
        assert ask(port, path).status == 200
        assert server_spans(record, 1)[0].name == f"GET {template}"

    def test_concurrent_requests_do_not_mix(self, record: Recording, port: int) -> None:
        with ThreadPoolExecutor(8) as pool:
            ids = [f"order-{number}" for number in range(80)]
            answers = list(pool.map(lambda one: ask(port, "/items/7", **{"X-Request-ID": one}), ids))
        assert [answer.body.decode() for answer in answers] == ids
        assert {(span.attributes or {})["request.id"] for span in server_spans(record, 80)} == set(ids)

    def test_log_lines_carry_the_ids_of_their_request(self, record: Recording, port: int, caplog: Any) -> None:
        with enabled(self.log_plugin), caplog.at_level("INFO", "shop"):
            ask(port, "/log", **{"X-Request-ID": "order-1"})
            span = server_spans(record, 1)[0]
        (line,) = [line for line in caplog.records if line.getMessage() == "hello"]
        assert (line.request_id, line.trace_id) == ("order-1", f"{span.context.trace_id:032x}")
        assert line.span_id == f"{span.context.span_id:016x}"

    def test_the_line_of_an_error_handler_carries_the_ids_too(self, record: Recording, port: int, caplog: Any) -> None:
        with enabled(self.log_plugin):
            ask(port, "/boom", **{"X-Request-ID": "order-1"})
            server_spans(record, 1)
        assert "order-1" in {
            getattr(line, "request_id", "") for line in caplog.records if line.getMessage() == "failed"
        }

    def test_a_mistake_of_ours_is_not_the_callers(self, record: Recording, port: int, monkeypatch: Any) -> None:
        monkeypatch.setattr("clew.conventions.http_server.name_of", _broken)
        answer = ask(port, "/items/7")
        assert answer.status == 200
        assert [span.name for span in server_spans(record, 1)] == ["http.server"]

    def test_disabling_puts_back_the_very_objects(self, port: int) -> None:
        before = [vars(owner)[name] for owner, name in self.patched]
        with enabled(*self.plugins) as record:
            assert all(vars(owner)[name] is not old for (owner, name), old in zip(self.patched, before, strict=True))
        assert [vars(owner)[name] for owner, name in self.patched] == before
        answer = ask(port, "/items/7")
        assert (answer.status, answer.body) == (200, b"")
        assert "x-request-id" not in answer.headers
        server_spans(record, self.native_spans)


def _broken(*args: Any) -> Any:
    raise RuntimeError("a mistake of ours")


def ask(port: int, path: str, method: str = "GET", **headers: str) -> Answer:
    """One request with the standard library, over a connection of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.putrequest(method, path, skip_host="Host" in headers, skip_accept_encoding=True)
        for name, value in headers.items():
            connection.putheader(name, value.encode("latin-1"))
        connection.endheaders()
        answer = connection.getresponse()
        body = answer.read()
        names = [name.lower() for name, _ in answer.getheaders()]
        assert names.count("x-request-id") <= 1
        return Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, body)
    finally:
        connection.close()


def server_spans(record: Recording, number: int) -> list[ReadableSpan]:
    """The SERVER spans, waited for: the last byte leaves before the span ends. Fails when there are more."""
    deadline = time.monotonic() + 10
    while True:
        spans = [span for span in record.spans() if span.kind is SpanKind.SERVER]
        if len(spans) >= number or time.monotonic() > deadline:
            break
        time.sleep(0.005)
    assert len(spans) == number
    return spans
