"""Takes the literals out of SQL, as each system writes them. Linear in the statement's length.

One that has only strings, numbers and names in quotes is split at its quotes, one with comments is read from literal
to literal in long stretches: both work in C. What systems write in ways of their own (escapes, dollar quotes)
is read token by token, as far as there is no doubt what it is.
"""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

_NEVER = r"(?!)"
#: Where a literal was, until it is known whether more belongs to it.
_MARK = "\1"


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
_CLICKHOUSE = Dialect("name", True, False, True, False, False, r"--|\#", True, _NEVER)
_CASSANDRA = Dialect("name", False, False, True, False, False, "--|//", False, _NEVER)
DIALECTS = {
    "cassandra": _CASSANDRA,
    "clickhouse": _CLICKHOUSE,
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
    found = stripped(statement, system)
    return Read(in_one_line(found.text), found.whole)


def stripped(statement: str, system: str) -> Read:
    """The statement without comments, and with `?` for each literal, in lines as it was."""
    reader = _reader(DIALECTS.get(system, _ANY))
    # A look for one character is five times as quick as one for two.
    if (
        ("-" in statement and "--" in statement)
        or ("/" in statement and ("/*" in statement or "//" in statement))
        or ("$" in statement and _DOLLARS.search(statement))
    ):
        return _read(reader, statement)
    # Of the statement only the characters that decide how it is read; names in quotes are pairs with nothing between.
    marks = statement.encode(errors="replace").translate(None, reader.plain)
    for pair in reader.pairs:
        marks = marks.replace(pair, b"")
    if not marks:
        return Read(_beside_names(reader, statement))
    if marks.strip(b"'"):
        return _read(reader, statement)
    parts = statement.split("'")  # every other one stood in quotes
    if "''" in statement:
        parts = _with_doubled_quotes(parts)
    text = "'".join(parts[::2]) + "'" * (len(parts) % 2 == 0)
    prefixed = _PREFIXED.search(text)
    if prefixed is not None:
        if "q'" in text or "Q'" in text:
            return _read(reader, statement)
        text = _PREFIX.sub("'", text)
    return Read(_beside_names(reader, text).replace("'", "?"))


def _with_doubled_quotes(parts: list[str]) -> list[str]:
    """The parts, where two quotes without anything between are one in a string that goes on."""
    whole = parts[:2]
    for outside, inside in zip(parts[2::2], [*parts[3::2], None], strict=False):
        if outside or inside is None:
            whole += [outside] if inside is None else [outside, inside]
    return whole


def _beside_names(reader: _Reader, text: str) -> str:
    """Without the numbers, where none are in the names."""
    for mark in reader.marks_of_names:
        if mark in text:
            pieces = text.split(mark)
            pieces[::2] = _without_numbers(mark.join(pieces[::2])).split(mark)
            return mark.join(pieces)
    return _without_numbers(text)


def _without_numbers(text: str) -> str:
    if text.isascii():  # one search for one digit is quicker than one for any of ten
        zeros = text.encode().translate(_ZEROS).decode()
        less, number = _NUMBERS[0][1].subn("?", zeros)
        if not number:
            return text
        if "0" not in less:
            return less
    for digit, numbers in _NUMBERS:
        if digit in text:
            text = numbers.sub("?", text)
    return text


def _read(reader: _Reader, statement: str) -> Read:
    text = statement + "\n"
    for mark, unusual in reader.unusual:
        if mark in text and unusual.search(text):
            return _by_tokens(reader.token, text)
    text = _MARK.join(reader.stretch.findall(f"{text}\0"))
    text = text[:-1] if text.endswith("\0") else f"{text}{_MARK}"  # a string that does not end has taken it
    if "--" in text or "/*" in text or "//" in text or "#" in text:
        text = reader.comment.sub(_name_or_space, text)
    return Read(_with_question_marks(text))


def _by_tokens(token: re.Pattern[str], text: str) -> Read:
    parts: list[str] = []
    end = 0
    for found in token.finditer(text):
        kind = found.lastgroup
        parts.append(text[end : found.start()])
        end = found.end()
        if kind == "doubt":
            return Read(_with_question_marks("".join(parts)), False)
        parts.append(found[0] if kind in ("name", "word") else " " if kind == "comment" else _MARK)
    return Read(_with_question_marks("".join(parts) + text[end:]))


def _with_question_marks(text: str) -> str:
    """For the marks of literals, together with what stands before some strings (`E'…'`)."""
    return _PREFIX_OF_MARK.sub("?", text).replace(_MARK, "?")


def _name_or_space(found: re.Match[str]) -> str:
    return found["name"] or " "


def in_one_line(text: str) -> str:
    """What is left of a statement, with one space where there was any, and one `?` for a list of literals."""
    if "\n" in text:
        text = " ".join([line.strip() for line in text.split("\n")])
    if "  " in text or "\t" in text or "\r" in text:
        text = " ".join(text.split())
    if "?" in text:
        if ".?" in text:
            text = _POINT.sub("?", text)
        text = _LISTS.sub("(?)", text)
    return text.strip()


_PREFIXED = re.compile(r"'(?<=[eEbBxXnNqQ&]')")
_PREFIX = re.compile(r"\b(?:[eEbBxXnN]|[uU]&)'")
_PREFIX_OF_MARK = re.compile(r"\b(?:[eEbBxXnN]|[uU]&)\x01")
_POINT = re.compile(r"(?<![\w\"`\])?])\.\?")
_LISTS = re.compile(r"\( ?\?(?: ?, ?\?)+ ?\)")

_ZEROS = bytes.maketrans(b"123456789", b"000000000")
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
_DOLLARS = re.compile(_TAG)
_BLOCK = r"/\*[^*]*(?:\*(?!/)[^*]*)*(?:\*/|\Z)"
_INSIDE_BLOCK = r"[^*/]*(?:(?:\*(?!/)|/(?!\*))[^*/]*)*"
_FLAT_BLOCK = rf"/\*{_INSIDE_BLOCK}(?:\*/|\Z)"
_NESTED_BLOCK = rf"/\*[^*/]*(?:(?:\*(?!/)|/(?!\*)|{_FLAT_BLOCK})[^*/]*)*(?:\*/|\Z)"
#: What q'…' may begin and end with; anything else is in doubt.
_DELIMITERS = [("[", "]"), ("{", "}"), ("(", ")"), ("<", ">"), *((mark, mark) for mark in '!|~#/^"*+-.,:;=?@$%&_`')]


class _Reader(NamedTuple):
    #: The bytes that do not decide how a statement is read, what names in quotes leave of themselves without those, and
    #: their quotes.
    plain: bytes
    pairs: tuple[bytes, ...]
    marks_of_names: str
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
    names_in = '"' * (dialect.double == "name") + "`" * dialect.backticks
    hash_decides = "#" in dialect.line_comment + dialect.doubt
    marks = "\\'\"" + "`" * dialect.backticks + "[" * dialect.brackets + "#" * hash_decides
    line, quoted = rf"(?:{dialect.line_comment})[^\n]*", "|".join([r'"[^"]*(?:"|\Z)', *others])
    return _Reader(
        bytes(set(range(256)) - set(marks.encode())),
        tuple(mark.encode() * 2 for mark in names_in),
        names_in,
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
