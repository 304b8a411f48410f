"""Says the same at most once an hour."""

from __future__ import annotations

import time
from collections.abc import Hashable

HOUR = 3600.0  # seconds
REMEMBERED = 1000


class Hourly:
    """Remembers when something was last said; of more than 1,000 different things it forgets all and starts anew."""

    def __init__(self) -> None:
        self._told: dict[Hashable, float] = {}

    def due(self, subject: Hashable) -> bool:
        """Whether it is time to say it; then it counts as said."""
        now = time.monotonic()
        if now - self._told.get(subject, -HOUR) < HOUR:
            return False
        if len(self._told) >= REMEMBERED:
            self._told.clear()
        self._told[subject] = now
        return True

    def forget(self) -> None:
        """Everything counts as never said."""
        self._told.clear()
