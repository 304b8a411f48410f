"""What was written for the API and for opentelemetry-sdk works with ours, and cannot harm."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest
from opentelemetry import context as context_api
from opentelemetry import metrics, trace
from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.context import Context
from opentelemetry.sdk import _logs as sdk_logs
from opentelemetry.sdk import trace as sdk_trace
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.metrics.view import DropAggregation, ExplicitBucketHistogramAggregation, View
from opentelemetry.sdk.trace import sampling
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import NonRecordingSpan, SpanContext, SpanKind, StatusCode, TraceFlags
from programs import run
from servers.sink import Sink, attributes_of

from clew_sdk import LoggerProvider, MeterProvider, TracerProvider
from clew_sdk.pipeline import Pipeline

Make = Callable[[str], Pipeline]


def under(parent: SpanContext) -> Context:
    return trace.set_span_in_context(NonRecordingSpan(parent))


SAMPLED = SpanContext(1, 2, True, TraceFlags(1))
UNSAMPLED = SpanContext(1, 2, True, TraceFlags(0))


def test_a_span_processor_sees_the_span_begin_and_end(sink: Sink, pipeline_to: Make) -> None:
    """It reads the living span as it would read the SDK's, may add to it, and gets the whole at its end."""
    seen: list[Any] = []

    class Processor(sdk_trace.SpanProcessor):
        def on_start(self, span: Any, parent_context: Any = None) -> None:
            seen.append((span.name, span.kind, dict(span.attributes), span.parent, span.end_time))
            span.set_attribute("added", True)

    exporter = InMemorySpanExporter()
    provider = TracerProvider(pipeline=pipeline_to(sink.url))
    provider.add_span_processor(Processor())
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    span = provider.get_tracer("scope", "1").start_span("name", under(SAMPLED), SpanKind.SERVER, {"a": [1, 2]})
    span.add_event("event", {"b": "c"})
    span.set_status(StatusCode.ERROR, "bad")
    span.end()
    assert seen == [("name", SpanKind.SERVER, {"a": [1, 2]}, SAMPLED, None)]
    (shown,) = exporter.get_finished_spans()
    assert (shown.name, dict(shown.attributes), shown.status.description) == (
        "name",
        {"a": (1, 2), "added": True},
        "bad",
    )
    assert [(event.name, dict(event.attributes)) for event in shown.events] == [("event", {"b": "c"})]
    assert (shown.instrumentation_scope.name, shown.instrumentation_scope.version) == ("scope", "1")
    assert shown.parent == SAMPLED
    assert "service.name" in shown.resource.attributes
    assert '"name": "name"' in shown.to_json()
    assert provider.force_flush()
    assert attributes_of(sink.spans[0][2]) == {"a": [1, 2], "added": True}


def test_guests_that_raise_harm_nobody(sink: Sink, pipeline_to: Make) -> None:
    """Sampler, processor, ID generator, log processor: the records arrive all the same."""

    class Bad:
        def __getattr__(self, name: str) -> Any:
            if name == "_on_ending":
                raise AttributeError(name)

            def fail(*args: Any, **kwargs: Any) -> Any:
                raise ZeroDivisionError

            return fail

    pipeline = pipeline_to(sink.url)
    provider = TracerProvider(sampler=Bad(), id_generator=Bad(), pipeline=pipeline)
    provider.add_span_processor(Bad())
    with provider.get_tracer("t").start_as_current_span("fine"):
        pass
    loggers = LoggerProvider(pipeline=pipeline)
    loggers.add_log_record_processor(Bad())
    loggers.get_logger("l").emit(body="fine")
    pipeline.flush(30)
    assert [span.name for _, _, span in sink.spans] == ["fine"]
    assert len(sink.logs) == 1


@pytest.mark.parametrize(
    ("sampler", "parent", "recorded"),
    [
        (sampling.ALWAYS_ON, None, True), (sampling.ALWAYS_OFF, None, False), (sampling.DEFAULT_ON, UNSAMPLED, False),
        (sampling.DEFAULT_OFF, SAMPLED, True), (sampling.TraceIdRatioBased(0), SAMPLED, False),
        (None, UNSAMPLED, False), (sampling.ParentBasedTraceIdRatio(0), None, False),
        (sampling.ParentBasedTraceIdRatio(0), SAMPLED, True), (sampling.ParentBasedTraceIdRatio(1), UNSAMPLED, False),
        ("always_off", SAMPLED, False), ("parentbased_always_off", SAMPLED, True), ("traceidratio", SAMPLED, False),
        ("parentbased_traceidratio", SAMPLED, True), ("parentbased_traceidratio", None, False), ("unknown", None, True),
    ],
)  # fmt: skip
def test_samplers_of_the_sdk_and_of_the_environment_decide(
    sampler: Any, parent: SpanContext | None, recorded: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An unsampled span keeps the trace, so that the context goes on."""
    if isinstance(sampler, str):
        monkeypatch.setenv("OTEL_TRACES_SAMPLER", sampler)
        monkeypatch.setenv("OTEL_TRACES_SAMPLER_ARG", "0")
        sampler = None
    tracer = TracerProvider(sampler=sampler, pipeline=Pipeline()).get_tracer("t")
    span = tracer.start_span("s", under(parent) if parent else Context())
    found = span.get_span_context()
    assert span.is_recording() is recorded
    assert found.trace_flags.sampled is recorded
    assert found.is_valid
    if parent is not None:
        assert (found.trace_id, found.is_remote) == (parent.trace_id, False)
    child = tracer.start_span("child", trace.set_span_in_context(span))
    assert child.get_span_context().trace_id == found.trace_id


@pytest.mark.parametrize("chosen", ["parentbased_traceidratio", "traceidratio", "theirs"])
def test_a_ratio_decides_by_the_trace_id_alone(chosen: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As every other service that follows the specification."""
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", chosen)
    monkeypatch.setenv("OTEL_TRACES_SAMPLER_ARG", "0.25")
    sampler = sampling.ParentBasedTraceIdRatio(0.25) if chosen == "theirs" else None
    tracer = TracerProvider(sampler=sampler, pipeline=Pipeline()).get_tracer("t")
    roots = [tracer.start_span("s", Context()).get_span_context() for _ in range(400)]
    assert all(root.trace_flags.sampled == (root.trace_id & (2**64 - 1) < 2**62) for root in roots)
    assert 0 < sum(root.trace_flags.sampled for root in roots) < 400


def test_a_span_that_is_recorded_but_not_sampled_is_for_processors_only(sink: Sink, pipeline_to: Make) -> None:
    class RecordOnly(sampling.Sampler):
        def should_sample(self, *args: Any, **kwargs: Any) -> sampling.SamplingResult:
            return sampling.SamplingResult(sampling.Decision.RECORD_ONLY, {"why": "so"})

        def get_description(self) -> str:
            return "RecordOnly"

    ended: list[Any] = []

    class Processor(sdk_trace.SpanProcessor):
        def on_end(self, span: Any) -> None:
            ended.append((span.name, dict(span.attributes), span.context.trace_flags.sampled))

    pipeline = pipeline_to(sink.url)
    provider = TracerProvider(sampler=RecordOnly(), pipeline=pipeline)
    provider.add_span_processor(Processor())
    provider.get_tracer("t").start_span("s").end()
    assert provider.force_flush()
    assert ended == [("s", {"why": "so"}, False)]
    assert not sink.spans


def test_limits_of_the_sdk_and_of_the_environment_hold(
    sink: Sink, pipeline_to: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is over them is counted."""
    pipeline = pipeline_to(sink.url)
    limits = sdk_trace.SpanLimits(max_span_attributes=2, max_events=1, max_links=1, max_span_attribute_length=3)
    monkeypatch.setenv("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "1")
    for provider in (TracerProvider(span_limits=limits, pipeline=pipeline), TracerProvider(pipeline=pipeline)):
        span = provider.get_tracer("t").start_span("s", attributes={"a": "abcdef", "b": 1, "c": 2})
        span.add_event("one")
        span.add_event("two")
        span.add_link(SAMPLED)
        span.add_link(SAMPLED)
        span.end()
    pipeline.flush(30)
    (_, _, first), (_, _, second) = sink.spans
    assert attributes_of(first) == {"a": "abc", "b": 1}
    assert (first.dropped_attributes_count, first.dropped_events_count, first.dropped_links_count) == (1, 1, 1)
    assert [event.name for event in first.events] == ["two"]
    assert attributes_of(second) == {"a": "abcdef"}
    assert (second.dropped_attributes_count, len(second.events)) == (2, 2)


def test_the_stock_logging_handler_works_with_our_provider(sink: Sink, pipeline_to: Make) -> None:
    """The record is in the trace and carries the request's ID."""
    pipeline = pipeline_to(sink.url)
    logger = logging.Logger("shop")
    with pytest.warns(DeprecationWarning, match="LoggingHandler"):
        logger.addHandler(sdk_logs.LoggingHandler(logger_provider=LoggerProvider(pipeline=pipeline)))
    token = context_api.attach(context_api.set_value("clew-request-id", "r-1"))
    with TracerProvider(pipeline=pipeline).get_tracer("t").start_as_current_span("s") as span:
        logger.error("%s failed", "payment")
    context_api.detach(token)
    assert pipeline.flush(30)
    ((_, scope, record),) = sink.logs
    assert (scope, record.body.string_value, record.severity_number) == ("shop", "payment failed", 17)
    assert int.from_bytes(record.span_id, "big") == span.get_span_context().span_id
    assert attributes_of(record)["request.id"] == "r-1"
    assert attributes_of(sink.spans[0][2])["request.id"] == "r-1"


def test_every_way_to_emit_a_log_record_is_understood(sink: Sink, pipeline_to: Make) -> None:
    """By parts, as a record of the API, as a record of the SDK; with an exception; through a processor that edits."""

    class Editor(SimpleLogRecordProcessor):
        def on_emit(self, log_record: Any) -> None:
            log_record.log_record.attributes["edited"] = True
            super().on_emit(log_record)

    exporter = InMemoryLogRecordExporter()
    pipeline = pipeline_to(sink.url)
    plain, edited = LoggerProvider(pipeline=pipeline), LoggerProvider(pipeline=pipeline)
    edited.add_log_record_processor(Editor(exporter))
    for provider in (plain, edited):
        logger = provider.get_logger("l")
        assert logger.enabled()
        logger.emit(body="parts", severity_number=SeverityNumber.INFO, exception=ValueError("no"))
        logger.emit(LogRecord(timestamp=5, body={"of": ["api"]}, event_name="event"))
        logger.emit(sdk_logs.ReadWriteLogRecord(LogRecord(body="sdk", attributes={"a": 1})))
    assert pipeline.flush(30)
    records = [record for _, _, record in sink.logs]
    bodies = [record.body.string_value for record in records]
    assert bodies == ["parts", "", "sdk"] * 2
    assert records[1].event_name == "event"
    assert attributes_of(records[0])["exception.message"] == "no"
    assert ["edited" in attributes_of(record) for record in records] == [False] * 3 + [True] * 3
    assert [shown.log_record.body for shown in exporter.get_finished_logs()] == ["parts", {"of": ["api"]}, "sdk"]


def test_views_shape_what_is_sent(sink: Sink, pipeline_to: Make) -> None:
    """Renamed, fewer attributes, other buckets, dropped."""
    views = [
        View(instrument_name="time*", aggregation=ExplicitBucketHistogramAggregation([1, 2])),
        View(instrument_name="count", name="renamed", attribute_keys={"a"}),
        View(instrument_type=metrics.UpDownCounter, aggregation=DropAggregation()),
    ]
    pipeline = pipeline_to(sink.url)
    meter = MeterProvider(views=views, pipeline=pipeline).get_meter("m")
    meter.create_histogram("time.taken").record(1.5)
    meter.create_counter("count").add(1, {"a": 1, "b": 2})
    meter.create_counter("count").add(1, {"a": 1, "b": 3})
    meter.create_up_down_counter("gone").add(1)
    assert pipeline.flush(30)
    found = {metric.name: metric for _, _, metric in sink.metrics}
    assert set(found) == {"time.taken", "renamed"}
    assert list(found["time.taken"].histogram.data_points[0].bucket_counts) == [0, 1, 0]
    (point,) = found["renamed"].sum.data_points
    assert (point.as_int, attributes_of(point)) == (2, {"a": 1})


def test_an_in_memory_reader_collects_beside_the_collector(sink: Sink, pipeline_to: Make) -> None:
    """At any time, from the start or added later, without taking anything from the other."""
    reader, later = InMemoryMetricReader(), InMemoryMetricReader()
    pipeline = pipeline_to(sink.url)
    provider = MeterProvider([reader], pipeline=pipeline)
    meter = provider.get_meter("m")
    counter = meter.create_counter("c")
    counter.add(2)
    provider.add_metric_reader(later)
    counter.add(3)
    meter.create_observable_gauge("g", [lambda options: [metrics.Observation(7, {"k": "v"})]])

    def values(found: Any) -> dict[str, Any]:
        scope = found.resource_metrics[0].scope_metrics[0]
        return {metric.name: metric.data.data_points[0].value for metric in scope.metrics}

    assert values(reader.get_metrics_data()) == {"c": 5, "g": 7}
    assert values(later.get_metrics_data()) in ({"c": 5, "g": 7}, {"c": 3, "g": 7})  # the 2 may wait to be added up
    assert pipeline.flush(30)
    assert {metric.name for _, _, metric in sink.metrics} == {"c", "g"}


def test_a_callback_that_raises_spoils_only_its_own_metric(sink: Sink, pipeline_to: Make) -> None:
    """Generators, several callbacks, observable counters told as differences too."""

    def generator() -> Any:
        options = yield
        while True:
            assert options.timeout_millis > 0
            options = yield [metrics.Observation(3)]

    pipeline = pipeline_to(sink.url)
    provider = MeterProvider(pipeline=pipeline)
    meter = provider.get_meter("m")
    meter.create_observable_counter("bad", [lambda options: 1 / 0])
    meter.create_observable_counter("half", [lambda options: 1 / 0, lambda options: [metrics.Observation(1)]])
    meter.create_observable_up_down_counter("good", [generator()])
    assert pipeline.flush(30)
    assert {metric.name: metric.sum.data_points[0].as_int for _, _, metric in sink.metrics} == {"half": 1, "good": 3}


def test_observable_counters_are_told_as_differences_when_asked(pipeline_to: Make, monkeypatch: Any) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "delta")
    provider = MeterProvider(pipeline=pipeline_to("http://127.0.0.1:9"))
    totals = iter([10, 15, 15])
    meter = provider.get_meter("m")
    meter.create_observable_counter("c", [lambda options: [metrics.Observation(next(totals))]])
    counter = meter.create_counter("s")
    counter.add(4)
    found = [{metric.name: (metric.points[0].value, metric.delta) for metric in provider.collect(0)} for _ in range(3)]
    assert found == [{"c": (10, True), "s": (4, True)}, {"c": (5, True)}, {"c": (0, True)}]


def test_too_many_attribute_sets_share_an_overflow(sink: Sink, pipeline_to: Make) -> None:
    """Two thousand series at most, and not one measurement is missing."""
    pipeline = pipeline_to(sink.url)
    counter = MeterProvider(pipeline=pipeline).get_meter("m").create_counter("c")
    for number in range(50_000):
        counter.add(1, {"k": number})
    assert pipeline.flush(30)
    points = sink.metrics[0][2].sum.data_points
    assert len(points) == 2000
    assert sum(point.as_int for point in points) == 50_000
    assert [point.as_int for point in points if attributes_of(point) == {"otel.metric.overflow": True}] == [48_001]


API = """
import logging
logging.basicConfig(level=logging.INFO, format="%(message)s")
from opentelemetry import metrics, trace, _logs
early = trace.get_tracer("early"), metrics.get_meter("early").create_counter("early"), _logs.get_logger("early")
"""
OURS = """
import clew_sdk
clew_sdk.install()
clew_sdk.install()
"""
THEIRS = """
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import SimpleLogRecordProcessor, InMemoryLogRecordExporter
spans, reader, logs = InMemorySpanExporter(), InMemoryMetricReader(), InMemoryLogRecordExporter()
providers = TracerProvider(), MeterProvider([reader]), LoggerProvider()
providers[0].add_span_processor(SimpleSpanProcessor(spans))
providers[2].add_log_record_processor(SimpleLogRecordProcessor(logs))
def take_charge():
    trace.set_tracer_provider(providers[0])
    metrics.set_meter_provider(providers[1])
    _logs.set_logger_provider(providers[2])
"""
USE = """
late = trace.get_tracer("late"), metrics.get_meter("late").create_counter("late"), _logs.get_logger("late")
def use(makers, name):
    makers[0].start_span(name).end()
    makers[1].add(1, {"k": name})
    makers[2].emit(body=name)
"""
TELL = """
found = reader.get_metrics_data()
points = sorted(
    (metric.name, point.attributes["k"], point.value)
    for resource in found.resource_metrics for scope in resource.scope_metrics
    if scope.scope.name != "clew_sdk"
    for metric in scope.metrics for point in metric.data.data_points
) if found else []
bodies = sorted(record.log_record.body for record in logs.get_finished_logs())
print(sorted(span.name for span in spans.get_finished_spans()), points, bodies)
"""


def test_an_application_that_set_its_providers_before_us_keeps_them(sink: Sink) -> None:
    """One line per signal says so; nothing reaches our collector."""
    done = run(API + THEIRS + "take_charge()\n" + OURS + USE + "use(early, 'e'); use(late, 'l')\n" + TELL, sink.url)
    points = "[('early', 'e', 1), ('late', 'l', 1)]"
    assert done.stdout == f"['e', 'l'] {points} ['e', 'l']\n"
    assert done.stderr.count("stay with opentelemetry.sdk") == 3
    assert not sink.requests


def test_an_application_that_sets_its_providers_after_us_gets_its_way(sink: Sink) -> None:
    """What was made by ours before goes on with theirs, bound methods included; once only, and nothing is doubled."""
    program = (
        API
        + OURS
        + USE
        + """
bound = trace.get_tracer("bound").start_span, metrics.get_meter("late").create_counter("late").bind({"k": "b"}).add
bound[0]("first").end(); bound[1](1)
use(early, "a"); use(late, "b")
"""
        + THEIRS
        + """
take_charge()
take_charge()
bound[0]("second").end(); bound[1](2)
use(early, "c"); use(late, "d")
use((trace.get_tracer("new"), metrics.get_meter("new").create_counter("new"), _logs.get_logger("new")), "n")
print(clew_sdk.force_flush())
"""
        + TELL
    )
    done = run(program, sink.url)
    points = "[('early', 'c', 1), ('late', 'b', 2), ('late', 'd', 1), ('new', 'n', 1)]"
    assert done.stdout == f"True\n['c', 'd', 'n', 'second'] {points} ['c', 'd', 'n']\n"
    assert done.stderr.count("takes") == 3
    assert done.stderr.count("Overriding of current") == 3
    assert sorted(span.name for _, _, span in sink.spans) == ["a", "b", "first"]
    assert sorted(record.body.string_value for _, _, record in sink.logs) == ["a", "b"]
    sent = [(metric.name, point.as_int) for _, _, metric in sink.metrics for point in metric.sum.data_points]
    assert sorted(sent) == [("early", 1), ("late", 2)]


def test_our_providers_count_as_the_sdks_whenever_that_is_imported(sink: Sink) -> None:
    """Applications ask isinstance before they call add_span_processor."""
    check = """
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk._logs import LoggerProvider
print(isinstance(trace.get_tracer_provider(), TracerProvider), isinstance(metrics.get_meter_provider(), MeterProvider),
      isinstance(_logs.get_logger_provider(), LoggerProvider))
"""
    for program in (API + OURS + check, API + "import opentelemetry.sdk.trace\n" + OURS + check):
        assert run(program, sink.url).stdout == "True True True\n"


@pytest.mark.parametrize("exporter", ["none", "console", "otlp,console", "missing"])
def test_the_exporters_that_the_environment_names_are_used(exporter: str, sink: Sink) -> None:
    """`none` lets traces pass through; an official one gets our spans; one that is missing costs one line."""
    program = (
        API
        + OURS
        + """
from opentelemetry.trace import NonRecordingSpan, SpanContext, set_span_in_context
span = trace.get_tracer("t").start_span("work", set_span_in_context(NonRecordingSpan(SpanContext(1, 2, True, 1))))
print(span.get_span_context().trace_id, span.get_span_context().span_id == 2)
span.end()
metrics.get_meter("m").create_counter("c").add(1)
"""
    )
    done = run(program, sink.url, OTEL_TRACES_EXPORTER=exporter)
    assert done.returncode == 0
    assert done.stdout.startswith(f"1 {exporter == 'none'}\n")
    assert ('"name": "work"' in done.stdout) == ("console" in exporter)
    assert len(sink.spans) == (exporter in ("otlp,console", "missing"))
    assert len(sink.metrics) == 1
    assert done.stderr.count("clew: OTEL_TRACES_EXPORTER has an item that is none of") == (exporter == "missing")
