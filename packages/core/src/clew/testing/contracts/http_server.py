"""What every plugin for a web framework or server must show."""

from __future__ import annotations

import asyncio
import http.client
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, closing, contextmanager
from typing import Any, NamedTuple

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import SpanKind, StatusCode

from clew.plugin import Plugin
from clew.testing.contracts.instrumentor import InstrumentorContract
from clew.testing.recording import Recording, configured, enabled

METRIC = "http.server.request.duration"
PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes


class HttpServerContract(InstrumentorContract):
    """Subclass it as TestX, set the plugins and the route's spelling, and define `serve`.

    The application answers: /items/{number} with 200 and `current_request_id()`; /status/{code} with that status;
    /raise/{code} by raising the framework's own exception for that status; /boom by raising ZeroDivisionError;
    /stream with five chunks `chunk`; /endless with `endless()`; /log by logging the line `hello` to the logger `shop`;
    /inner by calling `inner()`. It logs the line `failed` to `shop` in its handler of unhandled errors. Its outermost
    middleware answers /early with `current_request_id()`. /background/{code} answers with that status, and has
    `errands.run` run as a background task.
    """

    plugins: list[Plugin]
    #: The plugin that puts the IDs on the records of the standard library's logging.
    log_plugin: Plugin
    #: How the framework spells the route of /items/{number}; None for an application without one.
    route: str | None = "/items/{number}"
    #: Whether the application has a /early and a /raise.
    has_middleware = raises = True
    #: Whether the application answers its unhandled errors itself. A server's own page cannot carry our header.
    has_error_page = True
    #: Whether the server hands on methods and headers that are not of HTTP; where not, it answers 4xx itself.
    hands_on_everything = True
    #: The template of /socket/{number}, a WebSocket that says what it hears.
    socket: str | None = None
    #: Whether it is the application's answer that has the headers Content-Type or Content-Length.
    tells_content = True
    #: Whether the server sends the headers with which an application accepts a WebSocket.
    has_handshake_headers = True
    #: Whether the framework has background tasks.
    background = False
    #: The same, below a mount, blueprint or included router.
    nested: tuple[str, str] | None = None
    patched: list[tuple[Any, str]]
    #: How many SERVER spans a request has when clew is off, because the framework makes them itself.
    native_spans: int = 0

    #: Makes an application, where an instrumentor can follow one by itself, and serves it; `serve` is then given.
    make_app: Callable[[], Any] | None = None
    served: Callable[[Any], AbstractContextManager[int]]

    def serve(self) -> AbstractContextManager[int]:
        """The application on its real server on 127.0.0.1; gives the port."""
        if self.make_app is None:
            raise NotImplementedError
        return self.served(self.make_app())

    @pytest.fixture(scope="class")
    @classmethod
    def port(cls) -> Iterator[int]:
        with cls().serve() as port:
            yield port

    @property
    def instrumented(self) -> Plugin:
        return next((plugin for plugin in self.plugins if plugin.instrumentor), self.plugins[0])

    @pytest.fixture
    def piece(self, port: int) -> Callable[[], Any]:
        return lambda: ask(port, "/items/7").status

    @pytest.fixture
    def record(self, port: int) -> Iterator[Recording]:
        with enabled(*self.plugins) as record:
            yield record

    def test_a_request_is_one_server_span_and_one_point(self, record: Recording, port: int) -> None:
        answer = ask(port, "/items/7?page=2&token=hunter2", **{"User-Agent": "test"})
        span = server_spans(record, 1)[0]
        name, route = (f"GET {self.route}", {"http.route": self.route}) if self.route else ("GET", {})
        assert (span.name, span.kind, span.parent) == (name, SpanKind.SERVER, None)
        assert dict(span.attributes or {}) == {
            **route,
            "http.request.method": "GET",
            "url.scheme": "http",
            "url.path": "/items/7",
            "url.query": "page=2&token=REDACTED",
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
                **route,
                "http.request.method": "GET",
                "url.scheme": "http",
                "http.response.status_code": 200,
                "network.protocol.version": "1.1",
            },
            1,
        )

    def test_headers_that_a_person_wants_are_shown_but_no_secrets(self, port: int) -> None:
        wanted = {f"OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_SERVER_{kind}": f"X-Shop,{more}"
                  for kind, more in (("REQUEST", "Authorization"), ("RESPONSE", "content-.*"))}  # fmt: skip
        given = {"X-Shop": "1", "Authorization": "Basic hunter2", "Y-Other": "2"}
        with configured(**wanted), enabled(*self.plugins) as record:
            ask(port, "/items/7", **given)
            attributes = server_spans(record, 1)[0].attributes or {}
        shown = {key: value for key, value in attributes.items() if ".header." in key}
        assert shown["http.request.header.x-shop"] == ("1",)
        assert shown["http.request.header.authorization"] == ("REDACTED",)
        assert "http.request.header.y-other" not in shown
        if self.tells_content and self.route:
            assert any(key.startswith("http.response.header.content-") for key in shown)

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
        if answer.status == 400 and not self.hands_on_everything:
            return
        assert answer.headers["x-request-id"] == f"{server_spans(record, 1)[0].context.trace_id:032x}"

    @pytest.mark.parametrize(
        ("path", "status"),
        [("/status/404", 404), ("/status/503", 503), ("/nowhere", 404), ("/boom", 500), ("/stream", 200)],
    )
    def test_every_answer_carries_the_request_id_once(
        self, record: Recording, port: int, path: str, status: int
    ) -> None:
        answer = ask(port, path, **{"X-Request-ID": "order-1"})
        assert answer.status == status
        if path != "/boom" or self.has_error_page:
            assert answer.headers["x-request-id"] == "order-1"
        assert (server_spans(record, 1)[0].attributes or {})["request.id"] == "order-1"

    def test_the_callers_span_is_the_parent(self, record: Recording, port: int) -> None:
        ask(port, "/items/7", traceparent=PARENT, tracestate="shop=1,other=2")
        span = server_spans(record, 1)[0]
        assert span.parent is not None
        assert (f"{span.context.trace_id:032x}", f"{span.parent.span_id:016x}") == (PARENT[3:35], PARENT[36:52])
        assert span.context.trace_state.to_header() == "shop=1,other=2"

    @pytest.mark.parametrize(
        "bad", [PARENT.upper(), "ff" + PARENT[2:], "00-" + "0" * 32 + PARENT[35:], PARENT + "-x", "x" * 4000, "\xe9"]
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
            if self.hands_on_everything:
                ask(port, f"/nowhere/{number}", method=f"M{number}", Host=f"h{number}.test")
            ask(port, f"/nowhere/{number}")
            ask(port, "/items/7", method="DELETE", Host=f"h{number}.test")
        server_spans(record, 60 if self.hands_on_everything else 40)
        assert len(record.points(METRIC)) <= 4

    def test_each_request_is_one_point_however_it_ends(self, record: Recording, port: int) -> None:
        paths = "/items/7", "/stream", "/boom", "/nowhere", "/status/302", "/status/404", "/status/503"
        for path in paths:
            ask(port, path)
        assert len({span.context.trace_id for span in server_spans(record, len(paths))}) == len(paths)
        assert sum(count for _, count in record.points(METRIC)) == len(paths)

    def test_requests_of_one_connection_are_each_a_trace_of_its_own(self, record: Recording, port: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        with closing(connection):
            bodies = set()
            for _ in range(3):
                connection.request("GET", "/items/7")
                bodies.add(connection.getresponse().read())
        assert len(bodies) == 3
        assert {f"{span.context.trace_id:032x}".encode() for span in server_spans(record, 3)} == bodies

    def test_the_first_middleware_is_within_the_request(self, record: Recording, port: int) -> None:
        if not self.has_middleware:
            pytest.skip("there is nothing before the application")
        assert ask(port, "/early", **{"X-Request-ID": "order-1"}).body == b"order-1"
        assert server_spans(record, 1)[0].name == "GET"

    @pytest.mark.parametrize("code", [404, 403])
    def test_an_exception_that_means_a_4xx_is_no_failure(self, record: Recording, port: int, code: int) -> None:
        if not self.raises:
            pytest.skip("there is no such exception")
        assert ask(port, f"/raise/{code}").status == code
        span = server_spans(record, 1)[0]
        assert (span.status.status_code is StatusCode.ERROR, list(span.events)) == (False, [])
        assert "error.type" not in record.points(METRIC)[0][0]

    def test_what_the_application_does_is_beneath_the_request(self, record: Recording, port: int) -> None:
        assert ask(port, "/inner").status == 200
        server = server_spans(record, 1)[0]
        (inner,) = (span for span in record.spans() if span.name == "inner")
        assert inner.parent is not None
        assert inner.parent.span_id == server.context.span_id

    def test_a_client_that_leaves_in_the_middle_is_nobodys_failure(self, record: Recording, port: int) -> None:
        with socket.create_connection(("127.0.0.1", port), 30) as connection:
            connection.sendall(b"GET /endless HTTP/1.1\r\nHost: shop\r\n\r\n")
            assert connection.recv(4096).startswith((b"HTTP/1.1 200", b"HTTP/1.0 200"))
        span = server_spans(record, 1)[0]
        assert (span.status.status_code is StatusCode.ERROR, list(span.events)) == (False, [])
        assert [count for _, count in record.points(METRIC)] == [1]

    @pytest.mark.parametrize("name", ["OTEL_PYTHON_EXCLUDED_URLS", "CLEW_EXCLUDED_URLS"])
    def test_an_excluded_request_leaves_nothing_nor_does_what_is_beneath_it(self, port: int, name: str) -> None:
        with configured(**{name: "health, /(items|inner)"}), enabled(*self.plugins) as record:
            answer, inner = ask(port, "/items/7", **{"X-Request-ID": "order-1"}), ask(port, "/inner")
            ask(port, "/log")
            (span,) = server_spans(record, 1)
            assert (span.attributes or {})["url.path"] == "/log"
            assert (answer.status, answer.body, inner.status) == (200, b"", 200)
            assert "x-request-id" not in answer.headers
            assert [span.name for span in record.spans()] == [span.name]
            assert sum(count for _, count in record.points(METRIC)) == 1

    def test_applications_may_be_followed_by_themselves_with_options_of_their_own(
        self, instrumentor: Any, own: Recording
    ) -> None:
        if self.make_app is None:
            pytest.skip("no application is followed by itself here")
        before, second = [vars(owner).get(name) for owner, name in self.patched], Recording()
        apps = [self.make_app() for _ in range(3)]
        instrumentor.instrument_app(apps[0], tracer_provider=own.tracer_provider, excluded_urls="/log")
        instrumentor.instrument_app(apps[1], tracer_provider=second.tracer_provider, excluded_urls="/items")
        for app in apps:
            with self.served(app) as port:
                assert [ask(port, path).status for path in ("/items/7", "/log")] == [200, 200]
        told = [[(span.attributes or {})["url.path"] for span in server_spans(one, 1)] for one in (own, second)]
        assert told == [["/items/7"], ["/log"]]
        for app in apps[:2]:
            instrumentor.uninstrument_app(app)
        assert [vars(owner).get(name) for owner, name in self.patched] == before

    def test_an_answer_names_its_span_when_it_is_asked_to(self, port: int) -> None:
        with configured(CLEW_TRACE_HEADERS="true"), enabled(*self.plugins) as record:
            answer = ask(port, "/items/7", traceparent=PARENT)
            span = server_spans(record, 1)[0]
        parent = f"{PARENT[:35]}-{span.context.span_id:016x}-01"
        assert answer.headers["traceresponse"] == parent
        assert answer.headers["server-timing"] == f'traceparent;desc="{parent}"'

    def test_a_websocket_is_one_span_from_its_handshake_to_its_end(self, record: Recording, port: int) -> None:
        if self.socket is None:
            pytest.skip("this framework or server has no WebSockets")
        head = talk(port, "/socket/7", "hello").lower()
        assert (b"\r\nx-request-id: order-1\r\n" in head) is self.has_handshake_headers
        span = server_spans(record, 1)[0]
        assert span.name == f"GET {self.socket}".strip()
        assert (span.attributes or {})["http.response.status_code"] == 101
        assert record.points(METRIC) == []

    def test_a_nested_route_is_named_with_every_prefix(self, record: Recording, port: int) -> None:
        if self.nested is None:
            pytest.skip("this framework has nothing to nest")
        path, template = self.nested
        assert ask(port, path).status == 200
        assert server_spans(record, 1)[0].name == f"GET {template}"

    @pytest.mark.parametrize("code", [200, 503])
    @pytest.mark.parametrize("fails", [False, True], ids=["done", "failed"])
    def test_a_background_task_is_a_span_of_its_own_that_no_request_waits_for(
        self, record: Recording, port: int, code: int, fails: bool
    ) -> None:
        if not self.background:
            pytest.skip("this framework has no background tasks")
        with errands.held(fails):
            assert ask(port, f"/background/{code}", **{"X-Request-ID": "order-1"}).status == code
            server = server_spans(record, 1)[0]
            ((point, count),) = record.points(METRIC)
            assert (point["http.response.status_code"], count) == (code, 1)
            assert list(record.spans()) == [server]
        inner, task = _waited_for(record, 3)[1:]
        assert (task.name, task.kind) == ("Errands.run", SpanKind.INTERNAL)
        assert task.parent is not None
        assert task.parent.span_id == server.context.span_id
        assert (task.attributes or {})["code.function.name"] == f"{__name__}.Errands.run"
        assert (task.attributes or {})["request.id"] == "order-1"
        assert inner.parent is not None
        assert inner.parent.span_id == task.context.span_id
        assert (task.attributes or {}).get("error.type") == ("ZeroDivisionError" if fails else None)
        assert [event.name for event in task.events] == ["exception"] * fails
        assert [count for _, count in record.points("clew.job.duration")] == [1]
        assert (len(server.events), len(server_spans(record, 1))) == (0, 1)

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
        before = [vars(owner).get(name) for owner, name in self.patched]
        with enabled(*self.plugins) as record:
            assert all(vars(owner)[name] is not old for (owner, name), old in zip(self.patched, before, strict=True))
        assert [vars(owner).get(name) for owner, name in self.patched] == before
        answer = ask(port, "/items/7")
        assert (answer.status, answer.body) == (200, b"")
        assert "x-request-id" not in answer.headers
        server_spans(record, self.native_spans)


def inner() -> None:
    """Makes a span by hand, as an application may."""
    with trace.get_tracer("shop").start_as_current_span("inner"):
        pass


class Errands:
    """Background tasks that a test holds until it has seen the rest."""

    def __init__(self) -> None:
        self._gate, self._fails = threading.Event(), False

    @contextmanager
    def held(self, fails: bool) -> Iterator[None]:
        self._gate.clear()
        self._fails = fails
        try:
            yield
        finally:
            self._gate.set()

    async def run(self) -> None:
        await asyncio.to_thread(self._gate.wait, 30)
        inner()
        if self._fails:
            1 / 0  # noqa: B018


errands = Errands()


def endless() -> Iterator[bytes]:
    """More than any buffer on the way holds; the client will not wait for it."""
    return (b"x" * 65536 for _ in range(2000))


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


def talk(port: int, path: str, text: str) -> bytes:
    """Says something on a WebSocket and hears it back (RFC 6455); gives the head of the handshake's answer."""
    request = (
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\nX-Request-ID: order-1\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", port), 30) as connection, connection.makefile("rb") as stream:
        connection.sendall(request.encode())
        head = b"".join(iter(stream.readline, b"\r\n"))
        assert head.startswith(b"HTTP/1.1 101"), head
        # Frames of a client are masked; with a mask of zeros they read as they are.
        connection.sendall(bytes([0x81, 0x80 | len(text), 0, 0, 0, 0]) + text.encode())
        kind, length = stream.read(2)
        assert (kind, stream.read(length)) == (0x81, text.encode())
        connection.sendall(bytes([0x88, 0x82, 0, 0, 0, 0, 0x03, 0xE8]))
        while connection.recv(4096):
            pass
    return head


def server_spans(record: Recording, number: int) -> list[ReadableSpan]:
    """The SERVER spans, waited for: the last byte leaves before the span ends. Fails when there are more."""
    return _waited_for(record, number, lambda span: span.kind is SpanKind.SERVER)


def _waited_for(
    record: Recording, number: int, wanted: Callable[[ReadableSpan], bool] = lambda span: True
) -> list[ReadableSpan]:
    deadline = time.monotonic() + 10
    while True:
        spans = list(filter(wanted, record.spans()))
        if len(spans) >= number or time.monotonic() > deadline:
            break
        time.sleep(0.005)
    assert len(spans) == number
    return spans
