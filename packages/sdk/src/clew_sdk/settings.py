"""Reads the environment: an unusable value is named in one line, without itself, and the default is taken."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

from clew_sdk import parsing, report
from clew_sdk.variables import VARIABLES


def text(name: str, default: str | None = None) -> str:
    return str(_value(name, default))


def flag(name: str) -> bool:
    return bool(_value(name, None))


def count(name: str, default: int | None = None) -> int:
    return int(_value(name, default))


def number(name: str, default: float | None = None) -> float:
    return float(_value(name, default))


def ratio(name: str) -> float:
    """From 0 to 1; all without the variable."""
    return float(_value(name, 1.0, parsing.ratio))


def names(name: str) -> list[str]:
    return list(_value(name, None))


def pairs(name: str) -> dict[str, str]:
    return dict(_value(name, None))


def _value(name: str, default: Any, parse: Callable[[str], Any] | None = None) -> Any:
    """`default` comes before the variable's own: where a variable for one signal falls back on the one for all.

    An empty variable counts as unset (specification, "Parsing empty value").
    """
    variable = VARIABLES[name]
    default = variable.default if default is None else default
    given = os.environ.get(name, "").strip()
    if not given:
        return default
    try:
        return (parse or variable.parse)(given)
    except parsing.PartlyError as fault:
        report.warn(f"setting {name}", "clew: %s %s; the others are used", name, fault)
        return fault.usable
    except ValueError as fault:
        report.warn(f"setting {name}", "clew: %s %s; %s", name, fault, _instead(default))
        return default


def faults(environ: Mapping[str, str]) -> list[str]:
    """A line for every variable whose value is unusable."""
    found = []
    for name, variable in VARIABLES.items():
        given = environ.get(name, "").strip()
        of_ratio = name == "OTEL_TRACES_SAMPLER_ARG" and environ.get("OTEL_TRACES_SAMPLER", "").endswith("ratio")
        try:
            if given:
                (parsing.ratio if of_ratio else variable.parse)(given)
        except ValueError as fault:
            found.append(f"{name} {fault}")
    return found


def _instead(default: Any) -> str:
    shown = ",".join(default) if isinstance(default, (list, tuple)) else str(default)
    return f"{shown.lower() if isinstance(default, bool) else shown} is used instead" if default else "it is ignored"
