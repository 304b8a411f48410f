"""The characters and colours that traces are drawn with."""

from __future__ import annotations

from collections.abc import Callable
from itertools import cycle
from typing import NamedTuple

from clew_viewer import limits

Colour = Callable[[str], str]


class Signs(NamedTuple):
    """The characters that are not text."""

    last: str = "└─ "
    more: str = "├─ "
    past: str = "│  "
    error: str = "✗"
    fine: str = "●"
    times: str = "\N{MULTIPLICATION SIGN}"
    dot: str = "·"
    bar: str = "━"


ASCII_SIGNS = Signs("`- ", "|- ", "|  ", "!", "*", "x", "-", "=")

LEVELS = {"WARN": "yellow", "WARNING": "yellow", "ERROR": "red", "CRITICAL": "bold red", "FATAL": "bold red"}
_SERVICES = ("cyan", "magenta", "blue", "yellow", "green", "bright_cyan", "bright_magenta", "bright_blue")


def service_colours() -> Colour:
    """A function from a service's name to its colour, which it keeps."""
    colours: dict[str, str] = {}
    palette = cycle(_SERVICES)

    def colour(service: str) -> str:
        if service not in colours and len(colours) < limits.ATTRIBUTES:
            colours[service] = next(palette)
        return colours.get(service, "white")

    return colour


def status_style(status: str) -> str:
    """The colour of an HTTP status."""
    return {"4": "yellow", "5": "bold red"}.get(status[:1], "green")
