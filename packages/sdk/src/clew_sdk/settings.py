"""Reads the environment: an unusable value is reported by its name alone, and the default is taken."""

from __future__ import annotations

import os

from clew_sdk import report


def text(name: str, default: str = "") -> str:
    """An empty variable counts as unset (specification, "Parsing empty value")."""
    return os.environ.get(name, "").strip() or default


def flag(name: str) -> bool:
    return text(name).lower() == "true"


def count(name: str, default: int) -> int:
    """A whole number of 0 or more."""
    return int(number(name, default))


def seconds(name: str, default: float) -> float:
    """A duration of the specification, which counts in milliseconds."""
    return number(name, default * 1000) / 1000


def number(name: str, default: float) -> float:
    value = text(name)
    if not value:
        return default
    try:
        parsed = float(value)
        if 0 <= parsed < 1e15:
            return parsed
    except ValueError:
        pass
    report.warn(f"setting {name}", "clew: %s is not a usable number; %s is used instead", name, default)
    return default


def names(name: str, default: str) -> list[str]:
    """A list with commas, in lower case."""
    return [item.strip().lower() for item in text(name, default).split(",") if item.strip()]


def pairs(name: str) -> dict[str, str]:
    """`key=value,key=value`, percent-decoded. A pair without `=` or key is left out."""
    found: dict[str, str] = {}
    for item in text(name).split(","):
        key, sign, value = item.partition("=")
        if sign and key.strip():
            found[percent_decoded(key.strip())] = percent_decoded(value.strip())
    return found


def percent_decoded(text: str) -> str:
    """Done here because urllib.parse costs more to import than all the rest of a start-up's settings."""
    head, *rest = text.encode().split(b"%")
    decoded = bytearray(head)
    for piece in rest:
        try:
            decoded += bytes.fromhex(piece[:2].decode()) + piece[2:] if len(piece) > 1 else b"%" + piece
        except ValueError:
            decoded += b"%" + piece
    return decoded.decode("utf-8", "replace")
