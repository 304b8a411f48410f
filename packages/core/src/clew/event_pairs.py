"""A hook for libraries that tell by events that a call begins."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from sys import modules
from typing import Any, NamedTuple, cast

from clew.hooks import Action, Hook, enrich
from clew.operation import Operation
from clew.places import Undo, all_or_none, resolve
from clew.probe import Probe
from clew.propagation import amend, attach, detach, get_current
from clew.recorder import compile_operation
from clew.telemetry import Telemetry

#: Where a call is kept until its end: on the object that it belongs to, and in the context inside of it.
HELD = "_clew_held"


class EventPair(NamedTuple):
    """What tells of a call, and what of its arguments is the object that the call belongs to."""

    #: Any one of these events begins a call; the reader of the operation has their parameters. One that comes again for
    #: the same object before its end is of the same call.
    begin: tuple[str, ...]
    #: The function ("module:Class.method") that the library calls when it is over. No event: a library that has to tell
    #: one may tell of everything else that it does.
    end: str
    #: The event of a call that fails.
    fail: str
    #: From the arguments of each of these; None when it is about no call.
    subjects: dict[str, Callable[..., Any]]
    #: From the arguments of `fail`.
    read_error: Callable[..., BaseException]


def between(target: str, api: str, pair: EventPair, operation: Operation) -> Hook:
    """Records as one `operation` what happens from an event of `target` ("module:Class") until its end.

    `api` is the library's module with the functions `listen` and `remove`, both for (target, name of the event,
    function). What happens until the end is inside the call.
    """

    def hook(telemetry: Telemetry) -> Undo:
        probe = compile_operation(operation, telemetry)
        handlers = _handlers(probe, pair, target)

        def connect(owner: Any, name: str) -> Undo:
            subject, library = getattr(owner, name), modules[api]
            for event, handler in handlers.items():
                library.listen(subject, event, handler)

            def undo() -> None:
                probe.silence()
                for event, handler in handlers.items():
                    library.remove(subject, event, handler)

            return undo

        ended = enrich(pair.end, Action(pair.subjects[pair.end], lambda subject: _close(probe, subject, None)))
        return all_or_none((partial(resolve, target, connect, probe.failed), partial(ended, telemetry)))

    return hook


class _Held:
    """A call between its events; `running` is None when it is over."""

    __slots__ = ("running", "token")

    def __init__(self, running: Any) -> None:
        self.running = running
        amend(running.inside, {HELD: self})
        self.token = attach(running.inside)

    def close(self, probe: Probe, error: BaseException | None) -> None:
        running, self.running = self.running, None
        if running is not None:
            detach(self.token)
            probe.end(running, None, error)


def _close(probe: Probe, subject: Any, error: BaseException | None) -> None:
    held = getattr(subject, HELD, None)
    if held is not None:
        held.close(probe, error)


def _handlers(probe: Probe, pair: EventPair, place: str) -> dict[str, Callable[..., None]]:
    def begin(subject: Any, args: tuple[Any, ...]) -> None:
        held = getattr(subject, HELD, None)
        if held is not None and held.running is not None:
            return
        outer = get_current().get(HELD)
        if outer is not None:  # nobody told its end
            cast("_Held", outer).close(probe, None)
        running = probe.begin(args, {})
        if running is not None:
            setattr(subject, HELD, _Held(running))

    def fail(subject: Any, args: tuple[Any, ...]) -> None:
        _close(probe, subject, pair.read_error(*args))

    def handler(event: str, act: Callable[[Any, tuple[Any, ...]], None]) -> Callable[..., None]:
        subject_of = pair.subjects[event]

        def told(*args: Any) -> None:
            try:
                subject = subject_of(*args)
                if subject is not None:
                    act(subject, args)
            except Exception as error:  # noqa: BLE001
                probe.failed(error, place)

        return told

    acts = {**dict.fromkeys(pair.begin, begin), pair.fail: fail}
    return {event: handler(event, act) for event, act in acts.items()}
