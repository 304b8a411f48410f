"""What becomes of records when the collector answers in all the ways collectors answer; the ledger is exact in each."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from typing import Any

import pytest
from servers.sink import Sink

from clew_sdk import TracerProvider, retry
from clew_sdk.deadline import Deadline
from clew_sdk.native import monotonic
from clew_sdk.outbox import Account
from clew_sdk.pipeline import Pipeline

Make = Callable[[str], Pipeline]


def record(pipeline: Pipeline, number: int, **attributes: Any) -> None:
    tracer = TracerProvider(pipeline=pipeline).get_tracer("test")
    for _ in range(number):
        tracer.start_span("work", attributes=attributes).end()


def traces(pipeline: Pipeline) -> Account:
    return pipeline.ledger()["traces"]


def test_twenty_thousand_spans_of_a_tight_loop_all_arrive_once(sink: Sink, pipeline_to: Make) -> None:
    """More than any stock queue holds, faster than any stock schedule sends."""
    pipeline = pipeline_to(sink.url)
    record(pipeline, 20_000)
    assert pipeline.flush(30)
    assert len(sink.span_ids) == len(sink.spans) == 20_000
    assert traces(pipeline) == Account(20_000, {}, 0)


def test_records_are_sent_without_anyone_asking(sink: Sink, pipeline_to: Make) -> None:
    """The first record starts the worker, which comes by within a second or so."""
    pipeline = pipeline_to(sink.url)
    record(pipeline, 3)
    assert sink.wait_for(lambda sink: len(sink.spans) == 3)


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_batch_that_is_put_off_arrives_at_the_next_attempt(status: int, pipeline_to: Make) -> None:
    """The statuses that OTLP calls retryable, with a Retry-After."""
    with Sink((status, {"Retry-After": "1"}), "ok") as sink:
        pipeline = pipeline_to(sink.url)
        record(pipeline, 10)
        assert pipeline.flush(30)
        assert len(sink.span_ids) == 10
        assert len(sink.requests) == 2
        assert traces(pipeline) == Account(10, {}, 0)


def test_the_named_time_is_waited_for(pipeline_to: Make) -> None:
    """A Retry-After of 30 seconds: one request, the batch kept, and no second attempt for a flush's sake."""
    with Sink((503, {"Retry-After": "30"}), "ok") as sink:
        pipeline = pipeline_to(sink.url)
        record(pipeline, 10)
        assert not pipeline.flush(0.5)
        assert len(sink.requests) == 1
        assert traces(pipeline) == Account(0, {}, 10)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("30", 30.0), ("1000000000", 300.0), ("0", None), ("-1", None), ("NaN", None), ("", None), ("soon", None),
        ("1e3", None), ("Wed, 21 Oct 2015 07:28:00 GMT", None), ("Wed, 99 Foo 2015", None), ("\u0663", None),
    ],
)  # fmt: skip
def test_garbage_in_retry_after_is_ignored(header: str, seconds: float | None) -> None:
    assert retry.named_wait(header) == seconds


def test_retry_after_may_be_a_date() -> None:
    later = datetime.now(timezone.utc) + timedelta(seconds=100)
    seconds = retry.named_wait(format_datetime(later, usegmt=True))
    assert seconds is not None
    assert 90 < seconds <= 100


@pytest.mark.parametrize("status", [400, 401, 404, 500, 501])
def test_a_refused_batch_is_dropped_and_counted_after_one_request(
    status: int, pipeline_to: Make, caplog: pytest.LogCaptureFixture
) -> None:
    """One line says so, with neither a header nor a body in it."""
    with Sink(status) as sink:
        pipeline = pipeline_to(sink.url)
        record(pipeline, 10, secret="hunter2")
        pipeline.flush(30)
        record(pipeline, 10)
        pipeline.flush(30)
        assert len(sink.requests) == 2
        assert traces(pipeline) == Account(0, {str(status): 20}, 0)
    lines = [entry.getMessage() for entry in caplog.records if "the collector refused" in entry.getMessage()]
    assert len(lines) == 1
    assert str(status) in lines[0]
    assert "hunter2" not in caplog.text


def test_a_redirect_is_not_followed(sink: Sink, pipeline_to: Make) -> None:
    with Sink((302, {"Location": sink.url + "/v1/traces"})) as redirecting:
        pipeline = pipeline_to(redirecting.url)
        record(pipeline, 10)
        pipeline.flush(30)
        assert traces(pipeline) == Account(0, {"302": 10}, 0)
        assert not sink.requests


def test_a_partial_success_is_not_repeated_and_its_rejects_are_counted(pipeline_to: Make) -> None:
    with Sink(("partial", 7)) as sink:
        pipeline = pipeline_to(sink.url)
        record(pipeline, 10)
        assert pipeline.flush(30)
        assert len(sink.requests) == 1
        assert traces(pipeline) == Account(3, {"rejected": 7}, 0)


def test_a_batch_that_is_too_large_is_halved_until_it_fits(pipeline_to: Make) -> None:
    """Only the one span that is too large by itself is lost."""
    with Sink(limit=50_000) as sink:
        pipeline = pipeline_to(sink.url)
        record(pipeline, 200, text="x" * 3000)
        record(pipeline, 1, **{f"key{number}": "x" * 4000 for number in range(20)})
        record(pipeline, 100, text="x" * 3000)
        assert pipeline.flush(30)
        assert len(sink.span_ids) == 300
        assert traces(pipeline) == Account(300, {"413": 1}, 0)


def test_a_lost_acknowledgement_costs_a_duplicate_and_no_span(pipeline_to: Make) -> None:
    """The server takes the request and closes without a word: OTLP allows the repetition."""
    with Sink("drop", "ok") as sink:
        pipeline = pipeline_to(sink.url)
        record(pipeline, 10)
        assert pipeline.flush(30)
        assert len(sink.span_ids) == 10
        assert len(sink.spans) <= 20
        assert traces(pipeline) == Account(10, {}, 0)


def test_a_stale_connection_is_replaced_at_once(pipeline_to: Make) -> None:
    """The server closes after an answer; the next request goes through without waiting for a retry."""
    with Sink("ok", "reset", "ok") as sink:
        pipeline = pipeline_to(sink.url)
        record(pipeline, 1)
        assert pipeline.flush(30)
        record(pipeline, 1)
        assert pipeline.flush(30)
        assert len(sink.span_ids) == 2
        assert pipeline._channels[0]._waiting == type(pipeline._channels[0]._waiting)()


def test_a_flush_gives_up_in_time_when_the_server_hangs(pipeline_to: Make) -> None:
    """It says False, and the records stay."""
    with Sink("hang") as sink:
        pipeline = pipeline_to(sink.url)
        record(pipeline, 10)
        before = monotonic()
        assert pipeline.flush(0.2) is False
        assert monotonic() - before < 5
        assert traces(pipeline) == Account(0, {}, 10)
        assert len(sink.requests) <= 1


def test_a_hung_endpoint_does_not_take_the_time_of_the_others(
    sink: Sink, pipeline_to: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each signal has a part of the time; traces hang and the log record arrives."""
    from clew_sdk import LoggerProvider

    with Sink("hang") as hung:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", hung.url + "/v1/traces")
        pipeline = pipeline_to(sink.url)
        record(pipeline, 10)
        LoggerProvider(pipeline=pipeline).get_logger("test").emit(body="hello")
        assert pipeline.flush(3) is False
        assert sink.wait_for(lambda sink: len(sink.logs) == 1)


def test_a_full_outbox_refuses_the_newest_and_keeps_a_reserve_for_errors(
    pipeline_to: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bounded in bytes; every span is either queued or counted."""
    from opentelemetry.trace import StatusCode

    from clew_sdk import pipeline as module

    monkeypatch.setitem(module.CAPACITY, "traces", 100_000)
    with Sink("hang") as hung:
        pipeline = pipeline_to(hung.url)
        record(pipeline, 1000)
        before = traces(pipeline)
        assert before.created == 1000
        assert before.dropped["queue_full"] > 0
        span = TracerProvider(pipeline=pipeline).get_tracer("test").start_span("error")
        span.set_status(StatusCode.ERROR)
        span.end()
        after = traces(pipeline)
        assert after.dropped == before.dropped
        assert after.queued == before.queued + 1


def test_people_are_told_that_the_outbox_is_full(
    pipeline_to: Make, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """One line, by the worker: the thread that records has other things to do."""
    from clew_sdk import pipeline as module

    monkeypatch.setitem(module.CAPACITY, "traces", 100_000)
    pipeline = pipeline_to("http://127.0.0.1:9")
    record(pipeline, 1000)
    pipeline.flush(0.3)
    lines = [entry.getMessage() for entry in caplog.records if "found the queue full" in entry.getMessage()]
    assert traces(pipeline).dropped["queue_full"] > 0
    assert len(lines) == 1


def test_a_collector_that_comes_back_gets_everything(pipeline_to: Make) -> None:
    """Nothing listens at first; the records wait, and arrive when the collector does."""
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        port = reserved.getsockname()[1]
    pipeline = pipeline_to(f"http://127.0.0.1:{port}")
    record(pipeline, 100)
    assert pipeline.flush(0.5) is False
    assert traces(pipeline) == Account(0, {}, 100)
    with Sink(port=port) as sink:
        assert pipeline.flush(60)
        assert len(sink.span_ids) == 100
        assert traces(pipeline) == Account(100, {}, 0)


def test_gzip_and_headers_are_sent_as_asked(
    sink: Sink, pipeline_to: Make, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A header with a line break in it is left out, and its value is told to nobody."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-token=a%20b,bad=hunter2%0d%0ahost:evil")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip")
    pipeline = pipeline_to(sink.url)
    record(pipeline, 10)
    assert pipeline.flush(30)
    _, headers, _ = sink.requests[0]
    assert headers["x-token"] == "a b"
    assert headers["content-encoding"] == "gzip"
    assert headers["content-type"] == "application/x-protobuf"
    assert "bad" not in headers
    assert len(sink.span_ids) == 10
    assert "hunter2" not in caplog.text


def test_an_answer_that_trickles_is_given_up_at_the_attempts_deadline(
    pipeline_to: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One byte now and then never trips a timeout per read; the deadline is for the whole attempt."""
    import threading

    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "400")
    with socket.create_server(("127.0.0.1", 0)) as server:
        stop = threading.Event()

        def trickle() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(65536)
                for byte in b"HTTP/1.1 200 OK\r\nX-Long: " + b"a" * 10_000:
                    if stop.wait(0.05):
                        return
                    try:
                        connection.sendall(bytes((byte,)))
                    except OSError:
                        return

        thread = threading.Thread(target=trickle)
        thread.start()
        pipeline = pipeline_to(f"http://127.0.0.1:{server.getsockname()[1]}")
        record(pipeline, 1)
        outcome = pipeline._channels[0].transport.send(b"", Deadline(time.monotonic() + 100))
        stop.set()
        thread.join()
        assert outcome.failure == "timeout"
        assert outcome.again


@pytest.mark.parametrize(
    "head", [b"Content-Length: 200000000\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\nfffffff\r\n"]
)
def test_an_endless_answer_is_not_read(head: bytes, pipeline_to: Make) -> None:
    """It counts as a success, for its status says so, and the connection is closed."""
    import threading

    with socket.create_server(("127.0.0.1", 0)) as server:

        def bomb() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(65536)
                try:
                    connection.sendall(b"HTTP/1.1 200 OK\r\n" + head)
                    for _ in range(200):
                        connection.sendall(bytes(1 << 20))
                except OSError:
                    pass

        thread = threading.Thread(target=bomb)
        thread.start()
        pipeline = pipeline_to(f"http://127.0.0.1:{server.getsockname()[1]}")
        transport = pipeline._channels[0].transport
        assert transport.send(b"", Deadline(time.monotonic() + 30)).failure == ""
        assert transport._connection._socket is None
        thread.join(30)
        assert not thread.is_alive()


def test_the_specifications_batch_size_and_delay_are_obeyed(
    sink: Sink, pipeline_to: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "10")
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "50")
    pipeline = pipeline_to(sink.url)
    assert pipeline.worker._delay == 0.05
    record(pipeline, 100)
    assert pipeline.flush(30)
    assert len(sink.requests) == 10
    assert len(sink.span_ids) == 100
