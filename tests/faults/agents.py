"""Who can be put around a program: one record each."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from servers.workspace import ROOT

sys.path.append(str(ROOT / "benchmarks"))  # which makes environments for the incumbents, too
from harness.environments import environment, versions

KEPT = ("HOME", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH", "PYTHON_GIL")
OTLP = {
    "OTEL_SERVICE_NAME": "faults",
    "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
    "OTEL_TRACES_EXPORTER": "otlp",
    "OTEL_METRICS_EXPORTER": "otlp",
    "OTEL_LOGS_EXPORTER": "otlp",
    "OTEL_METRIC_EXPORT_INTERVAL": "3600000",  # metrics go when the program ends, so that requests can be counted
}
LIBRARIES = ("flask", "fastapi", "requests", "httpx", "gunicorn", "uvicorn", "gevent", "celery", "pyuwsgi")


@dataclass(frozen=True, eq=False)
class Agent:
    """`wrapper` is the command that starts another; `requirements` beside the libraries make its own environment."""

    name: str
    title: str
    wrapper: tuple[str, ...] = ()
    requirements: tuple[str, ...] = ()
    settings: Mapping[str, str] = field(default_factory=dict)
    #: Of the distribution that the wrapper belongs to.
    distribution: str = ""
    #: What it sends over OTLP.
    signals: tuple[str, ...] = ("traces", "metrics", "logs")

    @property
    def own_environment(self) -> bool:
        return bool(self.requirements)

    def command(self, *words: str) -> list[str]:
        """What to type for `python program.py` or `gunicorn app:app`."""
        folder = scripts_of(self)
        first = folder / words[0]
        rest = [str(first if first.exists() else words[0]), *words[1:]]
        return [str(folder / self.wrapper[0]), *self.wrapper[1:], *rest] if self.wrapper else rest

    def environment(self, endpoint: str) -> dict[str, str]:
        """Nothing of the caller's variables but a few, so that every run is the same."""
        kept = {name: os.environ[name] for name in KEPT if name in os.environ}
        path = os.pathsep.join([str(scripts_of(self)), os.environ.get("PATH", os.defpath)])
        told = {"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint} if endpoint else {}
        return {**kept, "PATH": path, "PYTHONHASHSEED": "0", **self.settings, **told}


def instrumentation(*names: str) -> tuple[str, ...]:
    return tuple(f"opentelemetry-instrumentation-{name}" for name in names)


OFF = Agent("off", "no agent")
CLEW = Agent("clew", "clew run", ("clew", "run"), settings=OTLP, distribution="clew")
CONTRIB = Agent(
    "contrib",
    "opentelemetry-instrument",
    ("opentelemetry-instrument",),
    (
        "opentelemetry-distro", "opentelemetry-exporter-otlp-proto-http",
        *instrumentation("flask", "fastapi", "starlette", "requests", "httpx", "sqlite3", "logging", "threading", "celery"),
    ),
    OTLP,
    "opentelemetry-instrumentation",
)  # fmt: skip
DDTRACE = Agent(
    "ddtrace",
    "ddtrace-run",
    ("ddtrace-run",),
    ("ddtrace",),
    {
        "DD_SERVICE": "faults",
        "DD_TRACE_OTEL_ENABLED": "true",
        "DD_INSTRUMENTATION_TELEMETRY_ENABLED": "false",
        "DD_REMOTE_CONFIGURATION_ENABLED": "false",
        "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "http/json",
        "OTEL_TRACES_EXPORTER": "otlp",
    },
    "ddtrace",
    ("traces",),
)
AGENTS = {agent.name: agent for agent in (OFF, CLEW, CONTRIB, DDTRACE)}


@cache
def scripts_of(agent: Agent) -> Path:
    """Where its python and its commands are: clew's are those that run the tests, an incumbent has its own."""
    if not agent.own_environment:
        return Path(sys.executable).parent
    return environment(f"faults-{agent.name}", [*LIBRARIES, *agent.requirements], sys.executable).parent


def version_of(agent: Agent) -> str:
    return versions(scripts_of(agent) / "python").get(agent.distribution, "")
