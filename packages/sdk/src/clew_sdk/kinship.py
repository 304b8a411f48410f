"""Lets `isinstance(provider, opentelemetry.sdk.trace.TracerProvider)` and its like be true of ours.

Applications ask that before they call `add_span_processor`. Since opentelemetry-sdk is not to be imported for our sake,
ours are registered with its abstract base classes at the moment the application imports it.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from clew_sdk.logs import Logger, LoggerProvider
from clew_sdk.metrics import MeterProvider
from clew_sdk.span import Span
from clew_sdk.tracer import Tracer
from clew_sdk.traces import TracerProvider

_KIN: dict[str, tuple[type, ...]] = {
    "opentelemetry.sdk.trace": (TracerProvider, Tracer, Span),
    "opentelemetry.sdk.metrics": (MeterProvider,),
    "opentelemetry.sdk._logs": (LoggerProvider, Logger),
}


def establish() -> None:
    """For the modules that are imported already, and for the others when they are."""
    for name in _KIN:
        if name in sys.modules:
            _register(sys.modules[name])
    if not all(name in sys.modules for name in _KIN):
        sys.meta_path.insert(0, _Finder())


class _Finder:
    """Finds nothing itself; asks the others for the three modules and adds a step after their execution."""

    def find_spec(self, name: str, path: Sequence[str] | None = None, target: Any = None) -> ModuleSpec | None:
        if name not in _KIN:
            return None
        for finder in sys.meta_path:
            spec = finder.find_spec(name, path, target) if finder is not self else None
            if spec is not None:
                _register_after_execution(spec.loader)
                return spec
        return None


def _register_after_execution(loader: Any) -> None:
    """Only this loader, which is made for this one import, is changed, and changes itself back."""
    execute = getattr(loader, "exec_module", None)
    if execute is None:
        return

    def execute_and_register(module: ModuleType) -> None:
        loader.exec_module = execute
        execute(module)
        _register(module)

    try:
        loader.exec_module = execute_and_register
    except AttributeError:
        pass  # a loader with slots; then ours are merely not recognised


def _register(module: ModuleType) -> None:
    for ours in _KIN[module.__name__]:
        theirs: Any = getattr(module, ours.__name__, None)
        if hasattr(theirs, "register"):
            theirs.register(ours)
