"""Probe: the compiled functions of one hook, as shells use them. None of them ever raises."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from opentelemetry.context import Context

    from clew.operation import Scribe

#: Takes a call's arguments; returns the call, or None for one that is not to be recorded.
Begin = Callable[[tuple[Any, ...], dict[str, Any]], Any]
#: Takes the call, its result and its exception.
End = Callable[[Any, Any, "BaseException | None"], None]
#: Takes the context, the time of the beginning, the arguments, the result and the exception of a call that is over.
Note = Callable[["Context", int, tuple[tuple[Any, ...], dict[str, Any]], Any, "BaseException | None"], None]


class Brief(NamedTuple):
    """The short way, for calls in which nothing else happens; open as long as `scribe.brief` is true."""

    family: str
    scribe: Scribe
    note: Note


class Probe:
    """What a shell needs. `brief` is None where there is only the long way."""

    __slots__ = ("begin", "brief", "end", "failed")

    def __init__(
        self, begin: Begin, end: End, failed: Callable[[Exception, str], None], brief: Brief | None = None
    ) -> None:
        self.begin, self.end, self.failed, self.brief = begin, end, failed, brief

    def silence(self) -> None:
        """Makes every shell around it pass calls through untouched: undone beneath a later patch of somebody else."""
        self.begin, self.brief = _nothing, None


def _nothing(args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    return None
