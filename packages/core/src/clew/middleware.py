"""For an application without a plugin: wrap the WSGI or ASGI callable yourself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from clew.conventions import http_server
from clew.guard import Guard
from clew.hooks import surround
from clew.operation import Operation
from clew.probe import Probe
from clew.recorder import compile_operation
from clew.telemetry import Telemetry


def wsgi(application: Callable[..., Any]) -> Callable[..., Any]:
    """The WSGI application, followed: `app = clew.wsgi(app)`."""
    return _wrapped(application, http_server.wsgi, "wsgi")


def asgi(application: Callable[..., Any]) -> Callable[..., Any]:
    """The ASGI application, followed: `app = clew.asgi(app)`."""
    return _wrapped(application, http_server.asgi, "asgi")


def _wrapped(application: Callable[..., Any], operation: Operation, name: str) -> Callable[..., Any]:
    probe: Probe

    def switch_off() -> None:
        probe.silence()

    telemetry = Telemetry(name, Guard(name, switch_off))
    probe = compile_operation(operation, telemetry)
    return surround(operation, telemetry, probe, application)
