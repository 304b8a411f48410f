"""A hook for what a library does for itself, and nobody asked for."""

from __future__ import annotations

from functools import wraps
from typing import Any

from opentelemetry.context import Context

from clew.hooks import Hook
from clew.operation import CALL, FAMILY
from clew.places import Function, Switch, Undo, replace
from clew.propagation import attach, detach, get_current
from clew.shells import is_coroutine
from clew.telemetry import Telemetry


def quietly(target: str, family: str, *, optional: bool = False) -> Hook:
    """Lets nothing of this family be recorded within the calls of a function or coroutine, as if one were around it."""

    def hook(telemetry: Telemetry) -> Undo:
        switch = Switch()

        def make(function: Function) -> Function:
            return (_coroutine if is_coroutine(function) else _call)(family, switch, function)

        return replace(target, make, switch.off, telemetry.guard.failed, optional)

    return hook


def _call(family: str, switch: Switch, function: Function) -> Function:
    @wraps(function)
    def watched(*args: Any, **kwargs: Any) -> Any:
        if not switch.on:
            return function(*args, **kwargs)
        token = attach(_within(family))
        try:
            return function(*args, **kwargs)
        finally:
            detach(token)

    return watched


def _coroutine(family: str, switch: Switch, function: Function) -> Function:
    @wraps(function)
    async def watched(*args: Any, **kwargs: Any) -> Any:
        if not switch.on:
            return await function(*args, **kwargs)
        token = attach(_within(family))
        try:
            return await function(*args, **kwargs)
        finally:
            detach(token)

    return watched


def _within(family: str) -> Context:
    return Context({**get_current(), FAMILY: family, CALL: None})
