"""Reads SQL just far enough: literals out, a summary of a few words. Linear in the statement's length."""

from __future__ import annotations

from typing import NamedTuple

from clew.sql_summary import summarize
from clew.sql_text import in_one_line, stripped

#: Longer statements are cut here before anything is read.
LONGEST = 32768
MEMO, MEMO_LENGTH = 2000, 4096


class Described(NamedTuple):
    """What may be told of a statement: its summary (`SELECT users`) and its text without literals."""

    summary: str
    text: str


_memo: dict[tuple[str, str], Described] = {}
#: The same by what is left of statements without their literals: most that are new differ from others in those alone.
_shapes: dict[tuple[str, bool, bool], Described] = {}


def describe(statement: str, system: str = "") -> Described:
    """The statement's summary and sanitized text; remembered per text, for the last 2,000 of them.

    When it could be read in two ways, the text is the summary only.
    """
    key = statement, system
    known = _memo.get(key)
    if known is None:
        known = _describe(statement[:LONGEST], system, len(statement) > LONGEST)
        if len(statement) <= MEMO_LENGTH:
            if len(_memo) >= MEMO:
                _memo.clear()
            _memo[key] = known
    return known


def _describe(statement: str, system: str, cut: bool = False) -> Described:
    text, whole = stripped(statement, system)
    shape = text, whole, cut
    known = _shapes.get(shape)
    if known is None:
        known = _meaning(*shape)
        if len(text) <= MEMO_LENGTH:
            if len(_shapes) >= MEMO:
                _shapes.clear()
            _shapes[shape] = known
    return known


def _meaning(text: str, whole: bool, cut: bool) -> Described:
    text = in_one_line(text)
    summary = summarize(text)
    if not whole:
        return Described(summary, summary)
    return Described(summary, f"{text} …" if cut else text)
