"""Templates of routes for people: `items/(?P<number>[0-9]+)/$` reads `items/<number>/`."""

from __future__ import annotations

import re
from functools import lru_cache


@lru_cache(1024)
def simplified(pattern: str) -> str:
    """A regular expression that matches paths, with each of its groups as a placeholder; anything else as it is."""
    if not _IS_PATTERN.search(pattern):
        return pattern
    shown: list[str] = []
    hidden: list[bool] = []  # for each group that is open, whether what is in it is a placeholder already
    unnamed = 0
    for token in _TOKEN.finditer(pattern):
        kind, visible = token.lastgroup, not any(hidden)
        if kind == "close":
            del hidden[-1:]
        elif kind in ("name", "group", "around", "aside"):
            hidden.append(kind != "around")
        unnamed += kind == "group" and visible
        if visible:
            shown.append(_SHOWN.get(kind or "", "").format(token[kind or 0], unnamed))
    return "".join(shown)


_IS_PATTERN = re.compile(r"[(^$\\\[]")
_SHOWN = {"name": "<{0}>", "group": "<{1}>", "any": "<>", "literal": "{0}", "text": "{0}"}
_TOKEN = re.compile(
    r"""
      \(\?[aiLmsux]+\) | \\[AZbB] | [\^$?*+] | \{\d*,?\d*\}       # flags, anchors and quantities are not shown
    | \(\?P<(?P<name>\w+)>
    | (?P<around>\(\?[aiLmsux-]*:)                                # a group that only holds together
    | (?P<aside>\(\?)                                             # looks ahead or back
    | (?P<group>\()
    | (?P<close>\))
    | (?P<any>\[\^?\]?(?:\\.|[^\\\]])*\] | \\[dDwWsS])
    | \\(?P<literal>.)
    | (?P<text><[^<>]*> | .)
    """,
    re.VERBOSE | re.DOTALL,
)
