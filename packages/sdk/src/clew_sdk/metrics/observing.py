"""Asks the callbacks of observable instruments: foreign code, which may raise, take long, or never return."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from clew_sdk import native, report
from clew_sdk.context import attach, suppressed

Observations = list[tuple[float, Mapping[str, Any]]]
PATIENCE = 1.0  # seconds that all callbacks together may take; records of every kind wait meanwhile


class Observer:
    """One that does not return holds up a thread of its own, and the callbacks that would come after it."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self._turn = native.allocate_lock()  # held as long as callbacks run

    def ask(self, instruments: Iterable[Any], seconds: float) -> list[tuple[Any, Observations]]:
        """What each instrument observed; nothing where there was no answer in time."""
        asked = list(instruments)
        found: dict[Any, Observations] = {}
        if asked and self._turn.acquire(timeout=min(seconds, PATIENCE)):
            done = native.allocate_lock()
            done.acquire()
            try:
                native.start_new_thread(self._ask, (asked, seconds, found, done))
            except RuntimeError:  # the interpreter is ending and starts no thread any more
                self._ask(asked, seconds, found, done)
            done.acquire(timeout=min(seconds, PATIENCE))
        answered = dict(found)
        if len(answered) < len(asked):
            report.warn(
                "callbacks", "clew: %d observable instruments had no answer in time", len(asked) - len(answered)
            )
        return [(instrument, answered.get(id(instrument), [])) for instrument in asked]

    def _ask(self, asked: list[Any], seconds: float, found: dict[Any, Observations], done: Any) -> None:
        attach(suppressed())
        try:
            for instrument in asked:
                found[id(instrument)] = instrument.observe(seconds)
        finally:
            self._turn.release()
            done.release()
