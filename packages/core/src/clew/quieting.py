"""A hook for what a library does for itself, and nobody asked for."""

from __future__ import annotations

from functools import wraps
from typing import Any

from opentelemetry.context import Context

from clew.hooks import Hook
from clew.operation import CALL, FAMILY
from clew.places import Function, Switch, Undo, replace
from clew.propagation import attach, detach, get_current
from clew.telemetry import Telemetry


def quietly(target: str, family: str, *, optional: bool = False) -> Hook:
    """Lets nothing of this family be recorded within the calls of a plain function, as if one were around it."""

    def hook(telemetry: Telemetry) -> Undo:
        switch = Switch()

        def make(function: Function) -> Function:
            @wraps(function)
            def watched(*args: Any, **kwargs: Any) -> Any:
                if not switch.on:
                    return function(*args, **kwargs)
                token = attach(Context({**get_current(), FAMILY: family, CALL: None}))
                try:
                    return function(*args, **kwargs)
                finally:
                    detach(token)

            return watched

        return replace(target, make, switch.off, telemetry.guard.failed, optional)

    return hook
