"""Every environment variable that the pipeline reads: one table, for reading, for checking and for the manual."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from clew_sdk import parsing as to


class Variable(NamedTuple):
    """`parse` raises ValueError with what is wrong, in words that go after the variable's name, without the value."""

    parse: Callable[[str], Any]
    default: Any
    meaning: str


_PLAIN: dict[str, Variable] = {
    "CLEW_EXIT_TIMEOUT": Variable(
        to.number, 5.0, "seconds that the end of the process may take, for all signals together"
    ),
    "CLEW_SELF_METRICS": Variable(to.flag, True, "false: no `otel.sdk.*` metrics of what was recorded, sent and lost"),
    "OTEL_SDK_DISABLED": Variable(to.flag, False, "true: nothing is recorded, wrapped or started"),
    "OTEL_SERVICE_NAME": Variable(str, "", "name of the service; without it the project, module or command"),
    "OTEL_RESOURCE_ATTRIBUTES": Variable(to.pairs, {}, "`key=value,key=value`, percent-encoded, told of everything"),
    "OTEL_EXPERIMENTAL_RESOURCE_DETECTORS": Variable(str, "", "detectors of opentelemetry-sdk to ask, by name"),
    "OTEL_TRACES_SAMPLER": Variable(to.sampler, "parentbased_always_on", "which traces are recorded"),
    "OTEL_TRACES_SAMPLER_ARG": Variable(str, "", "the sampler's argument: of the ratio samplers a number from 0 to 1"),
    "OTEL_PYTHON_ID_GENERATOR": Variable(to.offered("opentelemetry_id_generator", "random"), "random", "who makes IDs"),
    "OTEL_PYTHON_TRACER_PROVIDER": Variable(str, "", "an entry point's name: traces are left to that provider"),
    "OTEL_PYTHON_METER_PROVIDER": Variable(str, "", "an entry point's name: metrics are left to that provider"),
    "_OTEL_PYTHON_LOGGER_PROVIDER": Variable(str, "", "an entry point's name: logs are left to that provider"),
    "OTEL_BSP_SCHEDULE_DELAY": Variable(to.number, 1000.0, "milliseconds between two rounds of sending"),
    "OTEL_BLRP_SCHEDULE_DELAY": Variable(to.number, 1000.0, "the same for log records; the smaller one counts"),
    "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": Variable(to.positive, 512, "spans in one request, which also has at most 1 MiB"),
    "OTEL_BLRP_MAX_EXPORT_BATCH_SIZE": Variable(to.positive, 512, "log records in one request, of at most 1 MiB"),
    "OTEL_METRIC_EXPORT_INTERVAL": Variable(to.number, 60000.0, "milliseconds between two collections of metrics"),
    "OTEL_METRICS_EXEMPLAR_FILTER": Variable(
        to.one_of("trace_based", "always_on", "always_off"), "trace_based", "which measurements may become exemplars"
    ),
    "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE": Variable(
        to.one_of("cumulative", "delta", "lowmemory"), "cumulative", "whether metrics say all, or what is new"
    ),
    "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION": Variable(
        to.one_of("explicit_bucket_histogram", "base2_exponential_bucket_histogram"),
        "explicit_bucket_histogram",
        "kind of the histograms",
    ),
    "OTEL_ATTRIBUTE_COUNT_LIMIT": Variable(to.count, 128, "attributes of anything"),
    "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT": Variable(
        to.count, 4096, "characters of an attribute's value; of a stack the last 16384, unless this is less"
    ),
    "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT": Variable(to.count, 128, "attributes of a span"),
    "OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT": Variable(to.count, 4096, "characters of a span attribute's value"),
    "OTEL_SPAN_EVENT_COUNT_LIMIT": Variable(to.count, 128, "events of a span"),
    "OTEL_SPAN_LINK_COUNT_LIMIT": Variable(to.count, 128, "links of a span"),
    "OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT": Variable(to.count, 128, "attributes of an event"),
    "OTEL_LINK_ATTRIBUTE_COUNT_LIMIT": Variable(to.count, 128, "attributes of a link"),
    "OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT": Variable(to.count, 128, "attributes of a log record"),
    "OTEL_LOGRECORD_ATTRIBUTE_VALUE_LENGTH_LIMIT": Variable(to.count, 4096, "characters of a log attribute's value"),
}
_PROTOCOLS = to.one_of("http/protobuf", "grpc", "http/json")
#: For all signals, and for one: OTEL_EXPORTER_OTLP_…, OTEL_EXPORTER_OTLP_TRACES_….
_OTLP: dict[str, Variable] = {
    "ENDPOINT": Variable(to.url, "http://localhost:4318", "where OTLP goes; for all signals without /v1/SIGNAL"),
    "HEADERS": Variable(to.headers, {}, "`name=value,name=value`, percent-encoded, sent along"),
    "TIMEOUT": Variable(to.number, 10000.0, "milliseconds of one attempt"),
    "COMPRESSION": Variable(to.one_of("none", "gzip"), "none", "of what is sent"),
    "PROTOCOL": Variable(_PROTOCOLS, "http/protobuf", "all but http/protobuf by the official exporters"),
    "CERTIFICATE": Variable(to.file, "", "a PEM file: the authorities to trust"),
    "CLIENT_KEY": Variable(to.file, "", "a PEM file: the key of the client's certificate"),
    "CLIENT_CERTIFICATE": Variable(to.file, "", "a PEM file: the client's certificate"),
}
SIGNALS = ("TRACES", "METRICS", "LOGS")
VARIABLES: dict[str, Variable] = {
    **_PLAIN,
    **{
        f"OTEL_{signal}_EXPORTER": Variable(
            to.exporters(signal.lower()), ("otlp",), "otlp, none, console, or others that are installed, with commas"
        )
        for signal in SIGNALS
    },
    **{f"OTEL_EXPORTER_OTLP_{name}": variable for name, variable in _OTLP.items()},
    **{
        f"OTEL_EXPORTER_OTLP_{signal}_{name}": variable._replace(default="" if name == "ENDPOINT" else variable.default)
        for signal in SIGNALS
        for name, variable in _OTLP.items()
    },
}
