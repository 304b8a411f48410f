"""Which objects of a library are followed, or left alone: an application, a client, an engine, a connection."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary, WeakValueDictionary

from clew.operation import Operation
from clew.probe import Probe
from clew.propagation import amend
from clew.shells import is_coroutine
from clew.shells_asgi import asgi, shaped

if TYPE_CHECKING:
    from clew.telemetry import Telemetry

Function = Callable[..., Any]
#: The probe that a call has begun with; in its context.
CHOSEN = "clew-chosen"


class Choice:
    """Says of each call whose options it has; the object itself remembers them, where it has room."""

    def __init__(self, plugin: str, owner: Callable[..., Any], general: bool) -> None:
        #: Whether objects that nobody has chosen are followed too.
        self.general = general
        self.owner = owner
        self._remembered = f"_clew_{plugin}"
        self._with_room: WeakValueDictionary[int, Any] = WeakValueDictionary()
        #: Objects that nothing can be kept on, with their options; by identity.
        self._roomless: dict[int, tuple[Any, Telemetry | None]] = {}

    def put(self, subject: Any, telemetry: Telemetry | None) -> None:
        """Lets an object have options of its own; None: it is left alone."""
        if hasattr(subject, "__dict__"):
            vars(subject)[self._remembered] = telemetry
            self._with_room[id(subject)] = subject  # not all of them can be keys
        else:
            self._roomless[id(subject)] = subject, telemetry

    def take(self, subject: Any) -> None:
        """Lets an object be as it was."""
        if self._roomless.pop(id(subject), None) is None and hasattr(subject, "__dict__"):
            vars(subject).pop(self._remembered, None)
            self._with_room.pop(id(subject), None)

    def clear(self) -> None:
        for subject in (*self._with_room.values(), *(subject for subject, _ in self._roomless.values())):
            self.take(subject)

    def __contains__(self, subject: Any) -> bool:
        return self._options_of(subject) is not _NOBODY

    def __len__(self) -> int:
        return len(self._with_room) + len(self._roomless)

    def probe(self, general: Probe, compile_for: Callable[[Telemetry], Probe]) -> Probe:
        """A probe that begins each call as its object says."""
        probes: WeakKeyDictionary[Telemetry, Probe] = WeakKeyDictionary()

        def begin(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
            probe = general if self.general else None
            try:
                chosen = self._options_of(self.owner(*args))
                if chosen is not _NOBODY:
                    probe = None if chosen is None else probes.get(chosen)
                    if probe is None and chosen is not None:
                        probe = probes[chosen] = compile_for(chosen)
            except Exception as error:  # noqa: BLE001
                general.failed(error, "choice")
            running = None if probe is None else probe.begin(args, kwargs)
            if running is not None and probe is not general:
                amend(running.inside, {CHOSEN: probe})
            return running

        def end(running: Any, result: Any, error: BaseException | None) -> None:
            running.inside.get(CHOSEN, general).end(running, result, error)

        return Probe(begin, end, general.failed)

    def within(
        self, operation: Operation, function: Function, general: Function, within: Callable[[Telemetry], Function]
    ) -> Function:
        """A function that does what its object's options ask for inside a call."""
        functions: WeakKeyDictionary[Telemetry, Function] = WeakKeyDictionary()

        def of(args: tuple[Any, ...]) -> Function:
            chosen = self._options_of(self.owner(*args))
            if chosen is _NOBODY:
                return general if self.general else function
            if chosen is None:
                return function
            if chosen not in functions:
                functions[chosen] = within(chosen)
            return functions[chosen]

        @wraps(function)
        def plain(*args: Any, **kwargs: Any) -> Any:
            return of(args)(*args, **kwargs)

        @wraps(function)
        async def coroutine(*args: Any, **kwargs: Any) -> Any:
            return await of(args)(*args, **kwargs)

        if operation.shell is asgi:
            return shaped(function, lambda arguments: of(arguments)(*arguments))
        return coroutine if is_coroutine(function) else plain

    def only(self, function: Function, watched: Function) -> Function:
        """A method that is watched of the objects that are followed."""

        @wraps(function)
        def plain(subject: Any, *args: Any, **kwargs: Any) -> Any:
            return (watched if self._follows(subject) else function)(subject, *args, **kwargs)

        @wraps(function)
        async def coroutine(subject: Any, *args: Any, **kwargs: Any) -> Any:
            return await (watched if self._follows(subject) else function)(subject, *args, **kwargs)

        return coroutine if is_coroutine(function) else plain

    def _follows(self, subject: Any) -> bool:
        chosen = self._options_of(subject)
        return self.general if chosen is _NOBODY else chosen is not None

    def _options_of(self, subject: Any) -> Any:
        found = getattr(subject, "__dict__", {}).get(self._remembered, _NOBODY)
        if found is _NOBODY and self._roomless:
            found = self._roomless.get(id(subject), (None, _NOBODY))[1]
        return found


_NOBODY: Any = object()
