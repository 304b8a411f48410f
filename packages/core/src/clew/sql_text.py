"""Takes the literals out of SQL, as each system writes them. Linear in the statement's length.

One that has only strings and numbers is split at its quotes, one with comments or with names in quotes is read from
literal to literal in long stretches: both work in C. What systems write in ways of their own (escapes, dollar quotes)
is read token by token, as far as there is no doubt what it is.
"""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

_NEVER = r"(?!)"


class Dialect(NamedTuple):
    """How a system writes SQL. The defaults fit none in particular: what systems read in different ways is in doubt."""

    #: What "…" is: a name, or a name only in a `place` where no value stands or after a `dot`, or always a string.
    double: str = "dot"
    backticks: bool = True
    brackets: bool = False
    #: Whether $tag$…$tag$, E'…\'…' and q'[…]' are strings; where they are not, they are in doubt.
    dollars: bool = True
    escapes: bool = False
    delimiters: bool = False
    #: How comments begin that end with the line.
    line_comment: str = r"--(?=\s)"
    nested_comments: bool = False
    #: What is in doubt where it is not part of a string or comment.
    doubt: str = r"--|\#"


_POSTGRESQL = Dialect("name", False, False, True, True, False, "--", True, _NEVER)
_MYSQL = Dialect("string", True, False, False, False, False, r"--(?=\s)|\#", False, r"/\*M?!")
_SQLITE = Dialect("place", True, True, False, False, False, "--", False, _NEVER)
_ORACLE = Dialect("name", False, False, False, False, True, "--", False, _NEVER)
_SQL_SERVER = Dialect("place", False, True, False, False, False, "--", True, _NEVER)
DIALECTS = {
    "postgresql": _POSTGRESQL,
    "cockroachdb": _POSTGRESQL,
    "aws.redshift": _POSTGRESQL,
    "duckdb": _POSTGRESQL,
    "mysql": _MYSQL,
    "mariadb": _MYSQL,
    "sqlite": _SQLITE,
    "oracle.db": _ORACLE,
    "microsoft.sql_server": _SQL_SERVER,
}
_ANY = Dialect()


class Read(NamedTuple):
    """A statement without its literals; `whole` is false when it ends before something that is in doubt."""

    text: str
    whole: bool = True


def without_literals(statement: str, system: str) -> Read:
    """The statement in one line, without comments, and with `?` for each literal."""
    reader = _reader(DIALECTS.get(system, _ANY))
    for mark in reader.marks:  # a look for a character or two is quick
        if mark in statement:
            return _read(reader, statement)
    if "'" not in statement:
        return Read(_tidy(_without_numbers(statement)))
    for mark in reader.marks_beside_strings:
        if mark in statement:
            return _read(reader, statement)
    parts = statement.split("'")  # every other one stood in quotes
    text = _without_numbers("?".join(parts[::2])) + "?" * (len(parts) % 2 == 0)
    return Read(_tidy(_QUOTE_IN_STRING.sub("?", text) if "''" in statement else text))


def _without_numbers(text: str) -> str:
    for digit, numbers in _NUMBERS:
        if digit in text:
            text = numbers.sub("?", text)
    return text


def _read(reader: _Reader, statement: str) -> Read:
    text = statement + "\n"
    for mark, unusual in reader.unusual:
        if mark in text and unusual.search(text):
            return _by_tokens(reader.token, text)
    text = "?".join(reader.stretch.findall(f"{text}\0"))
    text = text[:-1] if text.endswith("\0") else f"{text}?"  # a string that does not end has taken it
    if "--" in text or "/*" in text or "#" in text:
        text = reader.comment.sub(_name_or_space, text)
    return Read(_tidy(text))


def _by_tokens(token: re.Pattern[str], text: str) -> Read:
    parts: list[str] = []
    end = 0
    for found in token.finditer(text):
        kind = found.lastgroup
        parts.append(text[end : found.start()])
        end = found.end()
        if kind == "doubt":
            return Read(_tidy("".join(parts)), False)
        parts.append(found[0] if kind in ("name", "word") else " " if kind == "comment" else "?")
    return Read(_tidy("".join(parts) + text[end:]))


def _name_or_space(found: re.Match[str]) -> str:
    return found["name"] or " "


def _tidy(text: str) -> str:
    if "\n" in text or "  " in text or "\t" in text or "\r" in text:
        text = " ".join(text.split())
    if _PREFIXED.search(text):
        text = _PREFIX.sub("?", text)
    if ".?" in text:
        text = _POINT.sub("?", text)
    if "?," in text or "? ," in text:
        text = _LISTS.sub("(?)", text)
    return text.strip()


_QUOTE_IN_STRING = re.compile(r"\?\?+")
_PREFIXED = re.compile(r"\?(?<=[eEbBxXnN&]\?)")
_PREFIX = re.compile(r"\b(?:[eEbBxXnN]|[uU]&)\?")
_POINT = re.compile(r"(?<![\w\"`\])?])\.\?")
_LISTS = re.compile(r"\( ?\?(?: ?, ?\?)+ ?\)")

_NUMBER = r"[0-9][\w.]*(?:(?<=[eE])[+-][0-9?]+)?"
#: By their first digit. They are neither part of a name nor of a parameter ($1, ?1, :1), which the end of an array's
#: slice is not.
_NUMBERS = [
    (digit, re.compile(_NUMBER.replace("[0-9]", rf"{digit}(?<![\w$?]{digit})(?<![\s(,=<>+*/|-]:{digit})", 1)))
    for digit in "0123456789"
]
_AFTER_COLON = r"(?<=[\s(,=<>+*/|-]:)[0-9]+"

_PLACES = r'"(?:(?<=FROM ")|(?<=JOIN ")|(?<=INTO ")|(?<=UPDATE ")|(?<=TABLE ")|(?<=[\w"`\]]\."))[^"]*"'
_DOUBLE = {
    "name": [r'"[^"]*(?:"|\Z)'],
    "place": [_PLACES, r'"[^"]*"(?=\.)'],
    "dot": [r'"(?<=[^\W\d]\.")[^"]*"'],
    "string": [],
}
_TAG = r"\$(?:[^\W\d]\w*)?\$"
_BLOCK = r"/\*[^*]*(?:\*(?!/)[^*]*)*(?:\*/|\Z)"
_INSIDE_BLOCK = r"[^*/]*(?:(?:\*(?!/)|/(?!\*))[^*/]*)*"
_FLAT_BLOCK = rf"/\*{_INSIDE_BLOCK}(?:\*/|\Z)"
_NESTED_BLOCK = rf"/\*[^*/]*(?:(?:\*(?!/)|/(?!\*)|{_FLAT_BLOCK})[^*/]*)*(?:\*/|\Z)"
#: What q'…' may begin and end with; anything else is in doubt.
_DELIMITERS = [("[", "]"), ("{", "}"), ("(", ")"), ("<", ">"), *((mark, mark) for mark in '!|~#/^"*+-.,:;=?@$%&_`')]


class _Reader(NamedTuple):
    #: What `_read` is for; the second also where there are strings, as q'…', which is one of Oracle's.
    marks: tuple[str, ...]
    marks_beside_strings: tuple[str, ...]
    #: From one literal to the end of the next; the only group is what is kept.
    stretch: re.Pattern[str]
    #: Comments in what was kept, and names in which they only seem to be.
    comment: re.Pattern[str]
    #: What only `token` reads right, each with a text that is always part of it.
    unusual: tuple[tuple[str, re.Pattern[str]], ...]
    #: Finds each literal, name, comment and doubt.
    token: re.Pattern[str]


@cache
def _reader(dialect: Dialect) -> _Reader:
    others = [*[r"`[^`]*(?:`|\Z)"] * dialect.backticks, *[r"\[[^\]]*(?:\]|\Z)"] * dialect.brackets]
    names = [*_DOUBLE[dialect.double], *others]
    double_is_name, hashes = dialect.double == "name", "#" in dialect.line_comment + dialect.doubt
    line, quoted = rf"(?:{dialect.line_comment})[^\n]*", "|".join(['"[^"]*"', *others])
    return _Reader(
        ("\\", "--", "/*", "$", *["#"] * hashes, *['"'] * (not double_is_name)),
        (*["`"] * dialect.backticks, *["["] * dialect.brackets, *['"'] * double_is_name, "q'", "Q'"),
        re.compile(_stretch(dialect, names, line)),
        re.compile(rf"(?P<name>{quoted})|{line}|{_BLOCK}"),
        _unusual(dialect),
        re.compile(_token(dialect, names, line)),
    )


def _stretch(dialect: Dialect, names: list[str], line: str) -> str:
    special = r"'\"0-9/\-" + "`" * dialect.backticks + r"\[" * dialect.brackets + "#" * ("#" in dialect.line_comment)
    kept = (rf"[^{special}]+", r"(?<=[\w$?])[0-9][\w$]*", *names, line, _BLOCK, "[-/]", _AFTER_COLON)
    strings = (rf"{quote}[^{quote}]*(?:{quote}{quote}[^{quote}]*)*(?:{quote}|\Z)" for quote in "'\"")
    return rf"(?!\Z)((?:{'|'.join(kept)})*)(?:{'|'.join(strings)}|{_NUMBER}|\Z)"


def _unusual(dialect: Dialect) -> tuple[tuple[str, re.Pattern[str]], ...]:
    found = {"\\": r"\\", "/*": rf"/\*(?:M?!|{_INSIDE_BLOCK}/\*)", "$": _TAG, "'": r"'(?<=[qQ]')"}
    if dialect is _ANY:
        found |= {"#": r"\#", "--": r"--(?=\S)"}
    return tuple((mark, re.compile(pattern)) for mark, pattern in found.items())


def _token(dialect: Dialect, names: list[str], line: str) -> str:
    block = _NESTED_BLOCK if dialect.nested_comments else _FLAT_BLOCK if dialect is _ANY else _BLOCK
    words = (r"[^\W\d][\w$]*", r"[$?]\w+", r"[@:][^\W\d]\w*", r"(?<=[\s(,=<>+*/|-]):[0-9]+")
    # A quote or the beginning of a comment that is left is one that cannot be read.
    doubt = (r"[nN]?[qQ]'", dialect.doubt, "['\"]", r"/\*", _TAG)
    return "|".join((
        rf"(?P<comment>{line}|(?!{dialect.doubt}){block})",
        rf"(?P<name>{'|'.join([*names, _NEVER])})",
        rf"(?P<string>{'|'.join(_strings(dialect))})",
        rf"(?P<doubt>{'|'.join(doubt)})",
        rf"(?P<word>{'|'.join(words)})",
        _NUMBER,
    ))  # fmt: skip


def _strings(dialect: Dialect) -> list[str]:
    found = []
    if dialect.dollars:
        found.append(r"\$(?P<tag>(?:[^\W\d]\w*)?)\$[\s\S]*?(?:\$(?P=tag)\$|\Z)")
    if dialect.escapes:
        found.append(r"[eE]'[^'\\]*(?:(?:''|\\[\s\S])[^'\\]*)*(?:'|\Z)")
    if dialect.delimiters:
        ends = (rf"{re.escape(first)}[\s\S]*?(?:{re.escape(last)}'|\Z)" for first, last in _DELIMITERS)
        found.append(rf"[nN]?[qQ]'(?:{'|'.join(ends)})")
    # Whether a backslash before a quote keeps the string open depends on settings, unless there are two of them.
    for prefix, quote in (("(?:[eEbBxXnN]|[uU]&)?", "'"), ("", '"')):
        inside = rf"(?:{quote}{quote}|\\\\|\\(?!['\"\\]))"
        found.append(rf"{prefix}{quote}[^{quote}\\]*(?:{inside}[^{quote}\\]*)*(?:{quote}|\Z)")
    return found
