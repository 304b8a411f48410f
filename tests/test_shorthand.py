"""What plugins record is the same through the stock SDK, at once, and through clew-sdk, later and in batches."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from servers.sink import Sink, attributes_of, value_of

STOCK = """
from opentelemetry import _logs, metrics, trace
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
traces = TracerProvider()
traces.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
trace.set_tracer_provider(traces)
metrics.set_meter_provider(MeterProvider([PeriodicExportingMetricReader(OTLPMetricExporter())]))
logs = LoggerProvider()
logs.add_log_record_processor(BatchLogRecordProcessor(OTLPLogExporter()))
_logs.set_logger_provider(logs)
"""
GUEST = """
import clew_sdk
clew_sdk.install()
from opentelemetry import trace
class Processor:
    def on_start(self, span, parent_context=None): span.attributes, span.name
    def on_end(self, span): pass
    def shutdown(self): pass
    def force_flush(self, timeout_millis=0): return True
trace.get_tracer_provider().add_span_processor(Processor())
"""
WORK = """
import contextvars, logging, os, sqlite3, threading
import clew, flask, requests
from opentelemetry import trace
clew.enable("flask", "requests", "sqlite3", "logging")
logger = logging.getLogger("shop")
logger.setLevel(logging.INFO)
database = sqlite3.connect(":memory:", check_same_thread=False)
database.execute("CREATE TABLE items (sku TEXT, number INTEGER)")
app = flask.Flask("shop")
peer = os.environ["PEER"]

@app.get("/items/<sku>")
def items(sku):
    logger.info("asked for %s, password=hunter2", sku)
    logger.warning("with more", extra={"tenant": ["blue"]})
    database.executemany("INSERT INTO items VALUES (?, ?)", [(sku, 1), (sku, 2)])
    rows = database.execute("SELECT number FROM items WHERE sku = 'a'").fetchall()
    return str(requests.get(f"{peer}/{sku}?token=hunter2").status_code)

@app.get("/touched")
def touched():
    span = trace.get_current_span()
    span.set_attribute("shop.tenant", "blue")
    span.add_event("checked", {"twice": True})
    span.update_name("our own name")
    return ""

@app.get("/fine")
def fine():
    trace.get_current_span().set_status(trace.StatusCode.OK)
    return "", 503

@app.get("/boom")
def boom():
    try:
        database.execute("SELECT nothing FROM nowhere")
    except sqlite3.Error:
        logger.exception("no such thing")
        raise

@app.get("/declined")
def declined():
    return "", requests.post(f"{peer}/500").status_code

client = app.test_client()
for path in ("/items/a", "/items/b?x=1", "/touched", "/fine", "/boom", "/declined", "/nowhere"):
    client.get(path, headers={"X-Request-ID": path.strip("/").replace("/", ".").partition("?")[0]}).close()
client.get("/items/c", headers={"traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}).close()
with trace.get_tracer("by hand").start_as_current_span("by hand"):
    requests.get(f"{peer}/404")
    try:
        requests.get("http://127.0.0.1:1/")
    except requests.ConnectionError:
        pass
requests.get(f"{peer}/alone")
logger.info("outside of a request")

class Adapter(requests.adapters.HTTPAdapter):
    def add_headers(self, request, **options):
        if not started:
            started.append(threading.Thread(target=contextvars.copy_context().run, args=(later,)))
            started[0].start()

def later():
    over.wait(30)
    session.get(f"{peer}/after-it")

started, over, session = [], threading.Event(), requests.Session()
session.mount("http://", Adapter())
session.get(f"{peer}/during-it")
over.set()
started[0].join()
"""


class _Peer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        code = self.path.strip("/").partition("?")[0]
        self.send_response(int(code) if code.isdigit() else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_POST = do_GET

    def log_message(self, *args: Any) -> None:
        pass


@pytest.fixture(scope="module")
def peer() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Peer)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


@contextmanager
def told(prelude: str, peer: str, **settings: str) -> Iterator[Sink]:
    """Everything that the work has told once it has ended."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("OTEL_", "CLEW_"))}
    with Sink() as sink:
        environment = {**clean, "OTEL_EXPORTER_OTLP_ENDPOINT": sink.url, "PEER": peer, **settings}
        done = subprocess.run(
            [sys.executable, "-c", prelude + WORK], env=environment, capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0, done.stderr
        yield sink


def spans(sink: Sink) -> list[Any]:
    """What the spans say, without the IDs and times of this run."""
    by_id = {span.span_id: span for _, _, span in sink.spans}
    found = []
    for _, scope, span in sink.spans:
        attributes = attributes_of(span)
        if attributes.get("request.id") == span.trace_id.hex():
            attributes["request.id"] = "the trace's"
        for name in [name for name in attributes if name.startswith("clew.") and name.endswith(".duration")]:
            assert attributes.pop(name) > 0
        parent = by_id.get(span.parent_span_id)
        events = [(event.name, sorted(attributes_of(event))) for event in span.events]
        remote = span.parent_span_id.hex() if parent is None else ""
        assert span.start_time_unix_nano <= span.end_time_unix_nano
        assert parent is None or (span.trace_id, span.start_time_unix_nano >= parent.start_time_unix_nano) == (
            parent.trace_id,
            True,
        )
        found.append(
            (scope, span.name, span.kind, sorted(attributes.items()), parent.name if parent else remote, span.status.code,
             span.status.message, events)
        )  # fmt: skip
    return sorted(found, key=repr)


def lines(sink: Sink) -> list[Any]:
    """What the log records say, with the name of the span that they belong to."""
    by_id = {span.span_id: span.name for _, _, span in sink.spans}
    found = []
    for _, scope, record in sink.logs:
        attributes = attributes_of(record)
        if attributes.get("request.id") == record.trace_id.hex():
            attributes["request.id"] = "the trace's"
        assert attributes.pop("code.line.number") > 0
        attributes.pop("exception.stacktrace", None)
        assert record.time_unix_nano > 0
        assert record.observed_time_unix_nano >= record.time_unix_nano
        found.append(
            (scope, value_of(record.body), record.severity_text, record.severity_number, sorted(attributes.items()),
             by_id.get(record.span_id, ""), record.flags & 1)
        )  # fmt: skip
    return sorted(found, key=repr)


def points(sink: Sink) -> dict[Any, int]:
    counted: Counter[Any] = Counter()
    for _, scope, metric in sink.metrics:
        for point in metric.histogram.data_points:
            key = scope, metric.name, metric.unit, tuple(sorted(attributes_of(point).items()))
            counted[key] = max(counted[key], point.count)
    return counted


def test_shorthand_says_what_longhand_says(peer: str) -> None:
    with told(STOCK, peer) as stock, told("", peer) as ours, told(GUEST, peer) as with_guest:
        assert spans(ours) == spans(stock)
        assert points(ours) == points(stock)
        assert spans(with_guest) == spans(stock)
        assert points(with_guest) == points(stock)
        assert lines(ours) == lines(stock)
        assert lines(with_guest) == lines(stock)
        assert (len(spans(ours)) > 20, len(lines(ours)) > 6) == (True, True)
        assert "hunter2" not in repr(lines(ours))


HOOKS = """
def on_request(span, *about): span.set_attribute("shop.about", len(about))
def on_answer(span, *about): span.update_name(f"{span.name}!")
"""


def test_what_a_person_adds_by_options_is_the_same_too(peer: str, tmp_path: Path) -> None:
    (tmp_path / "hooks_of_the_shop.py").write_text(HOOKS)
    capture = "OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS"
    settings = {
        "PYTHONPATH": str(tmp_path),
        **{f"CLEW_{plugin}_REQUEST_HOOK": "hooks_of_the_shop:on_request" for plugin in ("FLASK", "REQUESTS")},
        "CLEW_FLASK_RESPONSE_HOOK": "hooks_of_the_shop.on_answer",
        "CLEW_FLASK_EXCLUDED_URLS": "/touched",
        "CLEW_REQUESTS_EXCLUDED_URLS": "/alone",
        f"{capture}_SERVER_REQUEST": "x-request-id,traceparent",
        f"{capture}_CLIENT_RESPONSE": "content-length",
    }
    with told(STOCK, peer, **settings) as stock, told("", peer, **settings) as ours:
        assert spans(ours) == spans(stock)
        assert points(ours) == points(stock)
        names = {span.name for _, _, span in ours.spans}
        keys = {key for _, _, span in ours.spans for key in attributes_of(span)}
    assert "GET!" in names  # the name that the application has chosen stays
    assert keys >= {"shop.about", "http.request.header.x-request-id", "http.response.header.content-length"}
    assert "shop.tenant" not in keys


@pytest.mark.parametrize("settings", [{"OTEL_TRACES_SAMPLER": "always_off"}, {"OTEL_TRACES_EXPORTER": "none"}])
def test_what_is_not_sampled_is_counted_all_the_same(peer: str, settings: dict[str, str]) -> None:
    with told("", peer) as sampled, told("", peer, **settings) as unsampled:
        assert points(unsampled) == points(sampled)
        # Who calls with a sampled parent decides for us, unless traces go nowhere at all.
        assert {span.trace_id.hex() for _, _, span in unsampled.spans} <= {"4bf92f3577b34da6a3ce929d0e0e4736"}
