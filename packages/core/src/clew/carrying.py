"""Hooks that bring the context of who asks for work to where it is done: another thread, greenlet or process."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from opentelemetry import propagate
from opentelemetry.context import Context

from clew.hooks import Hook
from clew.places import Function, Switch, Undo, replace
from clew.propagation import REQUEST_ID, attach, detach, get_current
from clew.telemetry import Telemetry


def carry(target: str, position: int) -> Hook:
    """Lets the function that is argument number `position` of `target` run in the context of the caller."""
    return _carry(target, position, _in_context)


def carry_across(target: str, position: int) -> Hook:
    """The same where `target` sends the function to another process, by pickle."""
    return _carry(target, position, Crossing)


def carry_run(target: str, method: str) -> Hook:
    """Lets the method of an object that `target`, also one of its methods, starts run in the context of the caller."""

    def hook(telemetry: Telemetry) -> Undo:
        switch, failed = Switch(), telemetry.guard.failed

        def make(function: Function) -> Function:
            @wraps(function)
            def watched(*args: Any, **kwargs: Any) -> Any:
                if switch.on and args and get_current():
                    try:
                        vars(args[0])[method] = _once(args[0], method)
                    except Exception as error:  # noqa: BLE001
                        failed(error, target)
                return function(*args, **kwargs)

            return watched

        return replace(target, make, switch.off, failed)

    return hook


def _carry(target: str, position: int, bound: Callable[[Function], Function]) -> Hook:
    def hook(telemetry: Telemetry) -> Undo:
        switch, failed = Switch(), telemetry.guard.failed

        def make(function: Function) -> Function:
            @wraps(function)
            def watched(*args: Any, **kwargs: Any) -> Any:
                if not switch.on or len(args) <= position:
                    return function(*args, **kwargs)
                try:
                    carried = bound(args[position])
                except Exception as error:  # noqa: BLE001
                    failed(error, target)
                    return function(*args, **kwargs)
                return function(*args[:position], carried, *args[position + 1 :], **kwargs)

            return watched

        return replace(target, make, switch.off, failed)

    return hook


def _in_context(function: Function) -> Function:
    context = get_current()

    def run(*args: Any, **kwargs: Any) -> Any:
        token = attach(context)
        try:
            return function(*args, **kwargs)
        finally:
            detach(token)

    return run


def _once(owner: Any, method: str) -> Function:
    """The method in the context of now; the owner has its own again as soon as that is called."""
    own = vars(owner).get(method)
    carried = _in_context(getattr(owner, method))

    def run(*args: Any, **kwargs: Any) -> Any:
        if own is None:
            vars(owner).pop(method, None)
        else:
            vars(owner)[method] = own
        return carried(*args, **kwargs)

    return run


class Crossing:
    """A function that takes the trace, the baggage and the request ID along to another process.

    Whatever the process that runs it was forked from, nothing else is there while it runs.
    """

    __slots__ = ("carrier", "function")

    def __init__(self, function: Function) -> None:
        self.function = function
        self.carrier: dict[str, str] = {}
        propagate.inject(self.carrier)
        request_id: Any = get_current().get(REQUEST_ID)
        if request_id is not None:
            self.carrier[REQUEST_ID] = request_id

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        token = attach(self._context())
        try:
            return self.function(*args, **kwargs)
        finally:
            detach(token)

    def _context(self) -> Context:
        context = propagate.extract(self.carrier, Context())
        if REQUEST_ID in self.carrier:
            context = Context({**context, REQUEST_ID: self.carrier[REQUEST_ID]})
        return context
