"""Versions, settings, and other agents that would do the same work twice."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from importlib.metadata import PackageNotFoundError, version
from platform import python_implementation, python_version

from clew_cli.check import faults
from clew_cli.doctor.findings import BAD, GOOD, NOTE, Finding
from clew_cli.switches import is_on

PARTS = ("clew", "clew-core", "clew-sdk", "opentelemetry-api", "opentelemetry-sdk")
#: Agent -> its distribution, and a part of the path by which its wrapper gets into a process.
AGENTS = {
    "opentelemetry-instrument": ("opentelemetry-instrumentation", "opentelemetry/instrumentation/auto_instrumentation"),
    "ddtrace-run": ("ddtrace", "ddtrace/bootstrap"),
    "newrelic-admin": ("newrelic", "newrelic/bootstrap"),
    "elastic-apm": ("elastic-apm", "elasticapm/instrumentation"),
    "logfire": ("logfire", ""),
}


def versions() -> Iterable[Finding]:
    yield Finding("versions", "Python", GOOD, f"{python_implementation()} {python_version()}, {sys.executable}")
    for part in PARTS:
        try:
            yield Finding("versions", part, GOOD, version(part))
        except PackageNotFoundError:
            yield Finding("versions", part, BAD, "is not installed", f"pip install {part}")


def settings(environment: Mapping[str, str], mistakes: Iterable[str]) -> Iterable[Finding]:
    if is_on("OTEL_SDK_DISABLED", environment):
        yield Finding("settings", "OTEL_SDK_DISABLED", BAD, "is true: nothing is recorded", "unset it")
    for line in (*mistakes, *faults(environment)):
        subject, _, text = line.partition(" ")
        yield Finding("settings", subject, NOTE, text, "the default is used; see docs/settings.md")
    for name, value in sorted(environment.items()):
        if name in ("OTEL_TRACES_SAMPLER", "OTEL_TRACES_EXPORTER", "OTEL_METRICS_EXPORTER", "OTEL_LOGS_EXPORTER"):
            yield Finding("settings", name, *_judged(value.strip().lower()))


def _judged(value: str) -> tuple[str, str, str]:
    if value in ("always_off", "none"):
        return BAD, f"is {value}: nothing of it is sent", "unset it"
    return NOTE, f"is {value}", ""


def agents(environment: Mapping[str, str]) -> Iterable[Finding]:
    """An agent that is only installed does no harm; one whose wrapper is on PYTHONPATH is in every process."""
    path = environment.get("PYTHONPATH", "")
    for agent, (distribution, folder) in AGENTS.items():
        if folder and folder in path.replace("\\", "/"):
            text = "is active here, too: calls that both follow are recorded twice"
            yield Finding("agents", agent, BAD, text, f"start the command with clew run or {agent}, not with both")
            continue
        try:
            yield Finding("agents", agent, NOTE, f"{distribution} {version(distribution)} is installed, and not active")
        except PackageNotFoundError:
            pass
