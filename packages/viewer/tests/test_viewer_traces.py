"""Spans and log lines that arrive in any order become traces, in bounded memory."""

from __future__ import annotations

from typing import Any

import pytest

from clew_viewer.decode import LOGS, TRACES, decode
from clew_viewer.traces import PATIENCE_SECONDS, QUIET_SECONDS, Trace, Traces


class Clocked:
    """Traces with a clock that a test turns by hand."""

    def __init__(self, **limits: int) -> None:
        self.traces = Traces(**limits)
        self.now = 100.0

    def spans(self, body: bytes) -> None:
        self.traces.add(decode(TRACES, body, is_json=False), self.now)

    def logs(self, body: bytes) -> None:
        self.traces.add(decode(LOGS, body, is_json=False), self.now)

    def after(self, seconds: float) -> list[Trace]:
        self.now += seconds
        return self.traces.due(self.now)


@pytest.fixture
def store() -> Clocked:
    return Clocked()


def names(trace: Trace) -> set[str]:
    return {span.name for span in trace.spans}


def test_a_trace_is_finished_when_its_root_is_here_and_nothing_new_comes(otlp, store):
    store.spans(otlp.spans(front=[otlp.span("GET /", 1), otlp.span("SELECT", 2, 1)]))
    assert store.after(QUIET_SECONDS / 2) == []
    [trace] = store.after(QUIET_SECONDS / 2)
    assert (names(trace), trace.complete, trace.updated) == ({"GET /", "SELECT"}, True, False)
    assert store.after(100) == []


def test_the_spans_of_a_second_service_may_come_before_their_root(otlp, store):
    store.spans(otlp.spans(stock=[otlp.span("GET /items", 3, 2), otlp.span("SELECT", 4, 3)]))
    assert store.after(QUIET_SECONDS * 3) == []
    store.spans(otlp.spans(front=[otlp.span("GET", 2, 1), otlp.span("GET /", 1)]))
    [trace] = store.after(QUIET_SECONDS)
    assert (len(trace.spans), trace.complete, trace.updated) == (4, True, False)


def test_a_root_whose_children_wait_for_a_missing_parent_is_not_finished(otlp, store):
    store.spans(otlp.spans(front=[otlp.span("GET /", 1)], stock=[otlp.span("SELECT", 4, 3)]))
    assert store.after(QUIET_SECONDS) == []


def test_a_trace_without_its_root_is_shown_unfinished_when_patience_ends(otlp, store):
    store.spans(otlp.spans(stock=[otlp.span("GET /items", 3, 2)]))
    assert store.after(PATIENCE_SECONDS - 0.1) == []
    [trace] = store.after(0.1)
    assert (trace.complete, trace.updated) == (False, False)


def test_late_spans_bring_an_updated_trace_with_everything(otlp, store):
    store.spans(otlp.spans(front=[otlp.span("GET /", 1)]))
    assert len(store.after(QUIET_SECONDS)) == 1
    store.spans(otlp.spans(stock=[otlp.span("GET /items", 3, 1)]))
    [trace] = store.after(QUIET_SECONDS)
    assert (names(trace), trace.complete, trace.updated) == ({"GET /", "GET /items"}, True, True)


def test_a_span_that_is_sent_twice_is_kept_once_and_changes_nothing(otlp, store):
    body = otlp.spans(front=[otlp.span("GET /", 1)])
    store.spans(body)
    store.after(QUIET_SECONDS)
    store.spans(body)
    assert store.after(PATIENCE_SECONDS) == []


def test_log_lines_join_the_trace_that_they_name_and_others_are_counted(otlp, store):
    store.spans(otlp.spans(front=[otlp.span("GET /", 1)]))
    store.logs(otlp.logs("front", ("INFO", "hello", {})))
    store.logs(otlp.logs("front", ("INFO", "started", {}), trace=0))
    [trace] = store.after(QUIET_SECONDS)
    assert [line.body for line in trace.logs] == ["hello"]
    assert (store.traces.counts.logs, store.traces.counts.orphans) == (2, 1)


def test_log_lines_without_spans_are_shown_when_patience_ends(otlp, store):
    store.logs(otlp.logs("front", ("INFO", "hello", {})))
    [trace] = store.after(PATIENCE_SECONDS)
    assert (trace.spans, trace.complete) == ((), False)


REQUEST_IDS: list[dict[str, Any]] = [
    {"request.id": "r-1"},
    {"http.request.header.x-request-id": "r-1"},
    {"request_id": "r-1"},
]


@pytest.mark.parametrize("attributes", REQUEST_IDS, ids=lambda attributes: next(iter(attributes)))
def test_the_request_id_is_found_on_any_span_or_log_line(otlp, store, attributes):
    store.spans(otlp.spans(front=[otlp.span("GET /", 1), otlp.span("x", 2, 1, attributes=attributes)]))
    store.spans(otlp.spans(front=[otlp.span("GET /", 1, trace=2)]))
    store.logs(otlp.logs("front", ("INFO", "hello", attributes), trace=2))
    assert [trace.request_id for trace in store.after(QUIET_SECONDS)] == ["r-1", "r-1"]


def test_the_oldest_traces_go_when_there_are_too_many(otlp):
    store = Clocked(max_traces=3)
    for trace in (1, 2, 3):
        store.spans(otlp.spans(front=[otlp.span(f"trace {trace}", 1, trace=trace)]))
    store.spans(otlp.spans(front=[otlp.span("more of 1", 2, 1, trace=1)]))
    store.spans(otlp.spans(front=[otlp.span("trace 4", 1, trace=4)]))
    kept = {span.name for trace in store.after(QUIET_SECONDS) for span in trace.spans}
    assert (kept, store.traces.counts.evicted) == ({"trace 1", "more of 1", "trace 3", "trace 4"}, 1)


def test_the_oldest_traces_go_when_they_are_too_big(otlp):
    store = Clocked(max_bytes=100_000)
    for trace in range(1, 40):
        store.spans(otlp.spans(front=[otlp.span("GET /", 1, trace=trace, attributes={"text": "x" * 10_000})]))
    kept = [trace.trace_id for trace in store.after(QUIET_SECONDS)]
    assert kept == [f"{trace:032x}" for trace in range(40 - len(kept), 40)]
    assert 5 < len(kept) < 10
    assert store.traces.counts.evicted == 39 - len(kept)


def test_a_trace_that_never_ends_does_not_stay_in_memory(otlp):
    store = Clocked(max_bytes=100_000)
    for number in range(1, 40):
        store.spans(otlp.spans(front=[otlp.span("x", number, attributes={"text": "x" * 10_000})]))
    assert store.traces.counts.evicted > 0
    assert sum(len(trace.spans) for trace in store.after(PATIENCE_SECONDS)) < 10


def test_an_exception_has_its_type_its_message_and_the_place_that_raised_it(otlp, store):
    stack = (
        'Traceback\n  File "/srv/app/shop/a.py", line 1, in run\n  File "/srv/app/shop/pay.py", line 41, in charge\nE'
    )
    store.spans(otlp.spans(front=[otlp.span("GET /", 1, raises=("KeyError", "'sku'", stack))]))
    [trace] = store.after(QUIET_SECONDS)
    assert trace.spans[0].failures == (("KeyError", "'sku'", "app/shop/pay.py:41 in charge"),)
