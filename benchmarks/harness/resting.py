"""Waits until nothing else runs on the machine: what one contender does after its turn is not of the next one's."""

from __future__ import annotations

import os
import time
from pathlib import Path

LOOK = 0.5  # seconds
CALM = 3  # looks, one after another
BUSY = 0.1  # of one processor, at most: agents that wait look around now and then
PATIENCE = 60.0  # seconds; who goes on for longer is heard in the next turn


def rest() -> bool:
    """Whether the machine has come to rest. Where there is no /proc, a few seconds have to do."""
    last, calm, deadline = running(), 0, time.monotonic() + PATIENCE
    if last is None:
        time.sleep(CALM * 2)
        return False
    while calm < CALM and time.monotonic() < deadline:
        time.sleep(LOOK)
        now = running() or 0.0
        calm = calm + 1 if now - last < BUSY * LOOK else 0
        last = now
    return calm >= CALM


def running() -> float | None:
    """Seconds for which the machine's processors, taken together, have been at work since it started."""
    try:
        user, nice, system, *_ = map(int, Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:])
    except (OSError, ValueError):
        return None
    return (user + nice + system) / os.sysconf("SC_CLK_TCK")
