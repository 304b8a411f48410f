"""The line of the application's own code that a call comes from: the innermost that is neither a library's nor ours."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from clew.conventions import keys

_LIBRARIES = tuple(os.path.dirname(os.path.realpath(file)) + os.sep for file in (os.__file__, __file__))
_FOREIGN = (f"{os.sep}site-packages{os.sep}", f"{os.sep}dist-packages{os.sep}", f"{os.sep}clew_", "<frozen ")
DEEPEST = 200  # frames; looking further costs more than the answer is worth


def calling_line() -> dict[str, Any]:
    """Attributes of the code conventions (`code.file.path`, ...); empty when there is no code of the application's.

    The path is below the current folder, where it is, so that no home folder is told.
    """
    frame = sys._getframe(1)
    for _ in range(DEEPEST):
        path = _own(frame.f_code.co_filename)
        if path:
            function = getattr(frame.f_code, "co_qualname", frame.f_code.co_name)
            module = frame.f_globals.get("__name__", "")
            return {
                keys.CODE_FILE_PATH: path,
                keys.CODE_LINE_NUMBER: frame.f_lineno,
                keys.CODE_FUNCTION_NAME: f"{module}.{function}" if module else function,
            }
        if frame.f_back is None:
            break
        frame = frame.f_back
    return {}


def shown(place: Mapping[str, Any], otherwise: str) -> str:
    """A calling line for people: `shop/views.py:41`; `otherwise` where there is none."""
    return f"{place[keys.CODE_FILE_PATH]}:{place[keys.CODE_LINE_NUMBER]}" if place else otherwise


@lru_cache(2048)
def _own(filename: str) -> str:
    """The path as it is shown; empty for what is not the application's."""
    if any(mark in filename for mark in _FOREIGN) or os.path.realpath(filename).startswith(_LIBRARIES):
        return ""
    try:
        below = os.path.relpath(filename)
    except (OSError, ValueError):  # the current folder is gone, or on another drive
        below = ".."
    return os.path.basename(filename) if below.startswith("..") else below
