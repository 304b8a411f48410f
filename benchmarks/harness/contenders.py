"""Who is compared: one record each, and nothing else to touch when one is added."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

LIBRARIES = ("flask", "fastapi", "requests", "httpx", "aiohttp", "psycopg[binary]")
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


@dataclass(frozen=True)
class Contender:
    """One way to run the same Python program.

    `{endpoint}` in a value of `environment` becomes the address of the sink; `modes` holds the variables that a row
    adds for "on", "unsampled" (5 % of the traces kept) and "off".
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
        "opentelemetry-instrumentation-flask",
        "opentelemetry-instrumentation-fastapi",
        "opentelemetry-instrumentation-requests",
        "opentelemetry-instrumentation-httpx",
        "opentelemetry-instrumentation-urllib3",
        "opentelemetry-instrumentation-urllib",
        "opentelemetry-instrumentation-aiohttp-client",
        "opentelemetry-instrumentation-sqlite3",
        "opentelemetry-instrumentation-psycopg",
        "opentelemetry-instrumentation-logging",
    ),
    environment=OTLP,
    modes=OTEL_MODES,
    version_of="opentelemetry-instrumentation",
)

CONTENDERS = (BARE, CLEW, CONTRIB)
