"""Calls foreign code so that its failures stay its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from clew_sdk import report


def ask(function: Callable[..., Any], *args: Any) -> Any:
    """What the function returns; False when it raises, which is said once per half minute."""
    try:
        return function(*args)
    except Exception as error:  # noqa: BLE001
        name = getattr(function, "__qualname__", type(function).__name__)
        report.warn(f"guest {name}", "clew: %s failed: %s", name, type(error).__name__)
        return False
