"""What every plugin for an HTTP client must show."""

from __future__ import annotations

import gc
import json
import re
import shutil
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest
from opentelemetry import baggage, trace
from opentelemetry.context import Context, set_value
from opentelemetry.trace import SpanKind, StatusCode

import clew
from clew import options, settings
from clew.exclusion import silent_work
from clew.plugin import Plugin
from clew.propagation import REQUEST_ID, attach, detach, get_current
from clew.testing.contracts.instrumentor import InstrumentorContract
from clew.testing.peer import Peer, running_peer, secure_peer
from clew.testing.recording import Recording, configured, enabled

METRIC = "http.client.request.duration"
Answer = tuple[int, bytes]


class HttpClientContract(InstrumentorContract):
    """Subclass it as TestX, set `plugin` and `patched`, and define `session` and `stream`."""

    plugin: Plugin
    #: The places that the plugin patches: (owner, attribute).
    patched: Sequence[tuple[Any, str]]
    #: What the library can do by itself.
    follows_redirects = True
    leaves_hosts = True
    retries = False
    pools = True
    #: Whether a `session` with a proxy has it tunnel to what is https. Certificates are not to be verified.
    tunnels = True

    def session(self, **options: Any) -> AbstractContextManager[Callable[..., Answer]]:
        """A client with a pool of its own: a function of method, URL and headers that makes one request, redirects
        followed, and answers status and body, or raises the library's own exception.

        Options: `timeout` in seconds, `proxy` (a URL), `retries` (how often an answer of 503 is asked for again).
        """
        raise NotImplementedError

    def stream(self, url: str) -> AbstractContextManager[Iterator[bytes]]:
        """The chunks of an answer whose head has come, and that is given up at the end, read or not."""
        raise NotImplementedError

    def call(self, method: str, url: str, headers: dict[str, str] | None = None, **options: Any) -> Answer:
        with self.session(**options) as call:
            return call(method, url, headers or {})

    @pytest.fixture
    def piece(self, peer: str) -> Callable[[], Any]:
        return lambda: self.call("GET", f"{peer}/items/7")[0]

    @pytest.fixture
    def record(self) -> Iterator[Recording]:
        with enabled(self.plugin) as record:
            yield record

    @pytest.fixture(scope="class")
    @classmethod
    def server(cls) -> Iterator[Peer]:
        with running_peer() as peer:
            yield peer

    @pytest.fixture
    def peer(self, server: Peer) -> str:
        return server.url

    # --- one request ------------------------------------------------------------------------------------------------

    def test_a_call_is_one_client_span_and_one_point(self, record: Recording, peer: str) -> None:
        assert self.call("GET", f"{peer}/items/7")[0] == 200
        span = record.span()
        host, port = peer.removeprefix("http://").split(":")
        assert (span.name, span.kind, span.status.status_code) == ("GET", SpanKind.CLIENT, StatusCode.UNSET)
        assert attributes(span) == {
            "http.request.method": "GET",
            "url.full": f"{peer}/items/7",
            "server.address": host,
            "server.port": int(port),
            "http.response.status_code": 200,
            "network.protocol.version": "1.1",
        }
        where = {"http.request.method": "GET", "server.address": host, "server.port": int(port)}
        assert record.points(METRIC) == [
            ({**where, "http.response.status_code": 200, "network.protocol.version": "1.1"}, 1)
        ]

    def test_the_callee_gets_our_span_as_parent_and_the_request_id(self, record: Recording, peer: str) -> None:
        with within(request_id="order-1"):
            headers = json.loads(self.call("GET", f"{peer}/echo")[1])
        came = record.span().context
        assert came is not None
        assert headers["traceparent"] == [f"00-{came.trace_id:032x}-{came.span_id:016x}-{came.trace_flags:02x}"]
        assert headers["x-request-id"] == ["order-1"]
        assert attributes(record.span())["request.id"] == "order-1"

    def test_headers_of_the_application_arrive_and_ours_are_there_once(self, record: Recording, peer: str) -> None:
        given = {"X-Shop": "1", "traceparent": "of the caller"}
        headers = json.loads(self.call("GET", f"{peer}/echo", given)[1])
        came = record.span().context
        assert came is not None
        assert headers["x-shop"] == ["1"]
        assert headers["traceparent"] == [f"00-{came.trace_id:032x}-{came.span_id:016x}-{came.trace_flags:02x}"]
        assert given == {"X-Shop": "1", "traceparent": "of the caller"}

    def test_headers_that_a_person_wants_are_shown_but_no_secrets(self, peer: str) -> None:
        wanted = {f"OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_CLIENT_{kind}": f"X-.*,{more}"
                  for kind, more in (("REQUEST", "Authorization"), ("RESPONSE", "date"))}  # fmt: skip
        with configured(**wanted), enabled(self.plugin) as record:
            self.call("GET", f"{peer}/echo", {"X-Shop": "1", "Authorization": "Basic hunter2", "Y-Other": "2"})
        span = attributes(record.span())
        shown = {key: value for key, value in span.items() if ".header." in key}
        assert shown["http.request.header.x-shop"] == ("1",)
        assert shown["http.request.header.authorization"] == ("REDACTED",)
        assert "http.response.header.date" in shown
        assert "http.request.header.y-other" not in shown

    def test_a_call_to_an_excluded_url_is_made_and_not_recorded(self, peer: str) -> None:
        *_, name = options.of(self.plugin)["excluded_urls"].variables
        with configured(**{name: "/items/[0-6]"}), enabled(self.plugin) as record:
            assert [self.call("GET", f"{peer}/items/{number}")[0] for number in (5, 7)] == [200, 200]
        assert attributes(record.span())["url.full"] == f"{peer}/items/7"

    def test_a_body_arrives_as_it_was(self, record: Recording, peer: str) -> None:
        assert self.call("POST", f"{peer}/echo", {"Content-Length": "0"})[0] == 200
        assert attributes(record.span())["http.request.method"] == "POST"

    def test_the_span_is_a_child_of_the_current_one_which_is_current_again(self, record: Recording, peer: str) -> None:
        with trace.get_tracer("test").start_as_current_span("parent") as parent:
            before = get_current()
            self.call("GET", f"{peer}/items/7")
            assert get_current() is before
        child = record.spans()[0]
        assert child.parent is not None
        assert child.parent.span_id == parent.get_span_context().span_id

    @pytest.mark.parametrize("status", [404, 500, 503])
    def test_an_error_answer_is_an_error_of_the_call(self, record: Recording, peer: str, status: int) -> None:
        assert self.call("GET", f"{peer}/status/{status}")[0] == status
        span = record.span()
        assert span.status.status_code is StatusCode.ERROR
        assert attributes(span)["error.type"] == str(status)
        assert record.points(METRIC)[0][0]["error.type"] == str(status)

    def test_credentials_in_the_url_stay_home(self, record: Recording, peer: str) -> None:
        self.call("GET", f"{peer}/items/7?access_token=hunter2&X-Amz-Signature=hunter2&page=2")
        assert attributes(record.span())["url.full"] == (
            f"{peer}/items/7?access_token=REDACTED&X-Amz-Signature=REDACTED&page=2"
        )

    def test_an_unknown_method_is_other(self, record: Recording, peer: str) -> None:
        self.call("BREW", f"{peer}/items/7")
        span = record.span()
        assert span.name == "HTTP"
        assert attributes(span)["http.request.method"] == "_OTHER"
        assert attributes(span)["http.request.method_original"] == "BREW"

    def test_paths_and_methods_do_not_multiply_the_series(self, record: Recording, peer: str) -> None:
        with self.session() as call:
            for number in range(30):
                call(f"M{number}", f"{peer}/items/{number}", {})
        assert [count for _, count in record.points(METRIC)] == [30]

    def test_within_suppress_nothing_is_recorded_and_nothing_sent_along(self, record: Recording, peer: str) -> None:
        with clew.suppress():
            headers = json.loads(self.call("GET", f"{peer}/echo")[1])
        assert (list(record.spans()), record.points(METRIC)) == ([], [])
        assert "traceparent" not in headers

    def test_within_an_excluded_request_nothing_is_recorded_and_the_callee_is_told_so(
        self, record: Recording, peer: str
    ) -> None:
        token = attach(silent_work(Context({"of": "the request"})).inside)
        try:
            headers = json.loads(self.call("GET", f"{peer}/echo", {"X-Shop": "1"})[1])
            with clew.suppress():
                unsaid = json.loads(self.call("GET", f"{peer}/echo")[1])
        finally:
            detach(token)
        assert (list(record.spans()), record.points(METRIC)) == ([], [])
        (parent,) = headers["traceparent"]
        assert re.fullmatch("00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-00", parent)
        assert "traceparent" not in unsaid

    def test_a_call_through_a_proxy_is_one_call_to_where_it_leads(self, record: Recording, server: Peer) -> None:
        url = "http://shop.example:8080/items/7?page=2"  # no such host: only the proxy can answer
        status, body = self.call("GET", url, proxy=server.url)
        assert (status, json.loads(body)["target"]) == (200, url)
        found = attributes(record.span())
        assert (found["server.address"], found["server.port"], found["url.full"]) == ("shop.example", 8080, url)

    def test_a_call_through_a_tunnel_is_one_call_to_where_it_leads(self, record: Recording, server: Peer) -> None:
        if not self.tunnels:
            pytest.skip("the library leaves tunnels to the application")
        if shutil.which("openssl") is None:
            pytest.skip("there is no openssl to make a certificate with")
        with secure_peer() as secure:
            status, body = self.call("GET", f"{secure.url}/echo?page=2", proxy=server.url)
        span = record.span()
        found, came = attributes(span), span.context
        assert came is not None
        assert (status, found["url.full"]) == (200, f"{secure.url}/echo?page=2")
        assert (found["server.address"], found["server.port"]) == ("127.0.0.1", secure.port)
        assert json.loads(body)["traceparent"] == [
            f"00-{came.trace_id:032x}-{came.span_id:016x}-{came.trace_flags:02x}"
        ]
        assert [count for _, count in record.points(METRIC)] == [1]

    def test_a_tunnel_that_is_refused_raises_the_librarys_own_error(self, record: Recording, server: Peer) -> None:
        if not self.tunnels:
            pytest.skip("the library leaves tunnels to the application")
        self._same_failure(record, "https://shop.example/items/7", proxy=server.url)
        found = attributes(record.span())
        assert (found["server.address"], found["server.port"]) == ("shop.example", 443)

    # --- several requests -------------------------------------------------------------------------------------------

    def test_each_redirect_is_a_request_of_its_own_and_says_so(self, record: Recording, peer: str) -> None:
        if not self.follows_redirects:
            pytest.skip("the library follows no redirects")
        assert self.call("GET", f"{peer}/redirect")[0] == 200
        found = [attributes(span) for span in record.spans()]
        assert [one["http.response.status_code"] for one in found] == [302, 200]
        assert [one.get("http.request.resend_count") for one in found] == [None, 1]
        assert all("http.request.resend_count" not in labels for labels, _ in record.points(METRIC))

    def test_the_next_call_is_no_repetition(self, record: Recording, peer: str) -> None:
        with self.session() as call:
            for _ in range(2):
                call("GET", f"{peer}/items/7", {})
        assert [attributes(span).get("http.request.resend_count") for span in record.spans()] == [None, None]

    def test_an_answer_that_is_asked_for_again_is_counted(self, record: Recording, server: Peer) -> None:
        if not self.retries:
            pytest.skip("the library does not retry")
        assert self.call("GET", f"{server.url}/flaky/{id(record)}/2", retries=2)[0] == 200
        last = attributes(record.spans()[-1])
        assert (last["http.response.status_code"], last["http.request.resend_count"]) == (200, 2)
        assert sum(count for _, count in record.points(METRIC)) == len(record.spans())

    def test_baggage_does_not_follow_a_redirect_to_a_host_of_others(
        self, record: Recording, server: Peer, monkeypatch: Any
    ) -> None:
        last = self._redirected_elsewhere(monkeypatch, server, own_hosts=("127.*",))
        assert {"traceparent", "x-request-id"} <= set(last)
        assert "baggage" not in last
        assert len(record.spans()) == 2

    def test_a_host_that_is_not_to_be_told_gets_nothing_of_ours_not_even_by_a_redirect(
        self, record: Recording, server: Peer, monkeypatch: Any
    ) -> None:
        last = self._redirected_elsewhere(monkeypatch, server, own_hosts=("*",), told_hosts=("127.*",))
        assert not {"traceparent", "tracestate", "x-request-id", "baggage"} & set(last)
        assert len(record.spans()) == 2
        first = self.call("GET", f"{server.url}/echo", {"X-Shop": "1"})
        assert "traceparent" in json.loads(first[1])

    def _redirected_elsewhere(self, monkeypatch: Any, server: Peer, **chosen: Any) -> dict[str, Any]:
        if not (self.follows_redirects and self.leaves_hosts):
            pytest.skip("the library follows no redirects to other hosts")
        changed = settings.current()._replace(**chosen)
        self.plugin.disable()
        with monkeypatch.context() as patched:
            patched.setattr(settings, "current", lambda: changed)
            self.plugin.enable()
        with within("order-1", baggage.set_baggage("tenant", "blue", Context())):
            last: dict[str, Any] = json.loads(self.call("GET", f"{server.url}/elsewhere")[1])
            return last

    # --- connections and bodies -------------------------------------------------------------------------------------

    def test_connections_are_used_again(self, record: Recording, server: Peer) -> None:
        if not self.pools:
            pytest.skip("the library closes each connection")
        before = server.connections
        with self.session() as call:
            for number in range(3):
                call("GET", f"{server.url}/items/{number}", {})
        assert server.connections == before + 1
        assert len(record.spans()) == 3

    def test_a_client_that_was_there_before_is_followed(self, record: Recording, peer: str) -> None:
        self.plugin.disable()
        with self.session() as call:
            call("GET", f"{peer}/items/1", {})
            self.plugin.enable()
            call("GET", f"{peer}/items/2", {})
            self.plugin.disable()
            call("GET", f"{peer}/items/3", {})
        assert attributes(record.span())["url.full"] == f"{peer}/items/2"

    def test_a_stream_is_one_call_that_ends_when_its_head_has_come(self, record: Recording, peer: str) -> None:
        with self.stream(f"{peer}/stream") as chunks:
            assert attributes(record.span())["http.response.status_code"] == 200
            assert b"".join(chunks) == b"chunk" * 5
        assert [count for _, count in record.points(METRIC)] == [1]
        assert len(record.spans()) == 1

    def test_a_stream_that_is_given_up_is_no_failure(self, record: Recording, peer: str) -> None:
        with self.stream(f"{peer}/endless") as chunks:
            assert next(chunks)[:1] == b"c"
        del chunks
        gc.collect()
        assert record.span().status.status_code is StatusCode.UNSET
        assert [count for _, count in record.points(METRIC)] == [1]
        assert self.call("GET", f"{peer}/items/7")[0] == 200

    # --- failures ---------------------------------------------------------------------------------------------------

    def test_a_refused_connection_raises_the_librarys_own_error(self, record: Recording) -> None:
        self._same_failure(record, "http://127.0.0.1:9/")

    def test_a_connection_that_breaks_raises_the_librarys_own_error(self, record: Recording, peer: str) -> None:
        self._same_failure(record, f"{peer}/drop")

    def test_a_timeout_raises_the_librarys_own_error(self, record: Recording, peer: str) -> None:
        self._same_failure(record, f"{peer}/hang", timeout=0.1)

    def test_a_proxy_that_is_not_there_raises_the_librarys_own_error(self, record: Recording) -> None:
        self._same_failure(record, "http://shop.example:8080/", proxy="http://127.0.0.1:9")

    def _same_failure(self, record: Recording, url: str, **options: Any) -> None:
        self.plugin.disable()
        with pytest.raises(Exception) as plain:
            self.call("GET", url, **options)
        self.plugin.enable()
        with pytest.raises(type(plain.value)) as ours:
            self.call("GET", url, **options)
        assert without_addresses(ours.value) == without_addresses(plain.value)
        span = record.spans()[-1]
        assert span.status.status_code is StatusCode.ERROR
        assert [event.name for event in span.events] == ["exception"]
        assert attributes(span)["error.type"] == (span.events[0].attributes or {})["exception.type"]
        assert "http.response.status_code" not in attributes(span)
        assert record.points(METRIC)[0][0]["error.type"] == attributes(span)["error.type"]

    def test_a_mistake_of_ours_is_not_the_callers(self, record: Recording, peer: str, monkeypatch: Any) -> None:
        monkeypatch.setattr("clew.conventions.http_client.origin_of", _broken)
        assert self.call("GET", f"{peer}/items/7")[0] == 200
        assert [span.name for span in record.spans()] == ["http.client"]

    # --- beside each other ------------------------------------------------------------------------------------------

    def test_threads_do_not_mix(self, record: Recording, peer: str) -> None:
        def work(number: int) -> None:
            with trace.get_tracer("test").start_as_current_span(f"thread {number}"):
                self.call("GET", f"{peer}/items/{number}")

        threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert children(record) == {f"/items/{number}": f"thread {number}" for number in range(8)}

    def test_what_the_exporters_send_is_not_followed(self, record: Recording, peer: str) -> None:
        exporter = pytest.importorskip("opentelemetry.exporter.otlp.proto.http.trace_exporter")
        metrics = pytest.importorskip("opentelemetry.exporter.otlp.proto.http.metric_exporter")
        from opentelemetry.sdk.metrics import MeterProvider
        from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        tracers = TracerProvider()
        tracers.add_span_processor(BatchSpanProcessor(exporter.OTLPSpanExporter(f"{peer}/items/traces")))
        reader = PeriodicExportingMetricReader(metrics.OTLPMetricExporter(f"{peer}/items/metrics"))
        meters = MeterProvider([reader])
        tracers.get_tracer("test").start_span("one").end()
        meters.get_meter("test").create_counter("one").add(1)
        for provider in (tracers, meters):
            assert provider.force_flush()
            provider.shutdown()
        assert (list(record.spans()), record.points(METRIC)) == ([], [])

    def test_disabling_puts_back_the_very_objects(self, peer: str) -> None:
        before = [vars(owner)[name] for owner, name in self.patched]
        with enabled(self.plugin) as record:
            assert all(vars(owner)[name] is not old for (owner, name), old in zip(self.patched, before, strict=True))
        assert [vars(owner)[name] for owner, name in self.patched] == before
        self.call("GET", f"{peer}/items/7")
        assert list(record.spans()) == []


def attributes(span: Any) -> dict[str, Any]:
    return dict(span.attributes or {})


def children(record: Recording) -> dict[str, str]:
    """The paths of the calls, and the names of their parents."""
    names = {span.context.span_id: span.name for span in record.spans() if span.context is not None}
    return {
        "/" + str(attributes(span)["url.full"]).split("/", 3)[3]: names[span.parent.span_id]
        for span in record.spans()
        if span.kind is SpanKind.CLIENT and span.parent is not None
    }


@contextmanager
def within(request_id: str, context: Context | None = None) -> Iterator[None]:
    """As in a request that has this ID."""
    token = attach(set_value(REQUEST_ID, request_id, context))
    try:
        yield
    finally:
        detach(token)


def without_addresses(error: BaseException) -> str:
    return str(error).split(" at 0x")[0]


def _broken(url: str) -> Any:
    raise RuntimeError("a mistake of ours")
