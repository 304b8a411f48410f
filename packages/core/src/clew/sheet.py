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


#: One kind of call: how many, nanoseconds, its operation, and where the fifth of them came from.
_Line = list[Any]
#: Heading -> the names of its two attributes.
_NAMES: dict[str, tuple[str, str]] = {}


class Sheet:
    """`repeats` says that there may be repetitions at all."""

    __slots__ = ("_lines", "_totals", "repeats")

    def __init__(self) -> None:
        self._totals: dict[str, list[int]] = {}
        self._lines: dict[Hashable, _Line] = {}
        self.repeats = False

    def add(self, operation: Operation, facts: Any, nanoseconds: int) -> None:
        """Counts a call that is over."""
        heading, alike = operation.heading, operation.alike
        total = self._totals.get(heading)  # type: ignore[arg-type]  # only who has a heading gets here
        if total is None:
            self._totals[heading] = [1, nanoseconds]  # type: ignore[index]
        else:
            total[0] += 1
            total[1] += nanoseconds
            if total[0] == REPEATED:
                self.repeats = True
        if facts is None:
            return
        key = facts if alike is None else alike(facts)
        line = self._lines.get(key)
        if line is None:
            if len(self._lines) < REMEMBERED:
                self._lines[key] = [1, nanoseconds, operation, None]
            return
        line[0] += 1
        line[1] += nanoseconds
        if line[0] == REPEATED:
            line[3] = calling_line()

    def attributes(self) -> dict[str, Any]:
        """For the server span: numbers, and seconds."""
        found: dict[str, Any] = {}
        for heading, (number, nanoseconds) in self._totals.items():
            names = _NAMES.get(heading)
            if names is None:
                names = _NAMES[heading] = f"clew.{heading}.calls", f"clew.{heading}.duration"
            found[names[0]] = number
            found[names[1]] = nanoseconds / 1e9
        return found

    def repetitions(self) -> Iterator[Repetition]:
        """Statements that differ in their literals alone are alike, too."""
        by_title: dict[str, list[_Line]] = {}
        for key, line in list(self._lines.items()):
            operation: Operation = line[2]
            title = operation.opening(key)[0] if operation.alike is None else str(key)
            by_title.setdefault(title, []).append(line)
        for title, lines in by_title.items():
            number = sum(line[0] for line in lines)
            if number >= REPEATED:
                place: dict[str, Any] = next((line[3] for line in lines if line[3]), {})
                yield Repetition(title, number, sum(line[1] for line in lines) / 1e9, place)
