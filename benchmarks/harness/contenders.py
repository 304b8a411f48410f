"""Who is compared: one record each, and nothing else to touch when one is added."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

LIBRARIES = (
    "flask",
    "fastapi",
    "starlette",
    "django",
    "aiohttp",
    "tornado",
    "falcon",
    "pyramid",
    "setuptools<80.9",  # newer ones warn on standard error that Pyramid imports a part of theirs
    "bottle",
    "quart",
    "litestar",
    "sanic",
    "requests",
    "httpx",
    "psycopg[binary]",
    "asyncpg",
    "sqlalchemy<2.1",  # contrib follows no newer one
    "redis",
    "pymongo",
)
"""What the applications need; every contender gets the versions that `bare` got."""

OTLP = {
    "OTEL_SERVICE_NAME": "benchmark",
    "OTEL_EXPORTER_OTLP_ENDPOINT": "{endpoint}",
    "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
    "OTEL_TRACES_EXPORTER": "otlp",
    "OTEL_METRICS_EXPORTER": "otlp",
    "OTEL_LOGS_EXPORTER": "otlp",
}

OTEL_MODES = {
    "on": {},
    "unsampled": {"OTEL_TRACES_SAMPLER": "parentbased_traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0.05"},
    "off": {"OTEL_SDK_DISABLED": "true"},
}

CONTRIB_INSTRUMENTATIONS = tuple(
    f"opentelemetry-instrumentation-{library}"
    for library in (
        "flask",
        "fastapi",
        "starlette",
        "django",
        "aiohttp-server",
        "tornado",
        "falcon",
        "pyramid",
        "requests",
        "httpx",
        "urllib3",
        "urllib",
        "aiohttp-client",
        "sqlite3",
        "psycopg",
        "asyncpg",
        "sqlalchemy",
        "redis",
        "pymongo",
    )
)


@dataclass(frozen=True)
class Contender:
    """One way to run the same Python program.

    `{endpoint}` in a value of `environment` becomes the address of the sink with the name of the sender as its path,
    `{host}`, `{port}` and `{sender}` its parts, `{launchers}` (in `wrapper`, too) the folder of that name; `modes`
    holds the variables that a row adds for "on", "unsampled" (5 % of the traces kept) and "off", and lacks what has no
    setting.
    """

    name: str
    title: str
    wrapper: tuple[str, ...] = ()
    requirements: tuple[str, ...] = ()
    workspace: bool = False
    environment: Mapping[str, str] = field(default_factory=dict)
    modes: Mapping[str, Mapping[str, str]] = field(default_factory=lambda: {"on": {}, "unsampled": {}, "off": {}})
    version_of: str = ""


BARE = Contender("bare", "no telemetry")

CLEW = Contender(
    "clew",
    "clew run",
    wrapper=("clew", "run"),
    workspace=True,
    environment=OTLP,
    modes=OTEL_MODES,
    version_of="clew",
)

CONTRIB = Contender(
    "contrib",
    "opentelemetry-instrument",
    wrapper=("opentelemetry-instrument",),
    requirements=(
        "opentelemetry-distro",
        "opentelemetry-exporter-otlp-proto-http",
        *CONTRIB_INSTRUMENTATIONS,
        "opentelemetry-instrumentation-logging",
    ),
    environment=OTLP,
    modes=OTEL_MODES,
    version_of="opentelemetry-instrumentation",
)

DDTRACE = Contender(
    "ddtrace",
    "ddtrace-run",
    wrapper=("ddtrace-run",),
    requirements=("ddtrace",),
    environment={
        "PYTHONPATH": "{launchers}/datadog:{launchers}/common",
        "DD_TRACE_AGENT_URL": "{endpoint}",
        "DD_SERVICE": "benchmark",
        "DD_REMOTE_CONFIGURATION_ENABLED": "false",
        "DD_TRACE_TORNADO_ENABLED": "true",
    },
    modes={
        "on": {},
        "unsampled": {
            "DD_TRACE_SAMPLING_RULES": '[{"sample_rate": 0.05}]',
            "DD_TRACE_STATS_COMPUTATION_ENABLED": "true",  # without it what is sampled out is sent all the same
        },
        "off": {"DD_TRACE_ENABLED": "false"},
    },
    version_of="ddtrace",
)

ELASTIC = Contender(
    "elastic-apm",
    "elasticapm-run",
    # It puts a sitecustomize of its own before all others on the path; ours takes that place, and calls it.
    wrapper=("elasticapm-run", "env", "PYTHONPATH={launchers}/elastic:{launchers}/common"),
    requirements=("elastic-apm",),
    environment={
        "ELASTIC_APM_SERVER_URL": "{endpoint}",
        "ELASTIC_APM_SERVICE_NAME": "benchmark",
        "ELASTIC_APM_SPAN_COMPRESSION_ENABLED": "false",  # would make one span of several
        "ELASTIC_APM_CLOUD_PROVIDER": "none",  # no addresses of clouds are asked
    },
    modes={
        "on": {},
        "unsampled": {"ELASTIC_APM_TRANSACTION_SAMPLE_RATE": "0.05"},
        "off": {"ELASTIC_APM_ENABLED": "false"},
    },
    version_of="elastic-apm",
)

NEWRELIC = Contender(
    "newrelic",
    "newrelic-admin run-program",
    wrapper=("newrelic-admin", "run-program"),
    requirements=("newrelic",),
    environment={
        "PYTHONPATH": "{launchers}/newrelic",
        "NEW_RELIC_HOST": "{host}",
        "NEW_RELIC_PORT": "{port}",
        "NEW_RELIC_LICENSE_KEY": "{sender}",
        "NEW_RELIC_APP_NAME": "benchmark",
        "NEW_RELIC_STARTUP_TIMEOUT": "10",
        "NEW_RELIC_LOG": "stderr",
        "NEW_RELIC_LOG_LEVEL": "error",
        "NEW_RELIC_SPAN_EVENTS_MAX_SAMPLES_STORED": "10000",
        "NEW_RELIC_DISTRIBUTED_TRACING_SAMPLER_ROOT": "always_on",  # ten transactions a minute otherwise
        **{f"NEW_RELIC_UTILIZATION_DETECT_{cloud}": "false" for cloud in ("AWS", "AZURE", "GCP", "PCF", "DOCKER")},
    },
    modes={
        "on": {},
        "unsampled": {
            "NEW_RELIC_DISTRIBUTED_TRACING_SAMPLER_ROOT": "trace_id_ratio_based",
            "NEW_RELIC_DISTRIBUTED_TRACING_SAMPLER_ROOT_TRACE_ID_RATIO_BASED_RATIO": "0.05",
        },
        "off": {"NEW_RELIC_ENABLED": "false"},
    },
    version_of="newrelic",
)

SENTRY = Contender(
    "sentry-sdk",
    "sentry_sdk.init",
    requirements=("sentry-sdk",),
    environment={"PYTHONPATH": "{launchers}/sentry", "SENTRY_DSN": "http://key@{host}:{port}/{sender}/1"},
    modes={"on": {"BENCH_RATE": "1"}, "unsampled": {"BENCH_RATE": "0.05"}, "off": {"SENTRY_DSN": ""}},
    version_of="sentry-sdk",
)

LOGFIRE = Contender(
    "logfire",
    "logfire.configure",
    requirements=("logfire", *CONTRIB_INSTRUMENTATIONS),
    environment={
        "PYTHONPATH": "{launchers}/logfire:{launchers}/common",
        "OTEL_SERVICE_NAME": "benchmark",
        "OTEL_EXPORTER_OTLP_ENDPOINT": "{endpoint}",
    },
    modes={"on": {}, "unsampled": {"LOGFIRE_TRACE_SAMPLE_RATE": "0.05"}, "off": {"OTEL_SDK_DISABLED": "true"}},
    version_of="logfire",
)

OURS = (BARE, CLEW, CONTRIB)
"""Who is measured when nobody is named: what a change of clew is judged by."""

CONTENDERS = (*OURS, DDTRACE, ELASTIC, NEWRELIC, SENTRY, LOGFIRE)
