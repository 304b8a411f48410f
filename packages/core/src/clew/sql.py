"""Reads SQL just far enough: literals out, a summary of a few words. Linear in the statement's length."""

from __future__ import annotations

import re
from typing import NamedTuple

#: Longer statements are cut here before anything is read.
LONGEST = 32768
MEMO, MEMO_LENGTH = 2000, 4096
SUMMARY_LENGTH = 255

# What is no literal but could be mistaken for one (names, parameters) is matched first and kept.
_LITERAL = re.compile(
    r"""
      (?P<keep>[^\W\d][\w$]*(?!')|[:@]\w+|\$\w+(?![\w$])|%\([^)]*\)s|`[^`]*`)
    | (?P<double>"(?:[^"]|"")*(?:"|$))
    | (?P<comment>--[^\n]*|/\*(?:[^*]|\*(?!/))*(?:\*/|$)|\#[^\n]*)
    | (?:[eEbBxXnN]|[uU]&|)'(?:[^']|'')*(?:'|$)
    | \$(?P<tag>(?:[^\W\d]\w*)?)\$(?:[^$]|\$(?!(?P=tag)\$))*(?:\$(?P=tag)\$|$)
    | (?:0[xX][0-9a-fA-F_]+|(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?\d+)?)
    """,
    re.VERBOSE,
)
# Dialects disagree on what these mean: a backslash before a quote, # (comment or operator), -- without a space.
_DOUBT = re.compile(r"\\['\"]|(?:#|--(?=\S))[^\n]*['\"]")
_SPACES = re.compile(r"\s+")
_LISTS = re.compile(r"\( ?\?(?: ?, ?\?)+ ?\)")
_NAME = r"(?:\"[^\"]*\"|`[^`]*`|\[[^\]]*\]|[^\W\d][\w$]*)"
_PATH = rf"{_NAME}(?: ?\. ?{_NAME})*"
_ALIAS = r"(?: (?:AS )?(?!WHERE\b|SET\b|ON\b)[^\W\d]\w*)?"
_TABLE = rf"{_PATH}{_ALIAS}"
_OPENS = r"FROM|JOIN|INTO|(?<!FOR )(?<!DO )UPDATE|TABLE|INDEX|VIEW|CALL|TRUNCATE|EXEC"
_BETWEEN = r"(?:IF NOT EXISTS |IF EXISTS |ONLY |TABLE )*(?!SELECT\b|LATERAL\b|SET\b)"
_TARGET = re.compile(
    rf"(?<![\w.])(?P<verb>SELECT\b)|(?<![\w.])(?:{_OPENS}) {_BETWEEN}(?P<path>{_TABLE}(?: ?, ?{_TABLE})*)",
    re.IGNORECASE,
)
_VERB = re.compile(
    r"[A-Za-z]+(?: (?:OR REPLACE |UNIQUE |TEMP |TEMPORARY )*(?:TABLE|INDEX|VIEW|DATABASE|SCHEMA|TRIGGER)\b)?",
    re.IGNORECASE,
)
#: Systems in which "…" is a name; in the others it may be a string.
NAMES_IN_DOUBLE_QUOTES = frozenset({"postgresql", "oracle.db", "cockroachdb", "ibm.db2", "firebirdsql", "trino"})


class Described(NamedTuple):
    """What may be told of a statement: its summary (`SELECT users`) and its text without literals."""

    summary: str
    text: str


_memo: dict[tuple[str, str], Described] = {}


def describe(statement: str, system: str = "") -> Described:
    """The statement's summary and sanitized text; remembered per text, for at most 2,000 of them.

    When dialects could read the quotes differently, the text is the summary only.
    """
    known = _memo.get((statement, system))
    if known is None:
        known = _describe(statement, system in NAMES_IN_DOUBLE_QUOTES)
        if len(statement) <= MEMO_LENGTH and len(_memo) < MEMO:
            _memo[statement, system] = known
    return known


def _describe(statement: str, double_is_name: bool) -> Described:
    whole = statement[:LONGEST]
    replace = _keep_names if double_is_name else _keep_bare
    text = _LISTS.sub("(?)", _SPACES.sub(" ", _LITERAL.sub(replace, whole)).strip())
    # A target may stand in double quotes where strings do too: read them from the text with names kept.
    named = text if double_is_name else _SPACES.sub(" ", _LITERAL.sub(_keep_names, whole)).strip()
    summary = _summary(named)
    if _DOUBT.search(whole):
        return Described(summary, summary)
    return Described(summary, text if whole is statement or len(whole) == len(statement) else f"{text} …")


def _keep_names(found: re.Match[str]) -> str:
    return found[0] if found["double"] is not None else _keep_bare(found)


def _keep_bare(found: re.Match[str]) -> str:
    kind = found.lastgroup
    return found[0] if kind == "keep" else " " if kind == "comment" else "?"


def _summary(text: str) -> str:
    verb = _VERB.match(text.lstrip("( "))
    if verb is None:
        return ""
    words = [verb[0].upper().split(" ")[0], *verb[0].upper().split(" ")[-1:]][: 1 + (" " in verb[0])]
    for found in _TARGET.finditer(text, verb.end() if words[0] == "SELECT" else 0):
        if found["verb"]:
            if words[-1] != "SELECT":
                words.append("SELECT")
        else:
            words.extend(_names(found["path"]))
    return " ".join(words)[:SUMMARY_LENGTH]


def _names(paths: str) -> list[str]:
    """`a x, "b".c y` -> a, b.c : the tables of a comma list, without aliases and quotes."""
    names = []
    for path in paths.split(","):
        match = re.match(_PATH, path.strip())
        if match:
            names.append(re.sub(r"[\"`\[\] ]", "", match[0]))
    return names
