"""Hooks that bring the context of who asks for work to where it is done: another thread, greenlet or process."""

from __future__ import annotations

from functools import wraps
from typing import Any

from opentelemetry import propagate
from opentelemetry.context import Context

from clew.hooks import Hook
from clew.places import Function, Switch, Undo, replace
from clew.propagation import REQUEST_ID, attach, detach, get_current
from clew.telemetry import Telemetry


def carry(target: str, position: int) -> Hook:
    """Lets the function that is argument number `position` of `target` run in the context of the caller, also where it
    is sent to another process."""

    def hook(telemetry: Telemetry) -> Undo:
        switch = Switch()

        def make(function: Function) -> Function:
            @wraps(function)
            def watched(*args: Any, **kwargs: Any) -> Any:
                if not switch.on or len(args) <= position:
                    return function(*args, **kwargs)
                carried = Carried(args[position], get_current())
                return function(*args[:position], carried, *args[position + 1 :], **kwargs)

            return watched

        return replace(target, make, switch.off, telemetry.guard.failed)

    return hook


def carry_run(target: str, method: str) -> Hook:
    """Lets the method of an object that `target`, also one of its methods, starts run in the context of the caller."""

    def hook(telemetry: Telemetry) -> Undo:
        switch, failed = Switch(), telemetry.guard.failed

        def make(function: Function) -> Function:
            @wraps(function)
            def watched(*args: Any, **kwargs: Any) -> Any:
                context = get_current()
                if switch.on and args and context:
                    try:
                        vars(args[0])[method] = _once(args[0], method, context)
                    except Exception as error:  # noqa: BLE001
                        failed(error, target)
                return function(*args, **kwargs)

            return watched

        return replace(target, make, switch.off, failed)

    return hook


class Carried:
    """A function with the context that it is to run in, be that empty. To be pickled is to go to another process, or to
    another interpreter of this one: trace, baggage and request ID go along as they do in headers."""

    __slots__ = ("context", "function")

    def __init__(self, function: Function, context: Context) -> None:
        self.function, self.context = function, context

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        token = attach(self.context)
        try:
            return self.function(*args, **kwargs)
        finally:
            detach(token)

    def __reduce__(self) -> tuple[Function, tuple[Function, dict[str, str]]]:
        headers: dict[str, str] = {}
        propagate.inject(headers, self.context)
        request_id: Any = self.context.get(REQUEST_ID)
        return _arrived, (self.function, headers if request_id is None else {**headers, REQUEST_ID: request_id})


def _arrived(function: Function, headers: dict[str, str]) -> Carried:
    context = propagate.extract(headers, Context())
    if REQUEST_ID in headers:
        context = Context({**context, REQUEST_ID: headers[REQUEST_ID]})
    return Carried(function, context)


def _once(owner: Any, method: str, context: Context) -> Function:
    """The method in this context; the owner has its own again as soon as that is called."""
    own = vars(owner).get(method)
    carried = Carried(getattr(owner, method), context)

    def run(*args: Any, **kwargs: Any) -> Any:
        if own is None:
            vars(owner).pop(method, None)
        else:
            vars(owner)[method] = own
        return carried(*args, **kwargs)

    return run
