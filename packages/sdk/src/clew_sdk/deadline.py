"""Until when something may take, while another thread may want it to be over sooner."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from clew_sdk.native import monotonic

FOREVER = float("inf")
LOOK_UP = 0.25  # seconds that a socket waits before it looks whether the time has become shorter


class Hurry:
    """Where another thread says by when it wants the sender back, on the monotonic clock."""

    __slots__ = ("by",)

    def __init__(self) -> None:
        self.by = FOREVER


class Deadline:
    """A time on the monotonic clock; earlier when somebody is in a hurry."""

    __slots__ = ("_by", "_hurry")

    def __init__(self, by: float, hurry: Hurry | None = None) -> None:
        self._by, self._hurry = by, hurry or Hurry()

    def within(self, seconds: float) -> Deadline:
        """The same, or as many seconds from now if that is sooner."""
        return Deadline(min(self._by, monotonic() + seconds), self._hurry)

    def left(self) -> float:
        """Raises TimeoutError when nothing is left."""
        left = min(self._by, self._hurry.by) - monotonic()
        if left <= 0:
            raise TimeoutError("no time left for the exchange")
        return left

    def wait_for(self, connection: Any, act: Callable[[], Any]) -> Any:
        """What `act` returns, which receives from or sends to a socket."""
        while True:
            connection.settimeout(min(self.left(), LOOK_UP))
            try:
                return act()
            except TimeoutError:
                pass
