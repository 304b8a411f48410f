"""How data becomes readable text: nothing in it reaches the terminal as a control character."""

from __future__ import annotations

import unicodedata
from datetime import datetime

_UNSEEN = ("Cc", "Cf", "Cs", "Zl", "Zp")


def clean(text: str) -> str:
    """The text with every character escaped that a terminal would obey or not show: controls, ANSI, bidi, newlines."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(_visible, text))


def _visible(char: str) -> str:
    if char.isprintable() or unicodedata.category(char) not in _UNSEEN:
        return char
    return char.encode("unicode_escape").decode("ascii")


def duration(nanoseconds: int) -> str:
    """A duration with three digits and its unit."""
    for unit, size in (("s", 1_000_000_000), ("ms", 1_000_000), ("µs", 1_000)):
        if nanoseconds >= size:
            amount = nanoseconds / size
            return f"{amount:.2f} {unit}" if amount < 10 else f"{amount:.0f} {unit}"
    return f"{nanoseconds} ns"


def clock(nanoseconds: int) -> str:
    """The local time of day of a moment given in nanoseconds since 1970, to the millisecond."""
    try:
        moment = datetime.fromtimestamp(nanoseconds // 1_000_000_000)
    except (OverflowError, ValueError, OSError):
        return "--:--:--.---"
    return f"{moment:%H:%M:%S}.{nanoseconds // 1_000_000 % 1000:03}"


def plural(count: int, one: str) -> str:
    """`1 span`, `2 spans`."""
    return f"{count} {one}" if count == 1 else f"{count} {one}s"
