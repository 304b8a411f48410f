"""The span of a call that is taken down in shorthand: at first only its facts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from clew_sdk.clock import ticks
from clew_sdk.ids import random_bits
from clew_sdk.native import original
from clew_sdk.span import Span

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from opentelemetry.context import Context
    from opentelemetry.trace import SpanKind

    from clew_sdk.lineage import Lineage
    from clew_sdk.shorthand import Shorthand
    from clew_sdk.tracer import Tracer


class Note(Span):
    """What the application adds to it goes before what the facts mean, and what it never asks for is never made.

    `inside` is the context of what the call does. `touched` says that there is more than the facts.
    """

    __slots__ = ("extra", "facts", "failure", "inside", "request_id", "scribe", "touched")

    inside: Context
    failure: str | None

    def __init__(self, scribe: Shorthand, lineage: Lineage, parent_id: int, facts: Any, request_id: Any) -> None:
        self.scribe, self.facts, self.request_id = scribe, facts, request_id
        self._lineage, self._parent_id = lineage, parent_id
        self._span_id = random_bits(64) or 1
        self._remote = self.touched = False
        self._end = None if lineage.recorded else 0
        self._open = True
        self.extra: Mapping[str, Any] | None = None
        self._context = None
        self._began = ticks()

    def __getattr__(self, name: str) -> Any:
        if name not in _LATER:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        with _making:  # an attribute that two threads make at once would be made twice
            try:
                return object.__getattribute__(self, name)
            except AttributeError:
                made = _LATER[name]()
                self.touched = self.touched or name in _OF_THE_APPLICATION
                setattr(self, name, made)
                return made

    @property
    def _tracer(self) -> Tracer:  # type: ignore[override]
        return self.scribe.tracer

    @property
    def _kind(self) -> SpanKind:  # type: ignore[override]
        return self.scribe.kind  # type: ignore[no-any-return]

    @property
    def began(self) -> int:
        return self._began

    @property
    def name(self) -> str:
        return self._name if self._name is not None else self.scribe.opened(self)[0]

    @property
    def attributes(self) -> Mapping[str, Any]:
        return {**self.scribe.opened(self)[1], **self._attributes}

    def update_name(self, name: str) -> None:
        self.touched = True
        super().update_name(name)

    def end(self, end_time: int | None = None) -> None:
        """By the application, before the call itself has ended."""
        self.scribe.end(self, None)


def _nothing() -> None:
    return None


_LATER: dict[str, Callable[[], Any]] = {
    "_attributes": dict,
    "_rare": dict,
    "_status": int,
    "_name": _nothing,
    "failure": _nothing,
}
_OF_THE_APPLICATION = frozenset({"_attributes", "_rare", "_status"})
_making = original("_thread", "RLock")()
