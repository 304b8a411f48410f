"""An exception's stack in the standard library's words, at a cost that what came before it cannot raise.

`traceback` looks up the columns of every frame, also of those it leaves out then, and parses each line to underline a
part of it. A library that keeps one exception and raises it anew lengthens its traceback each time: with 5,000 frames
that was 150 ms in the request. And parsing is not for a finalizer: one that runs while the application parses makes its
ast.parse raise SystemError (CPython 3.11.7, gh-106905).
"""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import indent
from traceback import StackSummary, walk_tb
from types import TracebackType

INNERMOST = 64  # frames of a stack that are told: it happened at its end
LINKS = 32  # exceptions of a chain that are told, the last ones
WIDTH, DEPTH = 15, 4  # of a group's members, and of groups within groups
CAUSE = "\nThe above exception was the direct cause of the following exception:\n\n"
CONTEXT = "\nDuring handling of the above exception, another exception occurred:\n\n"


def pieces(error: BaseException, depth: int = 0) -> Iterator[str]:
    """The lines of a traceback, each frame and each message a piece; a message that cannot be had is left out."""
    chain = [(error, "")]
    while len(chain) < LINKS:
        before, between = _before(chain[-1][0])
        if before is None or any(before is one for one, _ in chain):
            break
        chain.append((before, between))
    for one, between in reversed(chain):
        if one.__traceback__ is not None:
            yield "Traceback (most recent call last):\n"
            yield from StackSummary.extract(walk_tb(_innermost(one.__traceback__))).format()
        yield _told(one)
        yield from _members(one, depth)
        yield between


def _before(error: BaseException) -> tuple[BaseException | None, str]:
    if error.__cause__ is not None:
        return error.__cause__, CAUSE
    return (None if error.__suppress_context__ else error.__context__), CONTEXT


def _innermost(found: TracebackType) -> TracebackType:
    ahead: TracebackType | None = found
    for _ in range(INNERMOST):
        if ahead is None:
            return found
        ahead = ahead.tb_next
    while ahead is not None:
        ahead, found = ahead.tb_next, found.tb_next  # type: ignore[assignment]
    return found


def _told(error: BaseException) -> str:
    module, name = type(error).__module__, type(error).__qualname__
    if module not in ("builtins", "__main__"):
        name = f"{module}.{name}"
    try:
        said = "\n".join(filter(None, map(str, (error, *getattr(error, "__notes__", ())))))
    except Exception:  # noqa: BLE001
        said = ""
    return f"{name}: {said}\n" if said else f"{name}\n"


def _members(group: BaseException, depth: int) -> Iterator[str]:
    members = getattr(group, "exceptions", None)
    if isinstance(members, tuple) and depth < DEPTH:
        for number, member in enumerate(members[:WIDTH], 1):
            if isinstance(member, BaseException):
                yield f"  +---------------- {number} ----------------\n"
                for piece in pieces(member, depth + 1):
                    yield indent(piece, "  | ", lambda line: True)
        if len(members) > WIDTH:
            yield f"  +---------------- and {len(members) - WIDTH} more\n"
