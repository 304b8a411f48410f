"""The pipeline of clew behind the OpenTelemetry API: cheap spans, nothing lost, OTLP out."""

from __future__ import annotations

from clew_sdk import pipeline
from clew_sdk.install import install
from clew_sdk.logs import LoggerProvider
from clew_sdk.metrics import MeterProvider
from clew_sdk.outbox import Account
from clew_sdk.traces import TracerProvider


def ledger() -> dict[str, Account]:
    """What became of every record, per signal: created = delivered + dropped{reason} + queued."""
    return pipeline.default().ledger()


def force_flush(timeout_millis: float = 30000) -> bool:
    """Sends what was recorded so far; False when that took too long."""
    return pipeline.default().flush(timeout_millis / 1000)


def shutdown(timeout_millis: float = 5000) -> None:
    """Sends what was recorded so far and ends the pipeline's work, as the program's exit does."""
    pipeline.default().exit(timeout_millis / 1000)


__all__ = [
    "Account",
    "LoggerProvider",
    "MeterProvider",
    "TracerProvider",
    "force_flush",
    "install",
    "ledger",
    "shutdown",
]
