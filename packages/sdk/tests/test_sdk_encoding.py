"""Property tests: what we encode is, after parsing, what the official SDK and encoder make of the same telemetry."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from opentelemetry import trace
from opentelemetry._logs import SeverityNumber
from opentelemetry.exporter.otlp.proto.common._log_encoder import encode_logs
from opentelemetry.exporter.otlp.proto.common.metrics_encoder import encode_metrics
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk import _logs as sdk_logs
from opentelemetry.sdk import metrics as sdk_metrics
from opentelemetry.sdk import trace as sdk_trace
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor
from opentelemetry.sdk.metrics.export import AggregationTemporality, InMemoryMetricReader
from opentelemetry.sdk.metrics.view import ExponentialBucketHistogramAggregation, View
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags, TraceState

from clew_sdk import LoggerProvider, MeterProvider, TracerProvider
from clew_sdk.otlp.metrics import encode
from clew_sdk.otlp.request import export_request, field
from clew_sdk.outbox import parcel
from clew_sdk.pipeline import Pipeline

RESOURCE = Resource({"service.name": "shop", "list": ("a", "b")}, "https://schema/resource")
MANY = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=30)
NAMES = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=12)
SCALARS = st.one_of(
    TEXT, st.booleans(), st.integers(-(2**63), 2**63 - 1), st.floats(), st.binary(max_size=20), st.none(),
    st.sampled_from([0, 1, 1.0, True, False, 0.0, -0.0, "", "1"]),
)  # fmt: skip
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=6,
)
ATTRIBUTES = st.dictionaries(NAMES | st.sampled_from(["a", "b"]), VALUES, max_size=6)
FLAT = st.dictionaries(st.sampled_from(["a", "b", "c"]), TEXT | st.integers(0, 3) | st.booleans(), max_size=3)
TIMES = st.integers(1, 2**63)
TRACE_IDS, SPAN_IDS = st.integers(1, 2**128 - 1), st.integers(1, 2**64 - 1)
STATES = st.sampled_from([None, TraceState([("vendor", "value"), ("other", "1")])])
CONTEXTS = st.builds(SpanContext, TRACE_IDS, SPAN_IDS, st.booleans(), st.just(TraceFlags(1)), STATES)
EVENTS = st.lists(st.tuples(TEXT, ATTRIBUTES, TIMES), max_size=3)
LINKS = st.lists(st.builds(Link, CONTEXTS, ATTRIBUTES), max_size=3)
STATUSES = st.one_of(st.none(), st.just(Status(StatusCode.OK)), st.builds(Status, st.just(StatusCode.ERROR), TEXT))


class FixedIds(sdk_trace.IdGenerator):
    def generate_trace_id(self) -> int:
        return 0x1234567890ABCDEF1234567890ABCDEF

    def generate_span_id(self) -> int:
        return 0x1234567890ABCDEF


def drive(provider: Any, span: dict[str, Any]) -> None:
    """Makes one span with any provider."""
    tracer = provider.get_tracer("scope", "1.2", "https://schema/scope", {"of": "scope"})
    parent = span["parent"]
    context = trace.set_span_in_context(trace.NonRecordingSpan(parent)) if parent else None
    links = [Link(link.context, dict(link.attributes)) for link in span["links"]]
    made = tracer.start_span(span["name"], context, span["kind"], span["attributes"], links, span["start"])
    for key, value in span["more"].items():
        made.set_attribute(key, value)
    for name, attributes, timestamp in span["events"]:
        made.add_event(name, attributes, timestamp)
    if span["status"] is not None:
        made.set_status(span["status"])
    made.end(span["end"])


def sorted_attributes(message: Any) -> bytes:
    """The message's bytes, in an order of attributes that does not depend on when they were set."""
    for resource in message.resource_spans:
        for scope in resource.scope_spans:
            for span in scope.spans:
                ordered = sorted(span.attributes, key=lambda item: item.key)
                del span.attributes[:]
                span.attributes.extend(ordered)
    return message.SerializeToString(deterministic=True)


@MANY
@given(
    st.fixed_dictionaries(
        {
            "name": TEXT, "kind": st.sampled_from(SpanKind), "attributes": ATTRIBUTES, "more": ATTRIBUTES,
            "events": EVENTS, "links": LINKS, "status": STATUSES, "start": TIMES, "end": TIMES,
            "parent": st.none() | CONTEXTS,
        }
    )
)  # fmt: skip
def test_a_span_is_encoded_as_the_official_encoder_does(span: dict[str, Any]) -> None:
    """Names, kinds, values of every type, events, links, status, remote and local parents, scope and resource."""
    exporter = InMemorySpanExporter()
    stock = sdk_trace.TracerProvider(resource=RESOURCE, id_generator=FixedIds(), shutdown_on_exit=False)
    stock.add_span_processor(SimpleSpanProcessor(exporter))
    drive(stock, span)
    official = encode_spans(exporter.get_finished_spans())

    pipeline = Pipeline()
    pipeline.worker.wake = lambda: None
    ours = TracerProvider(resource=RESOURCE, id_generator=FixedIds(), pipeline=pipeline)
    ours.outbox._wake = lambda: None
    drive(ours, span)
    request = ExportTraceServiceRequest.FromString(export_request(ours.outbox.items))
    assert sorted_attributes(request) == sorted_attributes(official)


@MANY
@given(ATTRIBUTES, VALUES, st.sampled_from(SeverityNumber), TEXT, TIMES, st.none() | CONTEXTS, st.none() | NAMES)
def test_a_log_record_is_encoded_as_the_official_encoder_does(
    attributes: Any, body: Any, severity: Any, text: str, when: int, span: Any, event: Any
) -> None:
    """Body and attributes of every type, severity, times, the trace it belongs to, event name."""
    context = (
        trace.set_span_in_context(trace.NonRecordingSpan(span))
        if span
        else trace.set_span_in_context(trace.INVALID_SPAN)
    )
    emitted = {
        "timestamp": when, "observed_timestamp": when, "context": context, "severity_number": severity,
        "severity_text": text, "body": body, "attributes": attributes, "event_name": event,
    }  # fmt: skip
    exporter = InMemoryLogRecordExporter()
    stock = sdk_logs.LoggerProvider(resource=RESOURCE, shutdown_on_exit=False)
    stock.add_log_record_processor(SimpleLogRecordProcessor(exporter))
    stock.get_logger("scope", "1.2", "https://schema/scope", {"of": "scope"}).emit(**emitted)
    official = encode_logs(exporter.get_finished_logs())

    ours = LoggerProvider(resource=RESOURCE, pipeline=Pipeline())
    ours.outbox._wake = lambda: None
    ours.get_logger("scope", "1.2", "https://schema/scope", {"of": "scope"}).emit(**emitted)
    request = ExportLogsServiceRequest.FromString(export_request(ours.outbox.items))
    assert request.SerializeToString(deterministic=True) == official.SerializeToString(deterministic=True)


# Multiples of 1/8, so that a sum is the same in any order: opentelemetry-sdk adds up each interval by itself.
AMOUNTS = st.one_of(st.integers(0, 10**6), st.integers(0, 10**6).map(lambda eighths: eighths / 8))
KINDS = st.sampled_from(["counter", "updown", "histogram", "gauge"])
MEASUREMENTS = st.lists(st.tuples(KINDS, AMOUNTS, FLAT), max_size=30)
FINE = View(instrument_name="fine", aggregation=ExponentialBucketHistogramAggregation(max_size=20))
VIEWS = [
    View(instrument_name="updown", name="renamed", description="by a view", attribute_keys={"a"}),
]


def measure(provider: Any, measurements: Any) -> None:
    """Makes the same measurements with any provider."""
    meter = provider.get_meter("scope", "1.2", "https://schema/scope", {"of": "scope"})
    record = {
        "counter": meter.create_counter("counter", "1", "counts").add,
        "updown": meter.create_up_down_counter("updown", "1", "goes up and down").add,
        "histogram": meter.create_histogram(
            "histogram", "s", "spreads", explicit_bucket_boundaries_advisory=[0.5, 10, 1000]
        ).record,
        "fine": meter.create_histogram("fine", "s").record,
        "gauge": meter.create_gauge("gauge", "1", "is").set,
    }
    for name, amount, attributes in measurements:
        record[name](amount, attributes)


def comparable(request: Any) -> bytes:
    """Without the times, and with metrics and points in one order."""
    for resource in request.resource_metrics:
        for scope in resource.scope_metrics:
            for metric in scope.metrics:
                points = getattr(metric, metric.WhichOneof("data")).data_points
                for point in points:
                    point.ClearField("time_unix_nano")
                    point.ClearField("start_time_unix_nano")
                    for name in ("as_double", "sum"):  # floats are added up in another order than the stock SDK's
                        if name in point.DESCRIPTOR.fields_by_name and point.HasField(name):
                            setattr(point, name, float(f"{getattr(point, name):.9g}"))
                    ordered = sorted(point.attributes, key=lambda item: item.key)
                    del point.attributes[:]
                    point.attributes.extend(ordered)
                ranked = sorted(points, key=lambda point: point.SerializeToString(deterministic=True))
                del points[:]
                points.extend(ranked)
            metrics = sorted(scope.metrics, key=lambda metric: metric.name)
            del scope.metrics[:]
            scope.metrics.extend(metrics)
    return request.SerializeToString(deterministic=True)


@MANY
@given(MEASUREMENTS, MEASUREMENTS, st.booleans())
def test_metrics_are_added_up_and_encoded_as_the_official_sdk_does(first: Any, second: Any, delta: bool) -> None:
    """Sums, gauges, explicit and exponential histograms, views, cumulative and delta, over two collections."""
    temporality = AggregationTemporality.DELTA if delta else AggregationTemporality.CUMULATIVE
    preferred = {sdk_metrics.Counter: temporality, sdk_metrics.Histogram: temporality}
    reader, our_reader = InMemoryMetricReader(preferred), InMemoryMetricReader(preferred)
    stock = sdk_metrics.MeterProvider([reader], RESOURCE, shutdown_on_exit=False, views=VIEWS)
    ours = MeterProvider([our_reader], RESOURCE, views=VIEWS, pipeline=Pipeline())
    ours.measurements.batch = 10**9
    for measurements in (first, second):
        measure(stock, measurements)
        measure(ours, measurements)
        theirs, found = reader.get_metrics_data(), ours.collect(1)
        request = export_request(parcel(metric.scope, [field(encode(metric))]) for metric in found)
        parsed = ExportMetricsServiceRequest.FromString(request)
        official = encode_metrics(theirs) if theirs is not None else ExportMetricsServiceRequest()
        assert comparable(parsed) == comparable(official)


def trimmed(request: Any) -> bytes:
    """Without the empty buckets that opentelemetry-sdk appends to fill its arrays."""
    for resource in request.resource_metrics:
        for scope in resource.scope_metrics:
            for metric in scope.metrics:
                for point in metric.exponential_histogram.data_points:
                    for side in (point.positive, point.negative):
                        while side.bucket_counts and not side.bucket_counts[-1]:
                            side.bucket_counts.pop()
                    if not point.negative.bucket_counts:
                        point.ClearField("negative")
    return comparable(request)


@MANY
@given(st.lists(st.tuples(st.just("fine"), st.floats(1e-6, 1e6), FLAT), min_size=1, max_size=60))
def test_exponential_histograms_find_the_scale_and_buckets_that_the_official_sdk_finds(measurements: Any) -> None:
    """A view with 20 buckets over twelve orders of magnitude, so that the scale has to give way."""
    reader = InMemoryMetricReader()
    stock = sdk_metrics.MeterProvider([reader], RESOURCE, shutdown_on_exit=False, views=[FINE])
    ours = MeterProvider(resource=RESOURCE, views=[FINE], pipeline=Pipeline())
    ours.measurements.batch = 10**9
    measure(stock, measurements)
    measure(ours, measurements)
    official = encode_metrics(reader.get_metrics_data())
    request = export_request(parcel(metric.scope, [field(encode(metric))]) for metric in ours.collect(0))
    assert trimmed(ExportMetricsServiceRequest.FromString(request)) == trimmed(official)


@MANY
@given(MEASUREMENTS)
def test_a_guest_reader_gets_what_the_collector_gets(measurements: Any) -> None:
    """Times and exemplars included: our MetricsData, officially encoded, equals our own encoding."""
    from clew_sdk.guests.metrics import metrics_data

    ours = MeterProvider(resource=RESOURCE, views=[*VIEWS, FINE], pipeline=Pipeline())
    ours.measurements.batch = 10**9
    span = trace.NonRecordingSpan(SpanContext(7, 8, False, TraceFlags(1)))
    with trace.use_span(span):
        measure(ours, [*measurements, ("fine", 3, {}), ("fine", -1, {}), ("fine", 0.25, {"b": 1})])
    found = ours.collect(0)
    shown = metrics_data(found)
    official = encode_metrics(shown) if shown is not None else ExportMetricsServiceRequest()
    parsed = ExportMetricsServiceRequest.FromString(
        export_request(parcel(one.scope, [field(encode(one))]) for one in found)
    )
    assert parsed.SerializeToString(deterministic=True) == official.SerializeToString(deterministic=True)
