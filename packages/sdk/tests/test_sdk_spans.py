"""Spans take whatever an application does with them, and say what the specification wants."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest
from opentelemetry import context as context_api
from opentelemetry import trace
from opentelemetry.proto.trace.v1.trace_pb2 import ScopeSpans
from opentelemetry.proto.trace.v1.trace_pb2 import Span as Message
from opentelemetry.trace import Link, Status, StatusCode
from servers.sink import Sink, attributes_of

from clew_sdk import MeterProvider, TracerProvider
from clew_sdk.pipeline import Pipeline

Make = Callable[[str], Pipeline]


@pytest.fixture
def provider() -> TracerProvider:
    made = TracerProvider(pipeline=Pipeline())
    made.outbox._wake = lambda: None
    return made


def sent(provider: TracerProvider) -> list[Any]:
    return [Message.FromString(record) for record in records(provider)]


def records(provider: TracerProvider) -> list[bytes]:
    """The spans in the outbox, without their lengths."""
    request = ScopeSpans.FromString(b"".join(one for some in provider.outbox.items for one in some.records))
    return [span.SerializeToString() for span in request.spans]


class Unprintable:
    def __str__(self) -> str:
        raise ZeroDivisionError

    __repr__ = __str__


class Nosy:
    """Its text is made by touching the span it is on."""

    def __init__(self, span: Any) -> None:
        self.span = span

    def __str__(self) -> str:
        self.span.set_attribute("nosy", "yes")
        return "nosy"


class Unhashable(str):
    __hash__ = None  # type: ignore[assignment]


cyclic: list[Any] = []
cyclic += [cyclic, cyclic]
deep: Any = {}
for _ in range(10_000):
    deep = {"deeper": deep}


@pytest.mark.parametrize(
    "value",
    [
        cyclic, deep, Unprintable(), object(), object, "\ud800", "x" * 10_000_000, b"x" * 10_000_000, 2**70, -(2**5000),
        float("nan"), float("inf"), {1, 2}, range(10**9), [Unprintable(), {Unprintable(): 1}], Unhashable("u"), None,
        [None, "a", 1], {"a": {"b": [1]}}, iter([1]), ..., Exception("e"), lambda: 1,
    ],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_no_value_is_too_strange(value: Any, provider: TracerProvider) -> None:
    """Nothing is raised, the span is sent, its other attributes are whole, and it stays small."""
    span = provider.get_tracer("t").start_span("s", attributes={"given": value, "plain": 1})
    span.set_attribute("set", value)
    span.set_attributes({"more": value, "list": [value]})
    span.add_event("event", {"value": value})
    span.set_status(StatusCode.ERROR, value)
    span.update_name(value) if isinstance(value, str) else None
    span.end()
    ((message,), (record,)) = sent(provider), records(provider)
    assert attributes_of(message)["plain"] == 1
    assert len(record) < 200_000


@pytest.mark.parametrize("key", [None, 1, "", [], "k" * 1000, ("a",)])
def test_a_key_that_is_no_key_is_dropped_and_counted(key: Any, provider: TracerProvider) -> None:
    span = provider.get_tracer("t").start_span("s")
    span.set_attribute(key, 1)
    span.set_attribute("good", 1)
    span.end()
    (message,) = sent(provider)
    assert (attributes_of(message), message.dropped_attributes_count) == ({"good": 1}, 1)


def test_equal_values_of_different_types_stay_what_they_are(provider: TracerProvider) -> None:
    """1, True and 1.0 are equal and have one hash; a memo must not take one for another."""
    tracer = provider.get_tracer("t")
    for value in (1, True, 1.0, "1", 1, True, 1.0):
        tracer.start_span("s", attributes={"k": value}).end()
    kinds = [message.attributes[0].value.WhichOneof("value") for message in sent(provider)]
    assert kinds == [
        "int_value",
        "bool_value",
        "double_value",
        "string_value",
        "int_value",
        "bool_value",
        "double_value",
    ]


def test_strange_arguments_raise_nothing(provider: TracerProvider) -> None:
    tracer: Any = provider.get_tracer("t")
    span = tracer.start_span(None, attributes=5, links=[None, "x"], kind="kind")
    span.set_attributes(None)
    span.add_event(None, attributes=7, timestamp="soon")
    span.add_link(None)
    span.set_status("bad")
    span.record_exception("no exception")
    span.end("never")
    assert len(sent(provider)) == 1


def test_what_comes_after_the_end_changes_nothing(provider: TracerProvider) -> None:
    span = provider.get_tracer("t").start_span("s", attributes={"a": 1})
    span.end()
    before = records(provider)
    span.set_attribute("b", 2)
    span.add_event("late")
    span.update_name("other")
    span.set_status(StatusCode.ERROR)
    span.record_exception(ValueError())
    span.end()
    assert not span.is_recording()
    assert records(provider) == before


def test_only_one_of_many_threads_ends_a_span(provider: TracerProvider) -> None:
    tracer = provider.get_tracer("t")
    for _ in range(50):
        span = tracer.start_span("s")
        threads = [threading.Thread(target=span.end) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(provider.outbox.items) == 50


def test_recording_from_many_threads_loses_nothing(sink: Sink, pipeline_to: Make) -> None:
    """Spans and measurements, counted to the last one."""
    pipeline = pipeline_to(sink.url)
    tracer = TracerProvider(pipeline=pipeline).get_tracer("t")
    histogram = MeterProvider(pipeline=pipeline).get_meter("m").create_histogram("h")
    bound = histogram.bind({"k": 1})

    def work() -> None:
        for _ in range(2000):
            with tracer.start_as_current_span("s"):
                bound.record(1)
                histogram.record(1, {"k": 1})

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert pipeline.flush(60)
    assert len(sink.span_ids) == len(sink.spans) == 16_000
    assert sink.metrics[-1][2].histogram.data_points[0].count == 32_000


def test_an_attribute_that_looks_at_its_span_does_no_harm(provider: TracerProvider) -> None:
    """Foreign code runs while the span is encoded, under no lock."""
    span = provider.get_tracer("t").start_span("s")
    span.set_attribute("value", Nosy(span))
    span.end()
    (message,) = sent(provider)
    assert attributes_of(message)["value"] == "nosy"


def test_an_exception_is_told_with_type_message_and_trace(provider: TracerProvider) -> None:
    """The status says it too, and the exception goes on."""
    tracer = provider.get_tracer("t")
    with pytest.raises(ValueError, match="no"), tracer.start_as_current_span("s"):
        raise ValueError("no")
    (message,) = sent(provider)
    found = attributes_of(message.events[0])
    assert (found["exception.type"], found["exception.message"]) == ("ValueError", "no")
    assert found["exception.stacktrace"].startswith("Traceback")
    assert (message.status.code, message.status.message) == (2, "ValueError: no")


def test_an_exception_that_cannot_be_printed_goes_on_as_it_is(provider: TracerProvider) -> None:
    class Silent(Exception):
        def __str__(self) -> str:
            raise ZeroDivisionError

    tracer = provider.get_tracer("t")
    with pytest.raises(Silent), tracer.start_as_current_span("s"):
        raise Silent
    with pytest.raises(Silent), tracer.start_span("s"):
        raise Silent
    assert [message.status.message for message in sent(provider)] == ["Silent: " + Silent.__qualname__] * 2


def test_the_switches_for_exceptions_are_obeyed(provider: TracerProvider) -> None:
    tracer = provider.get_tracer("t")
    for make in (tracer.start_as_current_span, tracer.start_span):
        with pytest.raises(ValueError), make("s", record_exception=False, set_status_on_exception=False):
            raise ValueError
    assert [(len(message.events), message.status.code) for message in sent(provider)] == [(0, 0), (0, 0)]


def test_a_long_recursion_is_cut_at_its_beginning(provider: TracerProvider) -> None:
    def fall(depth: int) -> None:
        fall(depth + 1)

    span = provider.get_tracer("t").start_span("s")
    try:
        fall(0)
    except RecursionError as error:
        for _ in range(100):
            span.record_exception(error)
    span.end()
    (message,) = sent(provider)
    assert len(message.events) == 8
    assert all(len(attributes_of(event)["exception.stacktrace"]) <= 16384 for event in message.events)


@pytest.mark.parametrize(("limit", "kept"), [(None, 16384), ("5000", 16384), ("20000", 17003), ("100", 100)])
def test_of_a_long_stack_the_end_is_sent_where_it_happened(
    limit: str | None, kept: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    if limit is not None:
        monkeypatch.setenv("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", limit)
    provider = TracerProvider(pipeline=Pipeline())
    span = provider.get_tracer("t").start_span("s")
    span.add_event("exception", {"exception.stacktrace": "x" * 17000 + "\nno", "other": "x" * 17000 + "\nno"})
    span.end()
    (message,) = sent(provider)
    found = attributes_of(message.events[0])
    assert found["exception.stacktrace"] == ("x" * 17000 + "\nno")[-kept:]
    assert len(found["other"]) == min(int(limit or 4096), 17003)


def test_ok_is_final_and_unset_is_ignored(provider: TracerProvider) -> None:
    """Specification, trace API, "Set Status"."""
    tracer = provider.get_tracer("t")
    for statuses in (
        [Status(StatusCode.ERROR, "a"), StatusCode.OK, Status(StatusCode.ERROR, "b")],
        [Status(StatusCode.ERROR, "a"), StatusCode.UNSET],
        [(StatusCode.ERROR, "c")],
    ):
        span = tracer.start_span("s")
        for status in statuses:
            span.set_status(*status) if isinstance(status, tuple) else span.set_status(status)
        span.end()
    found = [(message.status.code, message.status.message) for message in sent(provider)]
    assert found == [(1, ""), (2, "a"), (2, "c")]


def test_children_know_their_parents_in_coroutines_and_decorated_functions(provider: TracerProvider) -> None:
    tracer = provider.get_tracer("t")

    @tracer.start_as_current_span("decorated")
    async def decorated() -> None:
        await asyncio.sleep(0)
        tracer.start_span("inner").end()

    async def main() -> None:
        with tracer.start_as_current_span("outer"):
            await asyncio.gather(decorated(), decorated())

    asyncio.run(main())
    spans = {message.span_id: message for message in sent(provider)}
    ways = []
    for message in spans.values():
        parent = spans.get(message.parent_span_id)
        ways.append((message.name, parent.name if parent else None))
    assert sorted(ways, key=str) == sorted(
        [("inner", "decorated"), ("decorated", "outer")] * 2 + [("outer", None)], key=str
    )
    assert len({message.trace_id for message in spans.values()}) == 1


def test_the_request_id_of_the_context_is_on_every_span(provider: TracerProvider) -> None:
    """Unless the application says another."""
    tracer = provider.get_tracer("t")
    context = context_api.set_value("clew-request-id", "r-1")
    tracer.start_span("root", context).end()
    tracer.start_span("own", context, attributes={"request.id": "mine"}).end()
    tracer.start_span("without").end()
    assert [attributes_of(message).get("request.id") for message in sent(provider)] == ["r-1", "mine", None]


def test_explicit_times_are_honoured_and_durations_are_never_negative(
    provider: TracerProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The wall clock may be set back meanwhile."""
    from clew_sdk import clock

    tracer = provider.get_tracer("t")
    tracer.start_span("explicit", start_time=5).end(9)
    open_end = tracer.start_span("started", start_time=5)
    open_end.end()
    stepped = tracer.start_span("stepped")
    with monkeypatch.context() as patched:
        patched.setattr(clock, "time_ns", lambda: 1)
        clock.follow()
        stepped.end()
    clock.follow()
    explicit, started, after = sent(provider)
    assert (explicit.start_time_unix_nano, explicit.end_time_unix_nano) == (5, 9)
    assert started.end_time_unix_nano > 10**18
    assert after.end_time_unix_nano >= after.start_time_unix_nano


def test_an_application_that_seeds_random_does_not_repeat_our_ids(provider: TracerProvider) -> None:
    import random

    tracer = provider.get_tracer("t")
    for _ in range(2):
        random.seed(1)
        tracer.start_span("s").end()
    first, second = sent(provider)
    assert first.trace_id != second.trace_id
    assert first.span_id != second.span_id


def test_links_are_kept_with_their_attributes(provider: TracerProvider) -> None:
    context = trace.SpanContext(1, 2, True, trace.TraceFlags(1))
    span = provider.get_tracer("t").start_span("s", links=[Link(context, {"a": 1})])
    span.add_link(context, {"b": 2})
    span.add_link(trace.INVALID_SPAN_CONTEXT)
    span.end()
    (message,) = sent(provider)
    assert [attributes_of(link) for link in message.links] == [{"a": 1}, {"b": 2}]


def test_a_worker_that_failed_goes_on(sink: Sink, pipeline_to: Make) -> None:
    """Exporters have raised SystemExit in their thread; the restart is counted, the records arrive."""
    pipeline = pipeline_to(sink.url)
    transport = pipeline._channels[0].transport
    send, raised = transport.send, []

    def fail_once(body: bytes, deadline: float) -> Any:
        if not raised:
            raised.append(True)
            raise SystemExit
        return send(body, deadline)

    transport.send = fail_once  # type: ignore[method-assign]
    tracer = TracerProvider(pipeline=pipeline).get_tracer("t")
    for _ in range(100):
        tracer.start_span("s").end()
    assert sink.wait_for(lambda sink: len(sink.span_ids) == 100)
    assert pipeline.worker.restarts == 1
