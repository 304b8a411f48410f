"""When to try again what could not be sent."""

from __future__ import annotations

from clew_sdk.ids import uniform
from clew_sdk.native import time_ns

FIRST, FACTOR, LONGEST = 1.0, 1.5, 30.0
GIVE_UP = 300.0


def wait(attempt: int) -> float:
    """Seconds before attempt number `attempt` + 1: exponential with full jitter."""
    return uniform(0.0, min(LONGEST, FIRST * FACTOR ** min(attempt, 32)))


def named_wait(header: str) -> float | None:
    """The seconds of a Retry-After, at most `GIVE_UP`; None for garbage and for what is past."""
    header = header.strip()
    if header.isascii() and header.isdigit():
        return min(float(header[:12]), GIVE_UP) or None
    if not header[:1].isalpha():
        return None
    from email.utils import parsedate_to_datetime

    try:
        seconds = parsedate_to_datetime(header).timestamp() - time_ns() / 1e9
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    return min(seconds, GIVE_UP) if seconds > 0 else None
