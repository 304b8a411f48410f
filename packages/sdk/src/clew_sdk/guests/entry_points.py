"""Finds what other distributions offer by name."""

from __future__ import annotations

from typing import Any


def offers(group: str, name: str) -> bool:
    from importlib.metadata import entry_points

    return bool(entry_points(group=group, name=name))


def load(group: str, name: str) -> Any:
    """The object behind an entry point. Raises LookupError when no distribution has it."""
    from importlib.metadata import entry_points

    for found in entry_points(group=group, name=name):
        return found.load()
    raise LookupError(f"no installed package offers {name!r} in {group}")
