"""The pipeline of clew behind the OpenTelemetry API: cheap spans, nothing lost, OTLP out."""

from __future__ import annotations

# Who only wants to know which settings there are (`clew run --strict`) pays for nothing else: no import here.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from clew_sdk.logs import LoggerProvider as LoggerProvider
    from clew_sdk.metrics import MeterProvider as MeterProvider
    from clew_sdk.outbox import Account as Account
    from clew_sdk.pipeline import force_flush as force_flush
    from clew_sdk.pipeline import ledger as ledger
    from clew_sdk.pipeline import shutdown as shutdown
    from clew_sdk.providers import install as install
    from clew_sdk.traces import TracerProvider as TracerProvider

_HOME = {
    "Account": "outbox",
    "LoggerProvider": "logs",
    "MeterProvider": "metrics",
    "TracerProvider": "traces",
    "force_flush": "pipeline",
    "install": "providers",
    "ledger": "pipeline",
    "shutdown": "pipeline",
}
__all__ = sorted(_HOME)


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module 'clew_sdk' has no attribute {name!r}")
    import importlib

    value = getattr(importlib.import_module(f"clew_sdk.{_HOME[name]}"), name)
    globals()[name] = value
    return value
