"""Trace and span IDs from a generator of our own: applications seed the global one."""

from __future__ import annotations

import os
from random import Random

_random = Random()
random_bits = _random.getrandbits
uniform = _random.uniform


def new_uuid() -> str:
    """A random UUID (RFC 9562, version 4), without the import of uuid."""
    digits = f"{random_bits(128) & ~(0xF << 76) & ~(0x3 << 62) | 4 << 76 | 2 << 62:032x}"
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def reseed() -> None:
    """A forked child would otherwise repeat its parent's IDs."""
    _random.seed(os.urandom(32))
