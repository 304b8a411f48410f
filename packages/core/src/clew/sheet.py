"""The cost sheet of a request: how many queries and outgoing calls it made, how long they took, which came again and
again. It is kept in the request's own work, so it is there also when what happened beneath is not sampled.

Threads of one request may lose each other's additions, as nothing here takes a lock: the sheet is a guide, the points
of the histograms are exact.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import Any, NamedTuple

from clew.calling import calling_line
from clew.operation import Operation

REPEATED = 5  # alike calls in one request that are worth a word
REMEMBERED = 500  # different calls in one request


class Repetition(NamedTuple):
    """Calls of one request that are alike; `place` has the attributes of the line that made the fifth of them."""

    title: str
    number: int
    seconds: float
    place: dict[str, Any]


class _Line:
    """One kind of call on the sheet."""

    __slots__ = ("count", "nanoseconds", "operation", "place")

    def __init__(self, operation: Operation) -> None:
        self.operation = operation
        self.count = self.nanoseconds = 0
        self.place: dict[str, Any] = {}


class Sheet:
    __slots__ = ("_alike", "_totals")

    def __init__(self) -> None:
        self._totals: dict[str, list[int]] = {}
        self._alike: dict[Hashable, _Line] = {}

    def add(self, operation: Operation, facts: Any, nanoseconds: int) -> None:
        """Counts a call that is over."""
        heading = operation.heading or ""
        total = self._totals.get(heading)
        if total is None:
            total = self._totals[heading] = [0, 0]
        total[0] += 1
        total[1] += nanoseconds
        if facts is None:
            return
        key = facts if operation.alike is None else operation.alike(facts)
        line = self._alike.get(key)
        if line is None:
            if len(self._alike) >= REMEMBERED:
                return
            line = self._alike[key] = _Line(operation)
        line.count += 1
        line.nanoseconds += nanoseconds
        if line.count == REPEATED:
            line.place = calling_line()

    def attributes(self) -> dict[str, Any]:
        """For the server span: numbers, and seconds."""
        found: dict[str, Any] = {}
        for heading, (count, nanoseconds) in self._totals.items():
            found[f"clew.{heading}.calls"] = count
            found[f"clew.{heading}.duration"] = nanoseconds / 1e9
        return found

    def repetitions(self) -> Iterator[Repetition]:
        """Statements that differ in their literals alone are alike, too."""
        if max((total[0] for total in self._totals.values()), default=0) < REPEATED:
            return
        by_title: dict[str, list[_Line]] = {}
        for key, line in list(self._alike.items()):
            operation = line.operation
            title = operation.opening(key)[0] if operation.alike is None else str(key)
            by_title.setdefault(title, []).append(line)
        for title, lines in by_title.items():
            number = sum(line.count for line in lines)
            if number >= REPEATED:
                place = next((line.place for line in lines if line.place), {})
                yield Repetition(title, number, sum(line.nanoseconds for line in lines) / 1e9, place)
