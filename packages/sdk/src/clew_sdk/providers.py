"""Puts our providers behind the OpenTelemetry API, and gives way to the application's own."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any, NamedTuple

from opentelemetry.util._once import Once

from clew_sdk import report, settings


class Signal(NamedTuple):
    """Where the API keeps a signal's provider. The names in `module` are private, so each has a fallback."""

    name: str
    module: str
    variable: str
    setter: str
    environment: str
    provider: str


SIGNALS = (
    Signal(
        "traces",
        "opentelemetry.trace",
        "_TRACER_PROVIDER",
        "set_tracer_provider",
        "OTEL_PYTHON_TRACER_PROVIDER",
        "clew_sdk.traces:TracerProvider",
    ),
    Signal(
        "metrics",
        "opentelemetry.metrics._internal",
        "_METER_PROVIDER",
        "set_meter_provider",
        "OTEL_PYTHON_METER_PROVIDER",
        "clew_sdk.metrics:MeterProvider",
    ),
    Signal(
        "logs",
        "opentelemetry._logs._internal",
        "_LOGGER_PROVIDER",
        "set_logger_provider",
        "_OTEL_PYTHON_LOGGER_PROVIDER",
        "clew_sdk.logs:LoggerProvider",
    ),
)
_installed: dict[str, Any] = {}


def install() -> None:
    """Takes charge of every signal that the application left free. May be called any number of times."""
    if settings.flag("OTEL_SDK_DISABLED"):
        return
    if not _installed:
        importlib.import_module("clew_sdk.kinship").establish()
    for signal in SIGNALS:
        if signal.name not in _installed:
            _installed[signal.name] = _take_charge(signal)


def _take_charge(signal: Signal) -> Any:
    module = importlib.import_module(signal.module)
    current = getattr(module, signal.variable, None)
    if current is not None:
        report.tell(f"left {signal.name}", "clew: %s stay with %s", signal.name, _class_of(current))
        return None
    other = settings.text(signal.environment)
    if other and not other.startswith("sdk_"):
        report.tell(f"left {signal.name}", "clew: %s stay with the provider %r", signal.name, other)
        return None
    module_name, _, class_name = signal.provider.partition(":")
    provider = getattr(importlib.import_module(module_name), class_name)()
    _put_behind(module, signal, provider)
    return provider


def _put_behind(module: Any, signal: Signal, provider: Any) -> None:
    """Without using up the API's "set once"; through its public setter when the API has changed."""
    once = f"{signal.variable}_SET_ONCE"
    if not (hasattr(module, signal.variable) and isinstance(getattr(module, once, None), Once)):
        getattr(module, signal.setter)(provider)
        return
    setattr(module, signal.variable, provider)
    proxy = getattr(module, "_PROXY_METER_PROVIDER", None)
    if proxy is not None:
        proxy.on_set_meter_provider(provider)
    setattr(module, once, OneMore(lambda: _give_way(module, signal, provider)))


class OneMore(Once):
    """Lets exactly one later call win, as it would have without us."""

    def __init__(self, then: Callable[[], None]) -> None:
        super().__init__()
        self._then = then

    def do_once(self, func: Callable[[], None]) -> bool:
        done = super().do_once(func)
        if done:
            self._then()
        return done


def _give_way(module: Any, signal: Signal, ours: Any) -> None:
    theirs = getattr(module, signal.variable)
    if theirs is ours:
        return
    ours.hand_over(theirs)
    report.tell(f"gave {signal.name}", "clew: the application's %s takes %s from here", _class_of(theirs), signal.name)


def _class_of(provider: Any) -> str:
    return f"{type(provider).__module__}.{type(provider).__qualname__}"
