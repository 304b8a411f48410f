"""Who is compared: one record each, and nothing else to touch when one is added."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

HELD_BACK = {
    "sqlalchemy<2.1": "contrib follows no newer one",
    "setuptools<80.9": "newer ones warn on standard error that Pyramid imports a part of theirs",
}
"""What is not measured in its newest version, and why."""

LIBRARIES = (
    "flask",
    "fastapi",
    "starlette",
    "django",
    "aiohttp",
    "tornado",
    "falcon",
    "pyramid",
    "bottle",
    "quart",
    "litestar",
    "sanic",
    "requests",
    "httpx",
    "psycopg[binary]",
    "asyncpg",
    "redis",
    "pymongo",
    *HELD_BACK,
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

OTLP_REASONS = {
    "OTEL_EXPORTER_OTLP_PROTOCOL": "both encode and send the same",
    **dict.fromkeys(("OTEL_TRACES_EXPORTER", "OTEL_METRICS_EXPORTER", "OTEL_LOGS_EXPORTER"), "all signals"),
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
    setting. `reasons` says why something is not left as it comes: a variable of these, or code in a launcher.
    """

    name: str
    title: str
    wrapper: tuple[str, ...] = ()
    requirements: tuple[str, ...] = ()
    workspace: bool = False
    environment: Mapping[str, str] = field(default_factory=dict)
    modes: Mapping[str, Mapping[str, str]] = field(default_factory=lambda: {"on": {}, "unsampled": {}, "off": {}})
    reasons: Mapping[str, str] = field(default_factory=dict)
    version_of: str = ""


BARE = Contender("bare", "no telemetry")

CLEW = Contender(
    "clew",
    "clew run",
    wrapper=("clew", "run"),
    workspace=True,
    environment=OTLP,
    modes=OTEL_MODES,
    reasons=OTLP_REASONS,
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
    reasons=OTLP_REASONS,
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
            "DD_TRACE_STATS_COMPUTATION_ENABLED": "true",
        },
        "off": {"DD_TRACE_ENABLED": "false"},
    },
    reasons={
        "DD_REMOTE_CONFIGURATION_ENABLED": "nobody is there to configure it",
        "DD_TRACE_TORNADO_ENABLED": "Tornado is not followed otherwise",
        "trace_app(application)": "the server of aiohttp is not followed otherwise",
        "DD_TRACE_STATS_COMPUTATION_ENABLED": "what is sampled out is sent all the same otherwise",
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
        "ELASTIC_APM_SPAN_COMPRESSION_ENABLED": "false",
        "ELASTIC_APM_CLOUD_PROVIDER": "none",
    },
    modes={
        "on": {},
        "unsampled": {"ELASTIC_APM_TRANSACTION_SAMPLE_RATE": "0.05"},
        "off": {"ELASTIC_APM_ENABLED": "false"},
    },
    reasons={
        "ELASTIC_APM_SPAN_COMPRESSION_ENABLED": "one span would stand for several",
        "ELASTIC_APM_CLOUD_PROVIDER": "no addresses of clouds are asked at the start",
        "ElasticAPM(application)": "FastAPI, aiohttp, Tornado and Sanic are not followed otherwise",
        "elasticapm.Client()": "without a framework there is no client otherwise",
    },
    version_of="elastic-apm",
)

CLOUDS = tuple(f"NEW_RELIC_UTILIZATION_DETECT_{cloud}" for cloud in ("AWS", "AZURE", "GCP", "PCF", "DOCKER"))

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
        "NEW_RELIC_DISTRIBUTED_TRACING_SAMPLER_ROOT": "always_on",
        **dict.fromkeys(CLOUDS, "false"),
    },
    modes={
        "on": {},
        "unsampled": {
            "NEW_RELIC_DISTRIBUTED_TRACING_SAMPLER_ROOT": "trace_id_ratio_based",
            "NEW_RELIC_DISTRIBUTED_TRACING_SAMPLER_ROOT_TRACE_ID_RATIO_BASED_RATIO": "0.05",
        },
        "off": {"NEW_RELIC_ENABLED": "false"},
    },
    reasons={
        "NEW_RELIC_STARTUP_TIMEOUT": "the first requests are not followed otherwise",
        "NEW_RELIC_LOG": "what goes wrong is in the notes",
        "NEW_RELIC_LOG_LEVEL": "what goes wrong is in the notes",
        "NEW_RELIC_SPAN_EVENTS_MAX_SAMPLES_STORED": "the most that it takes; more are dropped until the next harvest",
        "NEW_RELIC_DISTRIBUTED_TRACING_SAMPLER_ROOT": "ten transactions a minute otherwise",
        **dict.fromkeys(CLOUDS, "no addresses of clouds are asked at the start"),
        "ApplicationModeClient.PREFIX_SCHEME": "plain HTTP, as all others here",
    },
    version_of="newrelic",
)

SENTRY = Contender(
    "sentry-sdk",
    "sentry_sdk.init",
    requirements=("sentry-sdk",),
    environment={"PYTHONPATH": "{launchers}/sentry", "SENTRY_DSN": "http://key@{host}:{port}/{sender}/1"},
    modes={"on": {"BENCH_RATE": "1"}, "unsampled": {"BENCH_RATE": "0.05"}, "off": {"SENTRY_DSN": ""}},
    reasons={
        "BENCH_RATE": "the traces_sample_rate of sentry_sdk.init",
        "transport_queue_size=10_000": "the queue holds 100 transactions and drops the others otherwise",
    },
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
    reasons={
        "logfire.configure(send_to_logfire=False, console=False)": "it sends to the same process as the others",
        "logfire.instrument_litestar(application)": "Litestar is not followed otherwise",
        "FalconInstrumentor().instrument()": "and contrib's for Pyramid, Tornado, urllib, urllib3: it has no functions",
    },
    version_of="logfire",
)

OURS = (BARE, CLEW, CONTRIB)
"""Who is measured when nobody is named: what a change of clew is judged by."""

CONTENDERS = (*OURS, DDTRACE, ELASTIC, NEWRELIC, SENTRY, LOGFIRE)
